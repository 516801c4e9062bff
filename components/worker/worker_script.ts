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

/**
 * The script after another one, which may run several times in one worker.
 *
 * @param first A script of ASCII characters that is the same as a classic one and as a module.
 */
export function toWorkerScript(response: Response, first: string): Response {
  const { status, statusText, body } = response;
  if (!body || !response.ok) return response;
  const headers = new Headers(response.headers);
  headers.delete("content-length");
  const bytes = new TextEncoder().encode(`${first.trimEnd()}\n`);
  const whole = new TransformStream<Uint8Array, Uint8Array>({
    start: (controller) => controller.enqueue(bytes),
  });
  return new Response(body.pipeThrough(whole), { status, statusText, headers });
}
