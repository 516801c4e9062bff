// Headers on their way through the host: which belong to one hop, and which the host sets itself.
import { type HeaderField, type HttpRequest, LighthouseError } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";

/**
 * Hop-by-hop headers, which are not forwarded (RFC 9110 §7.6.1), nor are those that `Connection` names.
 * `Expect` is one of them because only this hop waits for the 100.
 */
export const HOP_BY_HOP = new Set([
  "connection",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/**
 * Headers of a page's request that end at the host, which sets the length and the cookies itself. CGI
 * programs take `Proxy` for the variable HTTP_PROXY (https://httpoxy.org).
 */
const NOT_FORWARDED = new Set([...HOP_BY_HOP, "content-length", "cookie", "proxy"]);

/** Headers about the client and of a WebSocket's handshake, which only the host may set. */
const OF_THE_HOST =
  /^(?:forwarded|x-forwarded(?:-.*)?|x-real-ip|lighthouse(?:-.*)?|sec-websocket-.*)$/;

/** The values of a header, in their order. @param name In lower case. */
export function valuesOf(fields: HeaderField[], name: string): string[] {
  const values: string[] = [];
  for (const [each, value] of fields) {
    if (each.length === name.length && each.toLowerCase() === name) values.push(value);
  }
  return values;
}

/** The headers without those of the given names. @param names In lower case. */
export function without(fields: HeaderField[], ...names: string[]): HeaderField[] {
  return fields.filter(([name]) => !names.includes(name.toLowerCase()));
}

/** The headers of a page's request that a backend may get. */
export function forwardable(fields: HeaderField[]): HeaderField[] {
  const named = namedByConnection(fields);
  return fields.filter(([name]) => {
    const read = asBackendsRead(name);
    return !NOT_FORWARDED.has(read) && !OF_THE_HOST.test(read) &&
      !named.includes(name.toLowerCase());
  });
}

/**
 * A header's name as backends may read it. Those that make variables of the names, as CGI does, take some
 * or all other signs for `_`, which `-` is there too.
 */
function asBackendsRead(name: string): string {
  return name.toLowerCase().replace(/[^a-z\d]+/g, "-").replace(/^-|-$/g, "");
}

/** The names, in lower case, that `Connection` gives to headers of one hop. */
export function namedByConnection(fields: HeaderField[]): string[] {
  return valuesOf(fields, "connection")
    .flatMap((value) => value.toLowerCase().split(",").map((name) => name.trim()));
}

/**
 * The headers by which the host names the device to a backend: an app can tell its users apart without
 * passwords. For a stranger there are no such headers.
 */
export function principalHeaders({ id, name }: Principal): HeaderField[] {
  if (name === undefined) return [];
  return [["Lighthouse-Device", percentEncoded(name)], ["Lighthouse-Device-Id", id]];
}

/** Percent-encodes a text for a header: `%`, and all that is not printable ASCII, as UTF-8. */
export function percentEncoded(text: string): string {
  return text.replace(/[^ -$&-~]/gu, encodeURIComponent);
}

/**
 * The length of a request's body in bytes by its Content-Length; undefined without one.
 *
 * @throws {LighthouseError} `bad-request` if a GET or HEAD has a body, which `fetch` refuses as well, or
 * if two readers of the headers could see two lengths: one of them would read the end of the body as
 * another request (request smuggling, RFC 9112 §11.2).
 */
export function bodyLength({ method, headers, body }: HttpRequest): number | undefined {
  const [length, ...others] = valuesOf(headers, "content-length");
  const refuse = (why: string) => new LighthouseError("bad-request", `Cannot forward: ${why}`);
  if (others.length > 0) throw refuse("it has more than one Content-Length");
  if (body && /^(?:GET|HEAD)$/i.test(method)) throw refuse(`a ${method} has no body`);
  if (length === undefined) return undefined;
  if (!/^\d{1,15}$/.test(length)) throw refuse(`Content-Length is no length: ${length}`);
  if (valuesOf(headers, "transfer-encoding").length > 0) {
    throw refuse("it has both Content-Length and Transfer-Encoding");
  }
  return Number(length);
}
