// The shape of a service: a backend or folder that pages reach under a prefix.
import type { HttpRequest, HttpResponse } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import type { BackendConfig } from "../config/service_config.ts";
import type { Backend, FindService } from "./backend.ts";
import type { Credentials } from "./credentials.ts";
import type { DocumentCookies } from "./documents.ts";

/** The circumstances of a request. */
export interface ServiceContext {
  /** Aborted when the page cancels the request, or is gone. */
  signal: AbortSignal;
  /** Who asks. */
  principal: Principal;
  /** Finds the service for a path of the tunnel. @default there is no other service */
  find?: FindService;
}

/** Answers requests. It may throw a LighthouseError, with which the stream is then reset. */
export type ServiceHandler = (
  request: HttpRequest,
  context: ServiceContext,
) => Promise<HttpResponse>;

/** The backend of a service that forwards. */
export interface Upstream {
  backend: Backend;
  config: BackendConfig;
  credentials: Credentials;
}

/** A running service. */
export interface Service {
  /** The path under which pages reach the service: `/`, or such as `/notes`. */
  readonly prefix: string;
  /** Takes requests whose target is under the prefix; the target still has the prefix. */
  readonly handler: ServiceHandler;
  /** The backend of a service that forwards: WebSockets need it. */
  readonly upstream?: Upstream;
  /** The cookies of its documents' scripts. @default its documents have none */
  readonly documents?: DocumentCookies;
  /** Forgets what a device that is revoked has left. @param id The device's id. */
  forget?(id: string): void;
  /** Ends all requests. */
  close(): Promise<void>;
}
