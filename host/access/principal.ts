// Who asks, and which services they may reach.
import { asString } from "../../wire/mod.ts";

/** Who asks: a paired device, or a stranger at a public service. */
export interface Principal {
  /** A device's id, or the fingerprint of a stranger's key: cookies are kept under it. */
  id: string;
  /** A device's name; a stranger has none. */
  name?: string;
  /** The origin of its page: for a device the paired one, for a stranger the one that it claims. */
  origin: string;
  /** Prefixes of the services that it may reach; undefined for all. */
  services?: readonly string[];
}

/** Whether a target (a path with its query) is under a prefix. */
export function isUnder(prefix: string, target: string): boolean {
  if (prefix === "/") return target.startsWith("/");
  return target.startsWith(prefix) && /^[/?]?$/.test(target.charAt(prefix.length));
}

/** The part of a target after its prefix: empty, or such as `/a?b` or `?b`. */
export function restOf(prefix: string, target: string): string {
  return prefix === "/" ? target : target.slice(prefix.length);
}

/** Whether a principal may reach the service at a prefix. */
export function mayReach({ services }: Principal, prefix: string): boolean {
  return !services || services.some((allowed) => isUnder(allowed, prefix));
}

/** Parses prefixes of a file: a list of texts, or undefined. */
export function parsePrefixes(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new TypeError("Cannot parse services: expected a list");
  return value.map((prefix) => asString(prefix, "services", 1024));
}
