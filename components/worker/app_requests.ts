// Sends the app's requests to the laptop, and fits what comes back into the site.
import { COOKIES_PATH, FROM, SET_COOKIE } from "../../wire/mod.ts";
import type { CookieMessage } from "../inject/messages.ts";
import type { SocketMessage } from "../tabs/tab_messages.ts";
import { toAppDocument } from "./app_document.ts";
import { type Asker, type Askers, type Asking, SITE } from "./askers.ts";
import type { Backends } from "./backends.ts";
import {
  type PageRequest,
  type Placement,
  placementHeaders,
  plainRequest,
} from "./page_request.ts";
import { ScriptCookies } from "./script_cookies.ts";
import { Services } from "./services.ts";
import { isReserved, type Site } from "./site.ts";
import { answer, type Told, type Tunnel } from "./worker_fetch.ts";
import { isWorkerScript, toWorkerScript } from "./worker_script.ts";

/** Options of {@linkcode AppRequests}. */
export interface AppRequestsOptions {
  tunnel: Tunnel;
  askers: Askers;
  backends: Backends;
  /** The text of the script that runs first in web workers. */
  injectWorker: string;
}

/** A request's headers of the worker's own, by their names. */
type Headers = Record<string, string>;

/** The app's requests, and what the host has told with their answers. */
export class AppRequests {
  readonly services: Services;
  readonly #options: AppRequestsOptions;
  readonly #site: Site;
  readonly #cookies: ScriptCookies;
  /** What `document.cookie` was when a service last told, by the service. */
  readonly #shown = new Map<string, string>();

  constructor(options: AppRequestsOptions) {
    this.#options = options;
    this.#site = options.tunnel.site;
    this.services = new Services({ ask: (path) => this.#ask(path) });
    this.#cookies = new ScriptCookies({ flush: (from) => this.#flush(from) });
  }

  /** Takes a line that a document's script has assigned to `document.cookie`. */
  async setCookie({ from, line }: CookieMessage, client: string): Promise<void> {
    await this.#cookies.add(from, line);
    await this.#options.askers.postToOthers(client, { lighthouse: "stale" });
  }

  /** A WebSocket's opening that tells the host where the tunnel is on the site, as requests do. */
  async placed({ opening, ...message }: SocketMessage): Promise<SocketMessage> {
    const headers = [...opening.headers, ...placementHeaders(await this.#placement())];
    return { ...message, opening: { ...opening, headers } };
  }

  /** The prefix of the service that a document came from; undefined for the site's own. */
  async serviceOf({ isApp, path }: Asker): Promise<string | undefined> {
    if (!isApp || this.#site.service !== undefined) return this.#site.service;
    if (path !== undefined) return await this.services.of(path);
    // A document that has no URL of its own: where all come from one service, it does so, too.
    const paths = await this.#options.askers.paths();
    const services = new Set(await Promise.all(paths.map((path) => this.services.of(path))));
    return services.size === 1 ? [...services][0] : undefined;
  }

  /** The path in the tunnel for a URL of this origin, as the document that asks means it. */
  async pathFor(asker: Asker, url: URL): Promise<string | undefined> {
    const service = await this.serviceOf(asker);
    return this.#site.lead(url, service, this.services.known);
  }

  /** Answers a request that is no navigation. @param target The path and query in the tunnel. */
  async send(asking: Asking, target: string, asker: Asker): Promise<Response> {
    const { request, clientId } = asking;
    const { askers, injectWorker } = this.#options;
    const headers: Headers = asker.isApp && asker.path !== undefined ? { [FROM]: asker.path } : {};
    const response = await this.#answer(asking, target, asker, headers, ({ cookies }) => {
      if (cookies === undefined) return;
      void askers.post(clientId, { lighthouse: "cookies", cookies });
      // A document that only looks has changed nothing.
      if (target !== COOKIES_PATH) void askers.postToOthers(clientId, { lighthouse: "stale" });
    });
    if (!isWorkerScript(request, asker.isWorker === true)) return response;
    const { scope } = this.#site;
    const places = scope.pathname === "/"
      ? undefined
      : { scope: scope.href, base: this.#site.baseOf(await this.#serviceAt(target)) };
    return toWorkerScript(response, injectWorker, places);
  }

  /** Answers a navigation. @param more Further headers. */
  async document(
    asking: Asking,
    target: string,
    asker: Asker,
    more: Headers = {},
  ): Promise<Response> {
    const { backends, askers } = this.#options;
    const { scope, config, script, save, worker } = this.#site;
    let told: Told | undefined;
    const response = await this.#answer(asking, target, asker, more, (says) => told = says);
    // The worker's own pages need no script, and no other policy.
    if (!told || response.type === "error") return response;
    const { cookies = null, backend = null } = told;
    const service = told.service ?? await this.#serviceAt(target);
    this.services.add(service);
    if (backend !== null) void backends.add(service, backend);
    if (cookies !== null && this.#shown.get(service) !== cookies) {
      if (this.#shown.has(service)) void askers.postToOthers("", { lighthouse: "stale" });
      this.#shown.set(service, cookies);
    }
    const isFramed = config !== undefined && asking.request.destination !== "document";
    return await toAppDocument(response, {
      script: script.href,
      scripts: [script.href, worker.href],
      save: save.href,
      forms: scope.pathname === "/" ? undefined : scope.href,
      isFramed,
      backends: backend === null ? [] : backends.hostsOf(backend),
      settings: {
        scope: scope.pathname,
        base: this.#site.baseOf(service),
        service,
        isMoved: await this.#isMoved(service),
        backend,
        cookies,
        isInShell: isFramed,
      },
    });
  }

  /** @param onAnswer Called only if the host has answered. */
  async #answer(
    { request, clientId }: Asking,
    target: string,
    asker: Asker,
    headers: Headers,
    onAnswer: (told: Told) => void,
  ): Promise<Response> {
    // The host's own paths are the same everywhere, and tell which services there are.
    const placement = isReserved(target) ? this.#site : await this.#placement();
    const referrer = await this.#referrer(request, asker, placement);
    const lines = this.#cookies.take();
    return await answer(request, this.#options.tunnel, {
      target,
      client: request.mode === "navigate" ? "" : clientId,
      referrer,
      placement,
      headers: lines ? { ...headers, [SET_COOKIE]: lines.header } : headers,
      onAnswer: (told) => {
        lines?.onAnswer();
        onAnswer(told);
      },
    });
  }

  /** Where the tunnel is on the site, as its documents see it. */
  async #placement(): Promise<Placement> {
    const { mount, service } = this.#site;
    return { mount: mount !== "" && await this.#isMoved("/") ? "" : mount, service };
  }

  /** The URL of the document that asks, as the document itself sees it. */
  async #referrer(
    { referrer }: PageRequest,
    asker: Asker,
    { mount }: Placement,
  ): Promise<string> {
    if (!asker.isApp || !this.#site.hasOrigin(referrer)) return referrer;
    const url = new URL(referrer);
    const path = await this.pathFor(asker, url);
    return path === undefined
      ? referrer
      : this.#site.origin + this.#site.shownOf(path, mount) + url.search;
  }

  /** The service of a target, where the host does not tell. */
  async #serviceAt(target: string): Promise<string> {
    return this.#site.service ?? await this.services.of(target.split("?")[0]!) ?? "/";
  }

  /** Whether a service's documents believe that they are at the root of their origin, and are not. */
  async #isMoved(service: string): Promise<boolean> {
    const { config, scope } = this.#site;
    return config !== undefined && scope.pathname !== "/" && await this.#isOnly(service);
  }

  /** Whether the whole site belongs to a service. */
  async #isOnly(service: string): Promise<boolean> {
    if (this.#site.service !== undefined || service !== "/") return service === this.#site.service;
    await this.services.of("/");
    return this.services.known.size === 1;
  }

  /** Asks the host for a path of its own. */
  async #ask(path: string, headers: Headers = {}): Promise<Response> {
    const request = plainRequest(this.#site.origin + this.#site.placeOf(path));
    return await this.#answer({ request, clientId: "" }, path, SITE, headers, () => {});
  }

  async #flush(from: string): Promise<void> {
    await this.#ask(COOKIES_PATH, { [FROM]: from });
  }
}
