// fetch through a session: sends a request, again where that is safe, and follows redirects. The service
// worker sends in the same way, and leaves redirects to the browser.
import { type ErrorCode, LighthouseError, sendRequest, type StreamOpener } from "../../wire/mod.ts";
import { isReading } from "./client_headers.ts";
import { redirected } from "./redirect.ts";
import type { BackendRequest, TunnelRequest } from "./request.ts";
import { toResponse } from "./response.ts";

/** How often a request is sent at most. */
const MAX_ATTEMPTS = 4;

/** How many redirects of one request are followed at most, as in the Fetch standard. */
const MAX_REDIRECTS = 20;

/** Waits for a connection. Resolves with its session; rejects when there is to be none. */
export type Connect = (signal?: AbortSignal) => Promise<StreamOpener>;

/**
 * Sends a request, and those that it is redirected to.
 *
 * @param connect As for {@linkcode send}.
 * @throws {LighthouseError} As {@linkcode send} does.
 * @throws {TypeError} As {@linkcode send} does, and for a redirect that is not followed.
 */
export async function fetchThrough(request: TunnelRequest, connect: Connect): Promise<Response> {
  let next = request;
  for (let redirects = 0;; redirects++) {
    const response = await send(next, connect);
    const following = redirected(next, response);
    if (!following) {
      // Only the platform's own fetch can give these to a Response; `clone()` does not keep them.
      const url = next.base + next.head.target;
      return Object.defineProperties(response, {
        url: { value: url },
        redirected: { value: redirects > 0 },
      });
    }
    await response.body?.cancel();
    if (redirects === MAX_REDIRECTS) {
      throw new TypeError(`Cannot fetch: more than ${MAX_REDIRECTS} redirects follow each other`);
    }
    next = following;
  }
}

/**
 * Sends a request, and again where that is safe.
 *
 * @param connect Called for each attempt. What it rejects with ends the request.
 * @throws {LighthouseError} What {@linkcode sendRequest} throws.
 * @throws {TypeError} For a body that cannot be sent again.
 */
export async function send(request: BackendRequest, connect: Connect): Promise<Response> {
  for (let attempt = 1;; attempt++) {
    const session = await connect(request.signal);
    try {
      return await sendOnce(request, session);
    } catch (error) {
      const { head: { method }, canRepeat } = request;
      if (attempt === MAX_ATTEMPTS || !isRepeatable(method, canRepeat, error)) throw error;
    }
  }
}

async function sendOnce(
  { head, body, signal }: BackendRequest,
  session: StreamOpener,
): Promise<Response> {
  const { bytes, size } = await body();
  const headers = head.headers.filter(([name]) => name !== "content-length");
  // https://fetch.spec.whatwg.org/#http-network-or-cache-fetch, the steps on contentLength.
  const isEmpty = bytes === null && /^(?:POST|PUT)$/.test(head.method);
  const length = isEmpty ? 0 : size;
  if (length !== undefined) headers.push(["content-length", String(length)]);
  return toResponse(await sendRequest(session, { ...head, headers, body: bytes }, signal));
}

/** Codes of streams whose session, or whose leader, is gone. */
const LOST: ReadonlySet<ErrorCode> = new Set(["session-lost", "connection-lost"]);

/**
 * Whether a request that failed may be sent again: nothing has seen it (docs/wire.md, "Codes"), or it
 * changes nothing (RFC 9110 §9.2.1).
 *
 * @param canRepeat Whether its body can be had again.
 */
export function isRepeatable(method: string, canRepeat: boolean, error: unknown): boolean {
  if (!(error instanceof LighthouseError) || !canRepeat) return false;
  return error.code === "refused" || (isReading(method) && LOST.has(error.code));
}
