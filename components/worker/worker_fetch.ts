// Answers the page's requests under the prefix through the leading tab.
import { type HeaderField, LighthouseError } from "../../wire/mod.ts";
import { bodyOf } from "../fetch/body.ts";
import { isReading } from "../fetch/client_headers.ts";
import { type Connect, send } from "../fetch/fetch.ts";
import type { BackendRequest } from "../fetch/request.ts";
import { failed, forbidden, unavailable } from "./service_page.ts";

/** The way to the backend. */
export interface Tunnel {
  /** The URL under which requests go through the tunnel; ends with a slash. */
  prefix: URL;
  /** The URL of the site's pages, any of which can connect. */
  site: string;
  /** Waits until a tab is connected; rejects if no tab is in time. */
  session: Connect;
}

/** The parts of a `fetch` event's request that the worker reads. */
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
  const { prefix, site } = tunnel;
  if (isForgery(request, prefix.origin)) return forbidden();
  let trouble: LighthouseError | undefined;
  const connect: Connect = (signal) =>
    tunnel.session(signal).catch((error) => {
      throw trouble = LighthouseError.from(error, "no-holder");
    });
  try {
    const sent = await read(request, prefix);
    return located(await send(sent, connect), sent.head.target, prefix);
  } catch (error) {
    if (trouble) return unavailable(request, site, trouble);
    console.warn(`lighthouse-tunnel: ${request.method} ${request.url} failed:`, error);
    if (request.mode !== "navigate") return Response.error();
    return failed(LighthouseError.from(error, "connection-lost"));
  }
}

/**
 * Whether another site made the browser post this (cross-site request forgery). The worker gets requests
 * of the site's own pages, and navigations from anywhere: another site's link is harmless, its form is
 * not.
 */
function isForgery(request: PageRequest, own: string): boolean {
  return request.mode === "navigate" && !isReading(request.method) && !isFromSite(request, own);
}

/**
 * Whether a page of the site's own asks. Firefox shows no Origin here, and any site can leave out the
 * referrer, so a navigation without either counts as another site's. Other requests are the site's own,
 * since browsers ask the worker of the page that makes the request.
 */
function isFromSite({ mode, headers, referrer }: PageRequest, own: string): boolean {
  return mode !== "navigate" || (headers.get("origin") ?? URL.parse(referrer)?.origin) === own;
}

/** Makes the backend's request: its path from the backend's root, and headers that browsers add later. */
async function read(request: PageRequest, prefix: URL): Promise<BackendRequest> {
  const { method, mode, signal } = request;
  const url = new URL(request.url);
  const headers = new Headers(request.headers);
  // As a browser says it to a server (https://fetch.spec.whatwg.org/#append-a-request-origin-header).
  if (!isReading(method)) headers.set("origin", prefix.origin);
  // Browsers add these after the worker, so the worker does: backends judge other sites' requests by them
  // (https://www.w3.org/TR/fetch-metadata/).
  headers.set("sec-fetch-site", isFromSite(request, prefix.origin) ? "same-origin" : "cross-site");
  headers.set("sec-fetch-mode", mode);
  headers.set("sec-fetch-dest", request.destination || "empty");
  // Backends that know this make links that work under the prefix.
  headers.set("x-forwarded-prefix", prefix.pathname.slice(0, -1));
  const bytes = await bodyOf(request);
  return {
    head: {
      method,
      target: url.pathname.slice(prefix.pathname.length - 1) + url.search,
      headers: [...headers] as HeaderField[],
    },
    body: () => Promise.resolve({ bytes }),
    canRepeat: bytes === null,
    signal,
  };
}

/** The response, with a Location on the backend led back under the prefix. */
function located(response: Response, target: string, prefix: URL): Response {
  const location = response.headers.get("location");
  // The backend does not know the site: a Location on this origin is a path of the backend.
  const base = new URL(`http://lighthouse.invalid${target}`);
  const url = location === null ? null : URL.parse(location, base.href);
  if (url?.origin !== base.origin) return response;
  const path = isUnder(prefix, prefix.origin + url.pathname)
    ? url.pathname
    : prefix.pathname + url.pathname.slice(1);
  response.headers.set("location", path + url.search + url.hash);
  return response;
}
