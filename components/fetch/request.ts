// Reads what `fetch` was called with.
import type { HttpRequest } from "../../wire/mod.ts";
import { clientHeaders, isReading } from "./client_headers.ts";

/** A request as it is sent to the backend, once or again. */
export interface BackendRequest {
  head: Omit<HttpRequest, "body">;
  /** Returns the body; to be called each time that the request is sent. */
  body: () => Promise<RequestBody>;
  /** Whether `body` may be called more than once: not where it is read from a stream. */
  canRepeat: boolean;
  /** Undefined if the caller gave none. */
  signal: AbortSignal | undefined;
}

/** A request that follows redirects: what `fetch` was called with. */
export interface TunnelRequest extends BackendRequest {
  /** What to do with a redirect. */
  redirect: RequestRedirect;
  /** The origin that stands for the backend in redirects. */
  base: string;
}

/** A body as it is sent this time. */
export interface RequestBody {
  bytes: ReadableStream<Uint8Array> | null;
  /** Its Content-Type in place of the request's: a form has another boundary each time. */
  type?: string;
}

/**
 * Reads what `fetch` was called with. Relative URLs start at the backend's root.
 *
 * @param site The page's origin.
 * @throws {TypeError} As `new Request` does, and when the URL is another site's.
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
    head: {
      method: request.method,
      target: url.pathname + url.search,
      headers: clientHeaders(request, { origin: site }),
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
    base,
  };
}

/** The base of paths at the backend: pages without an origin of their own (`file:`) need some. */
export function origin(site: string): string {
  return site === "null" ? "http://lighthouse.invalid" : site;
}

/** The body of a request. Firefox has no `request.body`: there the body is first read as a whole. */
export async function bodyOf(
  request: Pick<Request, "method" | "body" | "blob">,
): Promise<ReadableStream<Uint8Array> | null> {
  if (request.body) return request.body;
  if (isReading(request.method)) return null;
  const blob = await request.blob();
  return blob.size > 0 ? blob.stream() : null;
}
