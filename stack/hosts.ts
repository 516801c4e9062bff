// Checks the registry's kind, and the hosts' names and keys.
import { createPublicKey } from "node:crypto";
import { bad } from "./origins.ts";

/** The kinds of registry: docs/aws.md, "Registries". */
export type RegistryName = "lambda-env" | "s3" | "relay";

/** The host's name if a page names none; wire/signal/envelope.ts has the same constant. */
export const DEFAULT_HOST = "laptop";

/** Each host has a policy, and perhaps a user; IAM allows a few thousand of each. */
const MAX_HOSTS = 100;

/** Most characters of all keys with their names: Lambda's environment holds 4 KB. */
const MAX_KEYS = 2_500;

/** Characters of a raw public key in base64url. */
const KEY = /^B[\w-]{86}$/;

/** @throws {RunError} If the value is none. */
export function parseRegistry(value: unknown): RegistryName {
  if (value === "lambda-env" || value === "s3" || value === "relay") return value;
  throw bad("registry", `${JSON.stringify(value)} is none of "lambda-env", "s3" and "relay"`);
}

/**
 * Reads the public keys of the hosts that register through the relay.
 *
 * @param value A list of `name=key`, or of one key without a name, which is `laptop`'s. A key is what
 * `lighthouse-host key` prints: a point of P-256, uncompressed, in base64url.
 * @returns The list, each with its name; empty with another registry.
 * @throws {RunError} With the wrong item, and the reason.
 */
export function parseHostKeys(value: unknown, registry: RegistryName): string[] {
  const hint = "lighthouse-host key prints it";
  if (!Array.isArray(value)) throw bad("hostKeys", `it is not a list of hosts' keys; ${hint}`);
  if (registry !== "relay") {
    if (value.length === 0) return [];
    throw bad("hostKeys", "keys are for the registry relay");
  }
  if (value.length === 0) throw bad("hostKeys", `the registry relay needs the host's key; ${hint}`);
  const names = new Set<string>();
  const keys = value.map((item: unknown, index) => {
    const path = `hostKeys[${index}]`;
    if (typeof item !== "string") throw bad(path, "it is not text");
    const at = item.indexOf("=");
    const name = parseName(at < 0 ? DEFAULT_HOST : item.slice(0, at), path);
    if (names.has(name)) throw bad(path, `${name} is in the list twice`);
    names.add(name);
    const key = item.slice(at + 1);
    if (!isPublicKey(key)) throw bad(path, `it ends with no host's public key; ${hint}`);
    return `${name}=${key}`;
  });
  const length = keys.join(",").length;
  if (length > MAX_KEYS) throw bad("hostKeys", `${length} characters are more than ${MAX_KEYS}`);
  return keys;
}

function isPublicKey(text: string): boolean {
  if (!KEY.test(text)) return false;
  const bytes = Buffer.from(text, "base64url");
  const [x, y] = [bytes.subarray(1, 33), bytes.subarray(33)].map((part) =>
    part.toString("base64url")
  );
  try {
    createPublicKey({ format: "jwk", key: { kty: "EC", crv: "P-256", x, y } });
    return true;
  } catch {
    // No point of the curve.
    return false;
  }
}

/**
 * Reads the hosts' names: 1 to 32 of `a` to `z`, digits and, inside, hyphens; wire/signal/envelope.ts has
 * the same rule.
 *
 * @param value A list; an empty one is the default of Pulumi.yaml, and means the one host `laptop`.
 * @param hostKeys As {@linkcode parseHostKeys} returns them: they name the hosts of the registry `relay`.
 * @throws {RunError} With the wrong item, and the reason.
 */
export function parseHosts(
  value: unknown,
  registry: RegistryName,
  hostKeys: string[] = [],
): string[] {
  if (!Array.isArray(value)) throw bad("hosts", 'it is not a list; give names such as ["laptop"]');
  if (registry === "relay") {
    const names = hostKeys.map((item) => item.split("=")[0]!);
    if (value.length === 0 || value.join() === names.join()) return names;
    throw bad("hosts", "names are for the registry s3; with relay, hostKeys names the hosts");
  }
  if (value.length === 0) return [DEFAULT_HOST];
  if (registry !== "s3") {
    if (value.length === 1 && value[0] === DEFAULT_HOST) return [DEFAULT_HOST];
    throw bad("hosts", "names are for the registry s3; lambda-env has one host");
  }
  if (value.length > MAX_HOSTS) throw bad("hosts", `${value.length} are more than ${MAX_HOSTS}`);
  for (const [index, name] of value.entries()) {
    const path = `hosts[${index}]`;
    parseName(name, path);
    if (value.indexOf(name) < index) throw bad(path, `${name} is in the list twice`);
  }
  return value;
}

function parseName(name: unknown, path: string): string {
  if (typeof name === "string" && /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/.test(name)) return name;
  throw bad(path, `${JSON.stringify(name)} is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens`);
}
