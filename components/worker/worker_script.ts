// Puts a script before the first script of an app's web worker.
import type { PageRequest } from "./page_request.ts";

/**
 * Whether a script may be the first that runs in a web worker: its own, or one that a module's imports
 * run before it.
 *
 * @param isByWorker Whether a web worker asks.
 */
export function isWorkerScript({ destination }: PageRequest, isByWorker: boolean): boolean {
  return destination === "worker" || destination === "sharedworker" ||
    (destination === "script" && isByWorker);
}

/** Says that the worker has run the first script: its modules have that before them, too. */
const MARK = 'Symbol.for("lighthouse worker")';

/** Where a worker's own workers must lead. */
export interface WorkerPlaces {
  /** The URL of the service worker's scope, beyond which browsers do not ask it for a worker's script. */
  scope: string;
  /** The path on the site of the service's root, with a slash at its end. */
  base: string;
}

/**
 * The script after another one, which runs once in a worker.
 *
 * @param first A script of ASCII characters that is the same as a classic one and as a module.
 * @param places Undefined where the site has the whole origin.
 */
export function toWorkerScript(response: Response, first: string, places?: WorkerPlaces): Response {
  const { status, statusText, body } = response;
  if (!body || !response.ok) return response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const text = first.trimEnd() + (places ? `\n${leadWorkers(places)}` : "");
  const once = `if(!self.document&&!self[${MARK}]){self[${MARK}]=true;\n${text}\n}\n`;
  const bytes = new TextEncoder().encode(once);
  const whole = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(bytes),
  });
  return new Response(body.pipeThrough(whole), { status, statusText, headers });
}

/** Leads the workers that a worker makes. */
function leadWorkers({ scope, base }: WorkerPlaces): string {
  const { origin, pathname } = new URL(scope);
  return `self.Worker&&(Worker=new Proxy(Worker,{construct(make,[value,...more],target){
let url;try{url=new URL(value,location)}catch{}
if(url?.origin===${JSON.stringify(origin)}&&/^http/.test(url.protocol)){
if(!url.pathname.startsWith(${JSON.stringify(pathname)}))url.pathname=${
    JSON.stringify(base)
  }+url.pathname.slice(1);
value=url.href}
return Reflect.construct(make,[value,...more],target)}}));`;
}
