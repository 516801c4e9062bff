// What a URL means at the backend: requests and WebSockets name a path from its root. Libraries make such
// a path absolute by the page's own address, so the page's own origin stands for the backend.
import { parseUrl } from "../../wire/mod.ts";

/** Uses of a URL: the words of their errors, and the schemes that they take. */
const USES = {
  fetch: { verb: "fetch", from: "fetch from", own: "fetch", schemes: /^https?:$/ },
  socket: {
    verb: "open a WebSocket",
    from: "open a WebSocket to",
    own: "WebSocket",
    schemes: /^(?:http|ws)s?:$/,
  },
} as const;

/** Most characters of a URL that an error quotes. */
const MAX_QUOTED = 100;

/**
 * Reads a URL that a request or a WebSocket was given. A relative one starts at the backend's root, and
 * stays below it.
 *
 * @param site The page's origin. Its URLs mean their paths; for a WebSocket, whatever their scheme.
 * @throws {TypeError} For any other URL: says which path to give.
 */
export function parseBackendUrl(input: string | URL, site: string, use: keyof typeof USES): URL {
  const { verb, from, own, schemes } = USES[use];
  const example = 'give a path, such as "/api/notes"';
  // The platform would ask for "/undefined" or "/null".
  if (input == null) throw new TypeError(`Cannot ${verb} through the tunnel: ${example}`);
  const base = new URL(origin(site));
  const url = parseUrl(input, base);
  if (!url) {
    const quoted = String(input).slice(0, MAX_QUOTED);
    throw new TypeError(`Cannot ${from} "${quoted}" through the tunnel: ${example}`);
  }
  const { protocol, pathname, search } = url;
  if (!schemes.test(protocol)) {
    const other = /^wss?:$/.test(protocol) ? "use tunnel.WebSocket" : `use the page's own ${own}`;
    throw new TypeError(`Cannot ${from} ${protocol}… through the tunnel: ${example}, or ${other}`);
  }
  const isOwn = use === "fetch" ? url.origin === base.origin : url.host === base.host;
  if (!isOwn) {
    throw new TypeError(
      `Cannot ${from} ${url.origin} through the tunnel: give a path, "${pathname}${search}", ` +
        `or use the page's own ${own} for another site`,
    );
  }
  return url;
}

/** The base of paths at the backend: pages without an origin of their own (`file:`) need some. */
export function origin(site: string): string {
  return site === "null" ? "http://lighthouse.invalid" : site;
}
