// Leads the URLs in a backend's answer back into the tunnel: Location, Content-Location and Refresh.
//
// The page follows a redirect with its own rights, and to it all services are one site. So a URL of the
// backend's own becomes a path of its service, or an error: it never reaches another service.
import { LighthouseError } from "../../wire/mod.ts";
import { isUnder, restOf } from "../access/principal.ts";
import { type Mount, pathOnSite } from "./forwarded.ts";

/** The circumstances of an answer. */
export interface AnswerPlace extends Mount {
  /** The backend's URL that answered: relative URLs start there. */
  url: URL;
  /** The host of the page's site, with its port; undefined if the page has no web site's origin. */
  siteHost: string | undefined;
  /** Whether the backend was told of its prefix: it may then put that into paths itself. */
  knowsPrefix: boolean;
  /** Whether the backend was told of the site: it may then name itself by the site's URLs. */
  knowsSite: boolean;
  /** Whether a path of the tunnel leads to this service, and to no other below its prefix. */
  isOwn(target: string): boolean;
}

/**
 * A `..` segment in any spelling: a backend may decode slashes before it resolves segments, or first
 * drop a parameter (`..;`). Browsers resolve `..` before they send a request.
 */
export const ASCENT = /(?:\/|\\|%2f|%5c)(?:\.|%2e){2}(?:\/|\\|%2f|%5c|;|%3b|$)/i;

/** The names of this machine. Servers print the unspecified addresses as their own. */
const LOOPBACK =
  /^(?:(?:.+\.)?localhost\.?|127(?:\.\d+){3}|0\.0\.0\.0|\[::1?\]|\[::ffff:7f[\da-f]{2}:[\da-f]+\])$/;

/** An absolute URL in a form that means the same on every page. */
const ABSOLUTE = /^(?:[a-z][a-z\d+.-]*:)?\/\/[^/\\]/i;

/** What comes before the URL in Refresh (https://html.spec.whatwg.org/#shared-declarative-refresh-steps). */
const REFRESH = /^(\s*[\d.]+(?:\s*[;,]|\s)\s*(?:url\s*=\s*)?)(["']?)(.*)$/is;

/**
 * Maps a URL reference of an answer for the page: the backend's own URLs to absolute paths of the page's
 * site; other sites' stay.
 *
 * @param value As Node.js reads it: a character for each byte.
 * @returns The error to answer with if the URL leads to a part of the backend that the service does not
 * offer, or is none.
 */
export function pageLocation(value: string, place: AnswerPlace): string | LighthouseError {
  // Chromium keeps raw bytes so too, whatever their encoding.
  const text = value.replace(/[\x80-\xff]/g, (byte) => `%${byte.charCodeAt(0).toString(16)}`)
    .trim();
  const url = URL.parse(text, place.url);
  if (!url) return badRedirect(`${text}, which is no URL`);
  const isOfSite = isWeb(url) && url.host === place.siteHost;
  const isOfBackend = isWeb(url) && isOneServer(url, place.backend);
  // A reference that depends on the page's own URL could mean another there.
  const elsewhere = ABSOLUTE.test(text) ? text : url.href;
  if (!isOfSite && !isOfBackend) return elsewhere;

  const { workerPrefix = "", prefix, backend } = place;
  const isMapped = isOfBackend || place.knowsSite;
  if (!isMapped && !isUnder(workerPrefix || "/", url.pathname)) return elsewhere;
  const onSite = url.pathname.slice(workerPrefix.length) || "/";
  const target = isMapped
    ? targetOf(url.pathname, place)
    : (place.isRoot && prefix !== "/" ? prefix : "") + onSite;
  const asked = url.origin + url.pathname;
  // The host would ask the same again, and be answered the same.
  if (isOfBackend && isHttpsOf(url, place.url)) {
    return badRedirect(
      `${asked}, since it wants https: name it by https, or try as=proxy, which tells it of the page's`,
    );
  }
  if (target === undefined || !isUnder(prefix, target) || ASCENT.test(target)) {
    const offered = backend.origin + backend.pathname;
    return badRedirect(`${asked}, but the service ${prefix} offers only what is under ${offered}`);
  }
  if (!place.isOwn(target)) {
    return badRedirect(`${asked}, and ${target} belongs to another service than ${prefix}`);
  }
  const path = workerPrefix + target + url.search + url.hash;
  // As a reference, a path with two slashes at its start names a host (RFC 3986 §4.2).
  return path.startsWith("//") ? `/.${path}` : path;
}

/**
 * Maps the URL in a `Refresh` header. One without a URL stays.
 *
 * @returns Undefined if the page must not follow it.
 */
export function pageRefresh(value: string, place: AnswerPlace): string | undefined {
  const [, before, quote, rest] = REFRESH.exec(value) ?? [];
  if (!before || !rest) return value;
  const text = quote ? rest.split(quote, 1)[0]! : rest;
  const mapped = pageLocation(text, place);
  if (mapped instanceof LighthouseError) return undefined;
  return mapped === text ? value : before + mapped;
}

/** The path of the tunnel for a path of the backend; undefined if the service does not offer it. */
function targetOf(path: string, place: AnswerPlace): string | undefined {
  const announced = pathOnSite(place);
  const isAnnounced = place.knowsPrefix && announced && isUnder(announced, path);
  const base = isAnnounced ? announced : place.backend.pathname.replace(/\/$/, "") || "/";
  if (!isUnder(base, path)) return undefined;
  const rest = restOf(base, path);
  return place.prefix === "/" ? rest || "/" : place.prefix + rest;
}

function isWeb({ protocol }: URL): boolean {
  return protocol === "http:" || protocol === "https:";
}

/** Whether two URLs name one server: this machine has many names, and apps mix http and https up. */
function isOneServer(a: URL, b: URL): boolean {
  const isOneHost = a.hostname === b.hostname ||
    (LOOPBACK.test(a.hostname) && LOOPBACK.test(b.hostname));
  return isOneHost && (a.port === b.port || portOf(a) === portOf(b));
}

/** Whether a URL is another with https in the place of http. */
function isHttpsOf(a: URL, b: URL): boolean {
  return a.protocol === "https:" && b.protocol === "http:" &&
    a.pathname + a.search === b.pathname + b.search;
}

function portOf({ port, protocol }: URL): string {
  return port || (protocol === "https:" ? "443" : "80");
}

function badRedirect(where: string): LighthouseError {
  return new LighthouseError("bad-redirect", `The backend redirects to ${where}`);
}
