// Reads the lines that set cookies: `Set-Cookie` headers of backends, and what scripts assign to
// `document.cookie`.
import { Cookie, domainMatch, getPublicSuffix } from "tough-cookie";

/** Most bytes of a line (RFC 6265 §6.1). */
export const MAX_COOKIE_BYTES = 4096;

/** Longest life of a cookie: 400 days in milliseconds, as in browsers (RFC 6265bis §5.5). */
export const LONGEST_MS = 400 * 24 * 3_600_000;

/** Names that promise something of the cookie; those by which only HTTP may set it; and both in their case. */
const PREFIX = /^__(?:secure|host|http|host-http)-/i;
const OF_HTTP = /^__(?:host-)?http-/i;
const EXACT = /^__(?:Secure|Host|Http|Host-Http)-/;
// deno-lint-ignore no-control-regex -- control characters are what it finds
const CONTROL = /[\x00-\x08\x0a-\x1f\x7f]/;

/** The document of a script that sets a cookie. */
export interface LinePlace {
  /** The backend's URL of the document. */
  url: URL;
  /** The origin of the page's site: a cookie's Domain may name it, since scripts see it. */
  origin: string;
  /** Maps a cookie's Path, which a script may have made of the document's path on the site. */
  mapPath: (path: string) => string;
}

/** Reads a `Set-Cookie` header: undefined if it holds no cookie, or one that is too large. */
export function parseSetCookie(text: string, url: URL): Cookie | undefined {
  return parse(text, url);
}

/**
 * Reads what a script has assigned to `document.cookie`: undefined for what browsers ignore.
 *
 * @param line A character for each byte of UTF-8.
 */
export function parseLine(
  line: string,
  { url, origin, mapPath }: LinePlace,
): Cookie | undefined {
  const cookie = CONTROL.test(line) ? undefined : parse(line, url, (cookie) => {
    if (isOfSite(cookie, origin)) cookie.domain = null;
    if (cookie.path) cookie.path = mapPath(cookie.path);
  });
  return cookie && !OF_HTTP.test(cookie.key) ? cookie : undefined;
}

/** @param map Changes the cookie before it is checked. */
function parse(
  text: string,
  url: URL,
  map: (cookie: Cookie) => void = () => {},
): Cookie | undefined {
  const cookie = text.length <= MAX_COOKIE_BYTES ? Cookie.parse(text, { loose: true }) : undefined;
  if (!cookie || isMisleading(cookie)) return undefined;
  map(cookie);
  // tough-cookie refuses a Domain that is a public suffix, such as "nas". If it is the backend's own
  // name, browsers treat the cookie as host-only (RFC 6265 §5.3, step 5). __Host- forbids even that.
  if (cookie.domain === url.hostname && !cookie.key.startsWith("__Host-")) cookie.domain = null;
  if (!cookie.isPersistent()) return cookie;
  const now = Date.now();
  // tough-cookie counts Max-Age from the last use; RFC 6265 §5.2.2 counts from now.
  const life = cookie.maxAge === null ? Number(cookie.expires) - now : Number(cookie.maxAge) * 1000;
  cookie.expires = new Date(now + Math.max(0, Math.min(life, LONGEST_MS)));
  cookie.maxAge = null;
  return cookie;
}

/**
 * Whether a cookie would look like another with a prefix that it does not deserve: one without a name is
 * sent as its value, and backends take names in any case for the prefix (RFC 6265bis §5.7, steps 20 to 22).
 */
function isMisleading({ key, value }: Cookie): boolean {
  if (key === "") return PREFIX.test(value);
  return PREFIX.test(key) && !EXACT.test(key);
}

/** Whether a script has given a cookie the name of the page's site, or of a domain above it. */
function isOfSite({ key, domain }: Cookie, origin: string): boolean {
  const host = URL.parse(origin)?.hostname;
  if (!domain || !host || key.startsWith("__Host-")) return false;
  if (domain === host) return true;
  return domainMatch(host, domain) === true && !!getPublicSuffix(domain, { ignoreError: true });
}
