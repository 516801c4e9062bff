// Makes the backend's request of a page's: adds the headers that browsers add after the worker, and the
// length of the body.
import { type HeaderField, parseUrl, ROOT } from "../../wire/mod.ts";
import { openBody } from "../fetch/body.ts";
import { clientHeaders, isReading } from "../fetch/client_headers.ts";
import type { BackendRequest } from "../fetch/request.ts";

/** The parts of a `fetch` event's request that the worker reads. */
export type PageRequest = Pick<
  Request,
  | "method"
  | "url"
  | "headers"
  | "mode"
  | "cache"
  | "destination"
  | "referrer"
  | "referrerPolicy"
  | "signal"
  | "blob"
>;

/** Where the tunnel is on the site, as documents see it. */
export interface Placement {
  /** The path before the tunnel's paths, without its final slash. */
  mount: string;
  /** The prefix of the service whose root is the site's; undefined if all have their prefix. */
  service: string | undefined;
}

/** Where a request leads. */
export interface Destination extends Placement {
  /** The path and query in the tunnel. */
  target: string;
  /** The site's origin. */
  origin: string;
  /** The URL of the document that asks, as the backend is to see it. */
  referrer: string;
}

/**
 * Whether a page of the site's own asks. Firefox shows no Origin here, and any site can leave out the
 * referrer, so a navigation without either counts as another site's. Other requests are the site's own,
 * since browsers ask the worker of the page that makes the request.
 */
export function isFromSite({ mode, headers, referrer }: PageRequest, own: string): boolean {
  return mode !== "navigate" || (headers.get("origin") ?? parseUrl(referrer)?.origin) === own;
}

/** A request of the worker's own. */
export function plainRequest(url: string): PageRequest {
  const { method, headers, signal } = new Request(url);
  return {
    method,
    url,
    headers,
    mode: "cors",
    cache: "default",
    destination: "",
    referrer: "",
    referrerPolicy: "",
    signal,
    blob: () => Promise.resolve(new Blob()),
  };
}

/** The headers that tell the host of it. Backends that know the first make links that work. */
export function placementHeaders({ mount, service }: Placement): HeaderField[] {
  const fields: HeaderField[] = [["x-forwarded-prefix", mount]];
  if (service !== undefined) fields.push([ROOT, service]);
  return fields;
}

/**
 * Makes the backend's request, with the headers that browsers add later.
 *
 * @param more Further headers, by their names.
 */
export async function toBackendRequest(
  request: PageRequest,
  { target, origin, referrer, ...placement }: Destination,
  more: Record<string, string> = {},
): Promise<BackendRequest> {
  const { method, mode, destination, cache, signal } = request;
  const site = isFromSite(request, origin) ? "same-origin" : "cross-site";
  const headers = clientHeaders(request, { origin });
  // Backends judge other sites' requests by these (https://www.w3.org/TR/fetch-metadata/).
  headers.set("sec-fetch-site", site);
  headers.set("sec-fetch-mode", mode);
  headers.set("sec-fetch-dest", destination || "empty");
  // The browser has applied the Referrer-Policy. `about:client` is no URL to name.
  if (/^https?:/.test(referrer)) headers.set("referer", referrer);
  const caching = CACHE_CONTROL[cache];
  if (caching && !headers.has("cache-control")) headers.set("cache-control", caching);
  for (const [name, value] of placementHeaders(placement)) headers.set(name, value);
  for (const [name, value] of Object.entries(more)) headers.set(name, value);
  const blob = isReading(method) ? undefined : await request.blob();
  // Firefox does not tell no body from an empty one, which has a type.
  const body = blob && (blob.size > 0 || blob.type !== "") ? blob : null;
  return {
    head: {
      method,
      target,
      headers: [...headers] as HeaderField[],
    },
    body: () => openBody(body),
    canRepeat: true,
    signal,
  };
}

/** What reloads and `fetch`'s `cache` ask of caches on the way (https://fetch.spec.whatwg.org/#http-network-or-cache-fetch). */
const CACHE_CONTROL: Partial<Record<RequestCache, string>> = {
  "no-cache": "max-age=0",
  "no-store": "no-cache",
  "reload": "no-cache",
};
