// Reads what `fetch` was called with.
import type { HttpRequest } from "../../wire/mod.ts";
import { origin, parseBackendUrl } from "./backend_url.ts";
import { type BodySource, contentOf, openBody, type RequestBody, takeBody } from "./body.ts";
import { clientHeaders } from "./client_headers.ts";
import { encodeForm } from "./form_data.ts";

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

/**
 * Reads what `fetch` was called with. Relative URLs start at the backend's root.
 *
 * @param site The page's origin.
 * @throws {TypeError} As `new Request` does, and when the URL is not of the page's own origin.
 */
export function toRequest(
  input: RequestInfo | URL,
  init?: RequestInit | null,
  site = location.origin,
): TunnelRequest {
  init ??= {};
  const url = parseBackendUrl(isRequest(input) ? input.url : input, site, "fetch");
  const given = isRequest(input) ? input : url;
  // The members of a Request are not its own, so they could not be spread.
  if (isRequest(init)) return toRequest(new Request(given, init), {}, site);
  const { body } = init;
  const shown = shownBody(body);
  const request = new Request(given, shown === body ? init : { ...init, body: shown });
  let source: BodySource = null;
  if (body instanceof ReadableStream) source = body;
  else if (shown != null) source = contentOf(shown) ?? takeBody(request);
  else if (isRequest(given)) source = takeBody(request);
  const canRepeat = !(source instanceof ReadableStream);
  let isSent = false;
  return {
    head: {
      method: request.method,
      target: url.pathname + url.search,
      headers: [...clientHeaders(request, { origin: site })],
    },
    async body() {
      if (isSent && !canRepeat) {
        throw new TypeError("Cannot send the body again: it was read from a stream");
      }
      isSent = true;
      return await openBody(source);
    },
    canRepeat,
    signal: init.signal || isRequest(given) ? request.signal : undefined,
    redirect: request.redirect,
    base: origin(site),
  };
}

/**
 * The body that `new Request` is given, for the checks and the Content-Type. Firefox takes no stream there,
 * and would send "[object ReadableStream]". A form is encoded before, so that its boundary is known.
 */
function shownBody(body: BodyInit | null | undefined) {
  if (body instanceof ReadableStream) return new Uint8Array();
  return body instanceof FormData ? encodeForm(body) : body;
}

/** Whether a value is a Request, also one that another window's script has made. */
function isRequest(value: unknown): value is Request {
  return value instanceof Request || Object.prototype.toString.call(value) === "[object Request]";
}
