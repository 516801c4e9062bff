// Answers a page's request through the tab that holds the connection: what the service worker does
// with each `fetch` event under its prefix.
import {
  type HeaderField,
  type HttpResponse,
  LighthouseError,
  sendRequest,
  type StreamOpener,
} from "../../wire/mod.ts";
import { bodyOf, isReading, isRepeatable, MAX_ATTEMPTS, toResponse } from "../fetch/fetch.ts";
import { failed, forbidden, unavailable } from "./service_page.ts";

/** Where requests go. */
export interface Tunnel {
  /** The URL under which requests go through the tunnel; ends with a slash. */
  prefix: URL;
  /** Where the site's pages are that hold a connection. */
  site: string;
  /** Resolves as soon as a tab holds a connection; rejects when none did in time. */
  session(): Promise<StreamOpener>;
}

/** A `fetch` event's request, as far as it is read here. */
export type PageRequest = Pick<
  Request,
  "method" | "url" | "headers" | "mode" | "destination" | "referrer" | "signal" | "body" | "blob"
>;

/** Whether the tunnel answers requests for this URL. */
export function isUnder(prefix: URL, url: string): boolean {
  return url.startsWith(prefix.href);
}

/** Answers a request for a URL under the prefix. Never rejects. */
export async function answer(request: PageRequest, tunnel: Tunnel): Promise<Response> {
  if (isForgery(request, tunnel.prefix.origin)) return forbidden();
  for (let attempt = 1;; attempt++) {
    let session: StreamOpener;
    try {
      session = await tunnel.session();
    } catch (error) {
      return unavailable(request, tunnel.site, LighthouseError.from(error, "no-holder"));
    }
    let hasBody = true;
    try {
      const head = { method: request.method, ...readHead(request, tunnel.prefix) };
      const body = await bodyOf(request);
      hasBody = body !== null;
      const response = await sendRequest(session, { ...head, body }, request.signal);
      return toResponse({ ...response, headers: located(response, head.target, tunnel.prefix) });
    } catch (error) {
      if (attempt < MAX_ATTEMPTS && isRepeatable(request.method, !hasBody, error)) continue;
      console.warn(`lighthouse-tunnel: ${request.method} ${request.url} failed:`, error);
      if (request.mode !== "navigate") return Response.error();
      return failed(LighthouseError.from(error, "connection-lost"));
    }
  }
}

/**
 * Whether another site made the browser post this (cross-site request forgery). Requests of the
 * site's own pages come here, and navigations from anywhere: another site's link is harmless, its
 * form is not.
 */
function isForgery(request: PageRequest, own: string): boolean {
  return request.mode === "navigate" && !isReading(request.method) && !isFromSite(request, own);
}

/**
 * Whether a page of the site's own asks. Firefox shows no Origin here, and any site can leave out the
 * referrer, so a navigation that has neither counts as another site's. All else is the site's own: other
 * sites' pages have other workers, or none.
 */
function isFromSite({ mode, headers, referrer }: PageRequest, own: string): boolean {
  return mode !== "navigate" || (headers.get("origin") ?? URL.parse(referrer)?.origin) === own;
}

/** The request's path from the backend's root, and its fields. */
function readHead(
  request: PageRequest,
  prefix: URL,
): { target: string; headers: HeaderField[] } {
  const url = new URL(request.url);
  const headers = new Headers(request.headers);
  // As a browser says it to a server (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
  if (!isReading(request.method)) headers.set("origin", prefix.origin);
  // Browsers add these after the worker, so it says them itself: what a backend goes by against other
  // sites' requests (https://www.w3.org/TR/fetch-metadata/).
  headers.set("sec-fetch-site", isFromSite(request, prefix.origin) ? "same-origin" : "cross-site");
  headers.set("sec-fetch-mode", request.mode);
  headers.set("sec-fetch-dest", request.destination || "empty");
  // Backends that know this make links that work under the prefix.
  headers.set("x-forwarded-prefix", prefix.pathname.slice(0, -1));
  return {
    target: url.pathname.slice(prefix.pathname.length - 1) + url.search,
    headers: [...headers] as HeaderField[],
  };
}

/** The answer's fields, with a Location that is the backend's own led back under the prefix. */
function located({ headers }: HttpResponse, target: string, prefix: URL): HeaderField[] {
  return headers.map(([name, value]) => {
    if (name.toLowerCase() !== "location") return [name, value];
    // The backend does not know the site, so what is left of this origin is its own path.
    const base = new URL(`http://lighthouse.invalid${target}`);
    const url = URL.parse(value, base.href);
    if (url?.origin !== base.origin) return [name, value];
    const path = isUnder(prefix, prefix.origin + url.pathname)
      ? url.pathname
      : prefix.pathname + url.pathname.slice(1);
    return [name, path + url.search + url.hash];
  });
}
