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

/**
 * The script after another one, which runs once in a worker.
 *
 * @param first A script of ASCII characters that is the same as a classic one and as a module.
 */
export function toWorkerScript(response: Response, first: string): Response {
  const { status, statusText, body } = response;
  if (!body || !response.ok) return response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const once = `if(!self.document&&!self[${MARK}]){self[${MARK}]=true;\n${first.trimEnd()}\n}\n`;
  const bytes = new TextEncoder().encode(once);
  const whole = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(bytes),
  });
  return new Response(body.pipeThrough(whole), { status, statusText, headers });
}
