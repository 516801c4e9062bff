// Header fields on their way through the host: what is for one hop alone, and what the host says of
// the page.
import { type HeaderField, type HttpRequest, LighthouseError } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";

/**
 * Fields that concern one hop and are not passed on (RFC 9110 §7.6.1), together with those that
 * `Connection` names. `Expect` asks for a 100 that nobody beyond this hop waits for.
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

/** Fields that say who asks and how, which is for the host to say. */
const ABOUT_THE_CLIENT = /^(?:forwarded|x-forwarded-.*|x-real-ip|lighthouse-.*)$/;

/** The values of a field, in their order. @param name In lower case. */
export function valuesOf(fields: HeaderField[], name: string): string[] {
  return fields.filter(([each]) => each.toLowerCase() === name).map(([, value]) => value);
}

/** The fields without those of some names. @param names In lower case. */
export function without(fields: HeaderField[], ...names: string[]): HeaderField[] {
  return fields.filter(([name]) => !names.includes(name.toLowerCase()));
}

/** The fields that are for both ends, and not for one hop between them. */
export function withoutHopByHop(fields: HeaderField[]): HeaderField[] {
  const named = valuesOf(fields, "connection")
    .flatMap((value) => value.toLowerCase().split(",").map((name) => name.trim()));
  return fields.filter(([name]) => {
    const lower = name.toLowerCase();
    return !HOP_BY_HOP.has(lower) && !named.includes(lower);
  });
}

/**
 * The fields without what only the host may say. CGI and its heirs take `_` for `-`, so
 * `X_Forwarded_For` is gone too.
 */
export function withoutForged(fields: HeaderField[]): HeaderField[] {
  return fields.filter(([name]) => !ABOUT_THE_CLIENT.test(name.toLowerCase().replaceAll("_", "-")));
}

/**
 * What the host tells a backend of the page: RFC 7239, and the fields that came before it.
 *
 * Nobody's address is known behind NATs, which RFC 7239 §6.2 calls `unknown`; it is sent so that an
 * app that trusts its own machine sees that the request comes from elsewhere. The tunnel is
 * encrypted, so the protocol is https.
 *
 * @param prefix The service's.
 * @param host What {@linkcode originHost} says.
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
 * What the host tells a backend of the device: an app can tell its users apart, and needs no password
 * of them. A stranger has none of these fields.
 */
export function principalHeaders({ id, name }: Principal): HeaderField[] {
  if (name === undefined) return [];
  return [["Lighthouse-Device", percentEncoded(name)], ["Lighthouse-Device-Id", id]];
}

/** A text for a field: what is not printable ASCII as UTF-8 with percent signs, and those too. */
function percentEncoded(text: string): string {
  return text.replace(/[^ -$&-~]/gu, encodeURIComponent);
}

/**
 * The host, with its port, of the site whose page asks: that of the `Origin` field, where there is
 * one that is a web site's. URL lets commas and semicolons pass in a host, which separate more of these fields.
 */
export function originHost(fields: HeaderField[]): string | undefined {
  const [origin, ...others] = valuesOf(fields, "origin");
  if (!origin || others.length > 0 || !/^https?:\/\/[\w.[\]:-]+$/.test(origin)) return undefined;
  const url = URL.parse(origin);
  return url?.origin === origin ? url.host : undefined;
}

/**
 * The length that a request's body must have; 0 where no field says so and there is no body, undefined
 * where it ends when it ends.
 *
 * @throws {LighthouseError} `bad-request` where two readers of the fields could see two lengths, with
 * which one of them would take a body's end for another request (RFC 9112 §11.2).
 */
export function bodyLength({ headers, body }: HttpRequest): number | undefined {
  const [length, ...others] = valuesOf(headers, "content-length");
  const refuse = (why: string) => new LighthouseError("bad-request", `Cannot forward: ${why}`);
  if (others.length > 0) throw refuse("it has more than one Content-Length");
  if (length === undefined) return body ? undefined : 0;
  if (!/^\d{1,15}$/.test(length)) throw refuse(`Content-Length is no length: ${length}`);
  if (valuesOf(headers, "transfer-encoding").length > 0) {
    throw refuse("it has both Content-Length and Transfer-Encoding");
  }
  return Number(length);
}
