// What a service is: one thing on the laptop that pages reach under a path.
import type { HttpRequest, HttpResponse } from "../../wire/mod.ts";
import type { Backend } from "./backend.ts";

/** Who asks: a paired device, or a stranger at a host that is public. */
export interface Guest {
  /** A device's id, or the fingerprint of a stranger's key: cookies are kept under it. */
  id: string;
  /** A device's name; a stranger has none. */
  name?: string;
  /** Prefixes under which the services lie that it may reach; undefined for all. */
  services?: readonly string[];
}

/** What a service knows about a request besides the request itself. */
export interface ServiceContext {
  /** Aborted when the page gives the request up, or is gone. */
  signal: AbortSignal;
  /** Whose request it is. */
  guest: Guest;
}

/** Answers requests, as {@linkcode HttpHandler} does. */
export type ServiceHandler = (
  request: HttpRequest,
  context: ServiceContext,
) => Promise<HttpResponse>;

/** A service that runs. */
export interface Service {
  /** The path under which pages reach it: `/`, or such as `/notes`. */
  readonly prefix: string;
  /** Gets requests whose target is under the prefix, with the prefix. */
  readonly handler: ServiceHandler;
  /** Where it forwards to, for what needs more than the handler: WebSockets. */
  readonly backend?: Backend;
  /** Ends what is under way. */
  close(): Promise<void>;
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
export function mayReach({ services }: Guest, prefix: string): boolean {
  return !services || services.some((allowed) => isUnder(allowed, prefix));
}
