// fetch through a session: a Request becomes frames, frames become a Response.
import {
  type ErrorCode,
  type HeaderField,
  type HttpRequest,
  type HttpResponse,
  LighthouseError,
  sendRequest,
  type StreamOpener,
} from "../../wire/mod.ts";

/** A request, read from what `fetch` was called with. */
export interface TunnelRequest {
  request: Omit<HttpRequest, "body">;
  /** The body, if any. To be called each time that the request is sent. */
  body: () => Promise<RequestBody>;
  /** Whether the body can be had more than once: not one that is read from a stream. */
  canRepeat: boolean;
  /** Undefined where the caller gave none. */
  signal: AbortSignal | undefined;
  /** What to do with a redirect. */
  redirect: RequestRedirect;
}

/** A body as it is sent now. */
export interface RequestBody {
  bytes: ReadableStream<Uint8Array> | null;
  /** Its Content-Type in place of the request's: a form has another boundary each time. */
  type?: string;
}

/** How often a request is sent at most. */
export const MAX_ATTEMPTS = 4;

/**
 * Reads what `fetch` was called with. Relative URLs start at the backend's root.
 *
 * @param site The page's origin.
 * @throws {TypeError} as `new Request` does, and when the URL is another site's.
 */
export function toRequest(
  input: RequestInfo | URL,
  init: RequestInit = {},
  site = location.origin,
): TunnelRequest {
  // Firefox takes no stream as a Request's body and would send "[object ReadableStream]".
  const stream = init.body instanceof ReadableStream ? init.body : undefined;
  const base = origin(site);
  const url = input instanceof Request ? new URL(input.url) : new URL(input, base);
  const isOwn = url.origin === base || url.origin === site;
  if (!isOwn) {
    throw new TypeError(`Cannot fetch ${url.href} through the tunnel: it is another site's`);
  }
  const plainInit = stream ? { ...init, body: undefined } : init;
  const request = new Request(input instanceof Request ? input : url, plainInit);
  const hasBody = !isReading(request.method);
  if (stream && !hasBody) {
    throw new TypeError(`Cannot fetch: a ${request.method} request has no body`);
  }
  const isReadOnce = stream !== undefined || (input instanceof Request && input.body !== null);
  const canRepeat = !hasBody || !isReadOnce;
  let isSent = false;
  return {
    request: {
      method: request.method,
      target: url.pathname + url.search,
      headers: [...request.headers] as HeaderField[],
    },
    async body() {
      if (isSent && !canRepeat) {
        throw new TypeError("Cannot send the body again: it was read from a stream or a Request");
      }
      const source = isSent ? new Request(url, plainInit) : request;
      const type = isSent ? source.headers.get("content-type") ?? undefined : undefined;
      isSent = true;
      return { bytes: stream ?? await bodyOf(source), type };
    },
    canRepeat,
    signal: init.signal || input instanceof Request ? request.signal : undefined,
    redirect: request.redirect,
  };
}

/** Sends it. @throws what {@linkcode sendRequest} throws. */
export async function fetchThrough(
  session: StreamOpener,
  { request, body, signal }: TunnelRequest,
): Promise<Response> {
  const { bytes, type } = await body();
  const headers = request.headers.map(([name, value]): HeaderField =>
    name === "content-type" ? [name, type ?? value] : [name, value]
  );
  return toResponse(await sendRequest(session, { ...request, headers, body: bytes }, signal));
}

/** Statuses that allow no body (https://fetch.spec.whatwg.org/#null-body-status). */
const BODYLESS = new Set([204, 205, 304]);

/** The Response for what came through the tunnel. */
export function toResponse({ status, statusText, headers: fields, body }: HttpResponse): Response {
  const headers = new Headers(fields);
  if (body && BODYLESS.has(status)) {
    body.cancel().catch(() => {});
    body = null;
  }
  return new Response(decoded(body, headers), { status, statusText, headers });
}

/** What ends a stream whose session, or the tab that held it, is gone. */
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

/** Whether a method only reads: for `fetch`, those that have no body, change nothing and name no Origin. */
export function isReading(method: string): boolean {
  return method === "GET" || method === "HEAD";
}

/** Pages without an origin of their own (`file:`) need some base to read a path against. */
export function origin(site = location.origin): string {
  return site === "null" ? "http://lighthouse.invalid" : site;
}

/** A request's body. Firefox has no `request.body`, so there it is read as a whole first. */
export async function bodyOf(
  request: Pick<Request, "method" | "body" | "blob">,
): Promise<ReadableStream<Uint8Array> | null> {
  if (request.body) return request.body;
  if (isReading(request.method)) return null;
  const blob = await request.blob();
  return blob.size > 0 ? blob.stream() : null;
}

/** A Response made in script is not decoded by the browser. */
function decoded(
  body: ReadableStream<Uint8Array> | null,
  headers: Headers,
): ReadableStream<Uint8Array> | null {
  const coding = headers.get("content-encoding")?.trim().toLowerCase();
  if (!body || (coding !== "gzip" && coding !== "deflate")) return body;
  headers.delete("content-encoding");
  headers.delete("content-length");
  return body.pipeThrough(
    new DecompressionStream(coding) as ReadableWritablePair<Uint8Array, Uint8Array>,
  );
}
