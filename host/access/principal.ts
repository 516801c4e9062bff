// Who asks, and which services they may reach.

/** Who asks: a paired device, or a stranger at a host that is public. */
export interface Principal {
  /** A device's id, or the fingerprint of a stranger's key: cookies are kept under it. */
  id: string;
  /** A device's name; a stranger has none. */
  name?: string;
  /** Prefixes under which the services lie that it may reach; undefined for all. */
  services?: readonly string[];
}

/** Whether a target (a path with its query) belongs to the service under a prefix. */
export function isUnder(prefix: string, target: string): boolean {
  if (prefix === "/") return target.startsWith("/");
  return target.startsWith(prefix) && /^[/?]?$/.test(target.charAt(prefix.length));
}

/** What follows the prefix in a target that is under it: nothing, or such as `/a?b` or `?b`. */
export function restOf(prefix: string, target: string): string {
  return prefix === "/" ? target : target.slice(prefix.length);
}

/** Whether somebody may reach the service under a prefix. */
export function mayReach({ services }: Principal, prefix: string): boolean {
  return !services || services.some((allowed) => isUnder(allowed, prefix));
}
