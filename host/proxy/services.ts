// Finds the service for each request by the longest prefix.
import { COOKIES_PATH, SERVICES_PATH } from "../../wire/mod.ts";
import { Memory } from "../access/memory.ts";
import { isUnder, mayReach, type Principal } from "../access/principal.ts";
import { keyOf, type ServiceConfig } from "../config/service_config.ts";
import { withFields } from "./answer_head.ts";
import type { CookieFolder } from "./cookie_folder.ts";
import { mayAsk, takeCookies } from "./documents.ts";
import { errorResponse } from "./error_response.ts";
import { forwardTo } from "./forward.ts";
import type { Service, ServiceHandler } from "./service.ts";
import { NO_STORE, ServiceLooks } from "./service_looks.ts";
import { FOLDER, serveFolder } from "./static_files.ts";
import { Places } from "./turns.ts";

/** The paths at the tunnel's root that no service has: the host answers them, and the service worker. */
const RESERVED = "/.lighthouse";

/** Options of {@linkcode Services}. */
export interface ServicesOptions {
  /** Keeps cookies beyond a service's end. @default each service keeps its own in memory */
  cookies?: CookieFolder;
  /** Holds the bytes of pages. @default the services' own */
  memory?: Memory;
}

/** All services of a host. */
export class Services {
  /** The longest prefix first. */
  #services: Service[] = [];
  /** Services that were started from a configuration, by its key, which is a secret. */
  #started = new Map<string, Service>();
  readonly #options: ServicesOptions;
  readonly #memory: Memory;
  readonly #places = new Places();
  readonly #looks = new ServiceLooks((target) => this.find(target));

  constructor(services: Service[], options: ServicesOptions = {}) {
    this.#options = options;
    this.#memory = options.memory ?? new Memory();
    this.#set(services);
  }

  /** Starts the configured services. */
  static start(configs: ServiceConfig[], options?: ServicesOptions): Services {
    const services = new Services([], options);
    services.replace(configs);
    return services;
  }

  /**
   * Replaces the services. Those that are in both configurations go on undisturbed; requests of those
   * that are removed end.
   */
  replace(configs: ServiceConfig[]): void {
    const before = this.#started;
    this.#started = new Map(
      configs.map((config) => {
        const key = keyOf(config);
        return [key, before.get(key) ?? this.#start(config)];
      }),
    );
    this.#set([...this.#started.values()]);
    for (const [key, service] of before) if (!this.#started.has(key)) void service.close();
  }

  /** The service for a target (a path with its query). */
  readonly find = (target: string): Service | undefined =>
    isUnder(RESERVED, target)
      ? undefined
      : this.#services.find(({ prefix }) => isUnder(prefix, target));

  /** Answers a request by its service: 404 if there is none, 403 if the principal may not reach it. */
  readonly handler: ServiceHandler = async (request, context) => {
    const { principal } = context;
    const { target, headers } = request;
    const service = this.find(target);
    const path = target.replace(/\?.*/s, "");
    if (path === SERVICES_PATH) {
      const asked = this.#services.filter(({ prefix }) => mayAsk(principal, prefix, headers));
      return await this.#looks.list(asked);
    }
    if (path === COOKIES_PATH) {
      const fields = takeCookies(request, principal, this.find)();
      return { status: 204, statusText: "", headers: [NO_STORE, ...fields], body: null };
    }
    if (!service) {
      const prefixes = this.#services.map(({ prefix }) => prefix)
        .filter((prefix) => mayReach(principal, prefix)).sort().join(", ");
      const message = `No service is at ${path}. There is: ${prefixes || "none for this device"}`;
      return errorResponse(404, "no-service", message);
    }
    if (mayAsk(principal, service.prefix, headers)) {
      const fields = takeCookies(request, principal, this.find);
      const answer = await service.handler(request, { ...context, find: this.find });
      return withFields(answer, fields(service));
    }
    if (mayReach(principal, service.prefix)) {
      const message = `The request is meant for another service than the one at ${path}`;
      return errorResponse(403, "no-access", message);
    }
    const who = principal.name === undefined ? "Who is not paired" : `“${principal.name}”`;
    return errorResponse(403, "no-access", `${who} may not reach the service at ${path}`);
  };

  /** Whether some service has cookies of a principal. */
  hasCookies(principal: Principal): boolean {
    return this.#services.some(({ documents }) => documents?.has(principal));
  }

  /** Forgets what a revoked device has left. @param id The device's id. */
  forget(id: string): void {
    for (const service of this.#services) service.forget?.(id);
  }

  /** Ends all requests of all services. */
  async close(): Promise<void> {
    await Promise.all(this.#services.map((service) => service.close()));
  }

  #set(services: Service[]): void {
    this.#services = services.toSorted((a, b) => b.prefix.length - a.prefix.length);
  }

  #start(config: ServiceConfig): Service {
    if (!("backend" in config)) {
      const { prefix, folder, scripts } = config;
      const cookies = this.#options.cookies?.jarsOf({ prefix, backend: FOLDER });
      return serveFolder(prefix, folder, { scripts, places: this.#places, cookies });
    }
    const cookies = this.#options.cookies?.jarsOf(config);
    return forwardTo(config, { cookies, memory: this.#memory, places: this.#places });
  }
}
