// What a service is: one thing on the laptop that pages reach under a path.
import type { HttpRequest, HttpResponse } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import type { Backend } from "./backend.ts";

/** What a service knows about a request besides the request itself. */
export interface ServiceContext {
  /** Aborted when the page gives the request up, or is gone. */
  signal: AbortSignal;
  /** Whose request it is. */
  principal: Principal;
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
