// Headers on their way through the host: which belong to one hop, and which the host sets itself.
import { type HeaderField, type HttpRequest, LighthouseError } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";

/**
 * Hop-by-hop headers, which are not forwarded (RFC 9110 §7.6.1), nor are those that `Connection` names.
 * `Expect` is one of them because only this hop waits for the 100.
 */
const HOP_BY_HOP = new Set([
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

/** Headers about the client, which only the host may set. */
const ABOUT_THE_CLIENT = /^(?:forwarded|x-forwarded-.*|x-real-ip|lighthouse-.*)$/;

/** The values of a header, in their order. @param name In lower case. */
export function valuesOf(fields: HeaderField[], name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** The headers without those of the given names. @param names In lower case. */
export function without(fields: HeaderField[], ...names: string[]): HeaderField[] {
  return fields.filter(([name]) => !names.includes(name.toLowerCase()));
}

/** The headers without the hop-by-hop ones. */
export function withoutHopByHop(fields: HeaderField[]): HeaderField[] {
  const named = valuesOf(fields, "connection")
    .flatMap((value) => value.toLowerCase().split(",").map((name) => name.trim()));
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !named.includes(lower);
  });
}

/**
 * The headers without those that only the host may set. CGI and servers like it read `_` as `-`, so
 * `X_Forwarded_For` is taken out too.
 */
export function withoutForged(fields: HeaderField[]): HeaderField[] {
  return fields.filter(([name]) => !ABOUT_THE_CLIENT.test(name.toLowerCase().replaceAll("_", "-")));
}

/**
 * The headers by which the host describes the page to a backend: RFC 7239, and the older X-Forwarded-*.
 *
 * The page's address is `unknown` (RFC 7239 §6.2), since it may be behind NATs. It is sent so that an app
 * that trusts its own machine sees that the request comes from elsewhere. The protocol is https, since
 * the tunnel is encrypted.
 *
 * @param prefix The service's prefix.
 * @param host The result of {@linkcode originHost}.
 */
export function forwardedHeaders(prefix: string, host: string | undefined): HeaderField[] {
  const fields: HeaderField[] = [
    ["Forwarded", `for=unknown;proto=https${host ? `;host="${host}"` : ""}`],
    ["X-Forwarded-For", "unknown"],
    ["X-Forwarded-Proto", "https"],
  ];
  if (host) fields.push(["X-Forwarded-Host", host]);
  if (prefix !== "/") fields.push(["X-Forwarded-Prefix", prefix]);
  return fields;
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
function percentEncoded(text: string): string {
  return text.replace(/[^ -$&-~]/gu, encodeURIComponent);
}

/**
 * The host and port of the page's site, from the `Origin` header if that is a web site's origin. The
 * pattern is stricter than URL, which accepts commas and semicolons in a host: in Forwarded they
 * separate elements.
 */
export function originHost(fields: HeaderField[]): string | undefined {
  const [origin, ...others] = valuesOf(fields, "origin");
  if (!origin || others.length > 0 || !/^https?:\/\/[\w.[\]:-]+$/.test(origin)) return undefined;
  const url = URL.parse(origin);
  return url?.origin === origin ? url.host : undefined;
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
