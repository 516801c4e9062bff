// fetch through a session: a Request becomes frames, frames become a Response.
import { type HeaderField, type HttpRequest, sendRequest, type Session } from "../wire/mod.ts";

/**
 * Reads what `fetch` was called with. Relative URLs start at the backend's root.
 *
 * @throws {TypeError} as `new Request` does, and when the URL is another site's.
 */
export function toRequest(input: RequestInfo | URL, init: RequestInit = {}): {
  request: Omit<HttpRequest, "body">;
  body: () => Promise<ReadableStream<Uint8Array> | null>;
  signal: AbortSignal;
} {
  // Firefox takes no stream as a Request's body and would send "[object ReadableStream]".
  const stream = init.body instanceof ReadableStream ? init.body : undefined;
  const url = input instanceof Request ? new URL(input.url) : new URL(input, origin());
  const isOwn = url.origin === location.origin || url.origin === origin();
  if (!isOwn) {
    throw new TypeError(`Cannot fetch ${url.href} through the tunnel: it is another site's`);
  }
  const plainInit = stream ? { ...init, body: undefined } : init;
  const request = new Request(input instanceof Request ? input : url, plainInit);
  if (stream && (request.method === "GET" || request.method === "HEAD")) {
    throw new TypeError(`Cannot fetch: a ${request.method} request has no body`);
  }
  return {
    request: {
      method: request.method,
      target: url.pathname + url.search,
      headers: [...request.headers] as HeaderField[],
    },
    body: async () => stream ?? request.body ?? await bodyOf(request),
    signal: request.signal,
  };
}

/** Sends it. @throws what {@linkcode sendRequest} throws. */
export async function fetchThrough(
  session: Session,
  { request, body, signal }: ReturnType<typeof toRequest>,
): Promise<Response> {
  const answer = await sendRequest(session, { ...request, body: await body() }, signal);
  const { status, statusText } = answer;
  const headers = new Headers(answer.headers);
  return new Response(decoded(answer.body, headers), { status, statusText, headers });
}

/** Pages without an origin of their own (`file:`) need some base to read a path against. */
function origin(): string {
  return location.origin === "null" ? "http://lighthouse.invalid" : location.origin;
}

/** Firefox has no `request.body`. */
async function bodyOf(request: Request): Promise<ReadableStream<Uint8Array> | null> {
  if (request.method === "GET" || request.method === "HEAD") return null;
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
