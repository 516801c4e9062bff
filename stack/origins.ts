// Checks the origins whose pages may connect. Each must be exactly as a browser sends it, since the
// relay compares texts.
// https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Origin
import { RunError } from "@pulumi/pulumi";

/** Hosts that are allowed without TLS, for development. */
const LOCAL_HOSTS = ["localhost", "127.0.0.1"];

/** Bytes: Lambda's environment holds 4 KB, and LAPTOP_ID needs room in it. */
const MAX_BYTES = 3500;

const EXAMPLE = "https://you.github.io";

/**
 * Reads `allowedOrigins`.
 *
 * @param value A list of origins such as `https://you.github.io`, at least one.
 * @throws {RunError} With the wrong item, and the reason.
 */
export function parseOrigins(value: unknown): string[] {
  const hint = `give the origins of your pages, such as ["${EXAMPLE}"]`;
  if (value === undefined) throw bad("allowedOrigins", `it is missing; ${hint}`);
  if (!Array.isArray(value)) throw bad("allowedOrigins", `it is not a list; ${hint}`);
  if (value.length === 0) throw bad("allowedOrigins", `it is empty; ${hint}`);
  const origins = value.map((item, index) => parseOrigin(item, `allowedOrigins[${index}]`));
  for (const [index, origin] of origins.entries()) {
    if (origins.indexOf(origin) < index) {
      throw bad(`allowedOrigins[${index}]`, `${origin} is in the list twice`);
    }
  }
  const bytes = origins.join(",").length;
  if (bytes > MAX_BYTES) {
    throw bad("allowedOrigins", `${bytes} bytes together are more than ${MAX_BYTES}`);
  }
  return origins;
}

function parseOrigin(value: unknown, path: string): string {
  if (typeof value !== "string") throw bad(path, "it is not text");
  const fail = (why: string) => bad(path, `${value || "an empty text"} ${why}`);
  if (value.includes("*")) throw fail("has a wildcard; list each origin");
  const url = URL.parse(value);
  if (!url || !/^https?:\/\//i.test(value)) throw fail(`is no origin such as ${EXAMPLE}`);
  if (url.protocol === "http:" && !LOCAL_HOSTS.includes(url.hostname)) {
    throw fail(`is not https; only ${LOCAL_HOSTS.join(" and ")} may do without`);
  }
  if (url.username || url.password) throw fail("has a user name or a password");
  if (value === `${url.origin}/`) throw fail("ends with a slash; leave it out");
  if (url.pathname !== "/" || url.search || url.hash) {
    throw fail(`has more than an origin; leave ${url.origin}`);
  }
  if (!/^[a-z0-9.-]+$/.test(url.hostname)) throw fail("has no usual host name");
  if (value !== url.origin) throw fail(`is sent by browsers as ${url.origin}; use that`);
  return value;
}

/** The error for a wrong setting. */
export function bad(path: string, why: string): RunError {
  return new RunError(`Cannot use ${path}: ${why}`);
}
