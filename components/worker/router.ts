// Decides where a request goes: to the laptop, to the site's own files, or to the browser's own ways.
import { BACKEND, COOKIES, FROM, SERVICE } from "../../wire/mod.ts";
import { isReading } from "../fetch/client_headers.ts";
import { toAppDocument } from "./app_document.ts";
import { type Asker, type Askers, type Asking, SITE } from "./askers.ts";
import { Backends } from "./backends.ts";
import type { OwnFiles } from "./own_files.ts";
import { isFromSite, type PageRequest } from "./page_request.ts";
import { Services } from "./services.ts";
import { unplaced } from "./service_page.ts";
import { isSignIn } from "./sign_in.ts";
import type { Site } from "./site.ts";
import { answer, type Tunnel } from "./worker_fetch.ts";

/** The part of a `fetch` event that is read here. */
export interface RequestEvent extends Asking {
  /** The client that a navigation makes. */
  resultingClientId: string;
}

/** Options of {@linkcode Router}. */
export interface RouterOptions {
  tunnel: Tunnel;
  askers: Askers;
  /** The text of the script that runs first in documents. */
  inject: string;
  /** The site's own files; undefined where its owner has written its pages. */
  own: OwnFiles | undefined;
  fetch: (request: Request) => Promise<Response>;
}

/** Most documents whose service is remembered. */
const MAX_DOCUMENTS = 1024;

/** The worker's decisions about its site's requests. */
export class Router {
  readonly #options: RouterOptions;
  readonly #site: Site;
  readonly #services: Services;
  readonly #backends = new Backends();
  /** Clients that are documents of the site's own, whose further requests are the browser's. */
  readonly #siteClients = new Set<string>();
  /** Addresses that another site, or the user, has opened in a tab, whose shell is yet to ask for them. */
  readonly #foreign = new Set<string>();

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#site = options.tunnel.site;
    this.#services = new Services({ ask: (path) => this.#ask(path) });
  }

  /** The answer to a request; undefined leaves it to the browser. */
  handle(event: RequestEvent): Promise<Response> | undefined {
    const { request } = event;
    const url = new URL(request.url);
    const isNavigation = request.mode === "navigate";
    if (url.origin !== this.#site.origin) {
      return !isNavigation && this.#backends.mayOwn(url) ? this.#absolute(event, url) : undefined;
    }
    if (request.url.split("?")[0] === this.#site.script.href) return this.#script();
    if (this.#options.own) return this.#inAppMode(event, url, this.#options.own);
    if (this.#site.isUnder(request.url)) return this.#led(event, url);
    const isSites = isNavigation ? this.#isTyped(request) : this.#siteClients.has(event.clientId);
    return isSites ? undefined : this.#ledOrSites(event, url);
  }

  /** Whether a navigation is by nobody's document: the user's, or another site's. */
  #isTyped({ referrer, referrerPolicy }: PageRequest): boolean {
    return referrer ? !this.#site.hasOrigin(referrer) : referrerPolicy !== "no-referrer";
  }

  #inAppMode(event: RequestEvent, url: URL, own: OwnFiles): Promise<Response> {
    const { request } = event;
    const name = own.nameOf(url);
    if (request.mode !== "navigate") return this.#ownOrLed(event, url, own, name);
    if (own.isReset(url)) return own.reset(request as Request);
    if (name !== undefined) return own.file(name);
    const isTab = request.destination === "document" && isReading(request.method);
    return isTab && !isSignIn(request, this.#site.prefix)
      ? this.#tab(event, url, own)
      : this.#led(event, url);
  }

  /** A document for a tab: the shell, which then asks for the app's document for its frame. */
  async #tab(event: RequestEvent, url: URL, own: OwnFiles): Promise<Response> {
    const { request } = event;
    // The start page is at the root, wherever the link to it is.
    const asker = url.href === this.#site.scope.href
      ? SITE
      : await this.#options.askers.ofNavigation(event);
    // The shell comes at once, whether there is a connection or not.
    const service = asker.path === undefined ? undefined : this.#services.find(asker.path);
    const path = this.#site.lead(url, service, this.#services.known);
    const place = path !== undefined && this.#site.placeOf(path);
    if (place && place !== url.pathname) return this.#redirect(place, url);
    // A reload is the user's own; anything else without a referrer may be another site's.
    if (!isFromSite(request, this.#site.origin) && request.cache !== "no-cache") {
      this.#foreign.add(url.pathname + url.search);
    }
    return await own.shell();
  }

  async #ownOrLed(
    event: RequestEvent,
    url: URL,
    own: OwnFiles,
    name: string | undefined,
  ): Promise<Response> {
    if (name !== undefined && own.isInFolder(url)) return await own.file(name);
    const asker = await this.#options.askers.of(event);
    if (asker.isApp) return await this.#led(event, url, asker);
    if (name !== undefined) return await own.file(name);
    // What the shell asks for is its own file, of this version or the next one, or the app's icon.
    if (own.isInFolder(url)) return await this.#options.fetch(event.request as Request);
    return await this.#led(event, url, asker);
  }

  /** Where the tunnel is only a part of the site: a request outside of that part. */
  async #ledOrSites(event: RequestEvent, url: URL): Promise<Response> {
    const { request, clientId } = event;
    const isNavigation = request.mode === "navigate";
    const asker = await this.#askerOf(event);
    if (asker.isApp) return await this.#led(event, url, asker);
    if (!isNavigation && clientId) remember(this.#siteClients, clientId);
    return await this.#options.fetch(request as Request);
  }

  /** A backend's own URL, as some apps write it into their pages. */
  async #absolute(event: RequestEvent, url: URL): Promise<Response> {
    const { request } = event;
    const asker = await this.#options.askers.of(event);
    const path = asker.isApp ? this.#backends.pathOf(url, await this.#serviceOf(asker)) : undefined;
    if (path === undefined) return await this.#options.fetch(request as Request);
    return await this.#send(event, path + url.search, asker);
  }

  #askerOf(event: Asking): Promise<Asker> {
    const { askers } = this.#options;
    return event.request.mode === "navigate" ? askers.ofNavigation(event) : askers.of(event);
  }

  /** Leads a request of this origin into the tunnel. */
  async #led(event: RequestEvent, url: URL, known?: Asker): Promise<Response> {
    const { request } = event;
    const asker = known ?? await this.#askerOf(event);
    const path = await this.#pathFor(asker, url);
    if (path === undefined) {
      console.warn(`lighthouse-tunnel: ${request.url} was not sent, since its service is unknown`);
      return request.mode === "navigate" ? unplaced() : Response.error();
    }
    const place = this.#site.placeOf(path);
    const isPlaced = place === url.pathname;
    // Documents and workers must know where they are: their own URLs are relative to that.
    const hasPlace = request.mode === "navigate" || /worker$/.test(request.destination);
    if (hasPlace && !isPlaced) return this.#redirect(place, url);
    const target = path + url.search;
    return request.mode === "navigate"
      ? await this.#document(event, target, asker)
      : await this.#send(event, target, asker);
  }

  /** The text of the script that runs first in documents. */
  #script(): Promise<Response> {
    const headers = {
      "content-type": "text/javascript; charset=utf-8",
      "cache-control": "no-store",
    };
    return Promise.resolve(new Response(this.#options.inject, { headers }));
  }

  #redirect(place: string, url: URL): Response {
    return Response.redirect(this.#site.origin + place + url.search, 307);
  }

  /** The path in the tunnel for a URL of this origin, as the document that asks means it. */
  async #pathFor(asker: Asker, url: URL): Promise<string | undefined> {
    const service = await this.#serviceOf(asker);
    return this.#site.lead(url, service, this.#services.known);
  }

  /** The prefix of the service that a document came from; undefined for the site's own. */
  async #serviceOf({ isApp, path }: Asker): Promise<string | undefined> {
    if (!isApp || this.#site.service !== undefined) return this.#site.service;
    if (path !== undefined) return await this.#services.of(path);
    // A document that has no URL of its own: where all come from one service, it does so, too.
    const paths = await this.#options.askers.paths();
    const services = new Set(await Promise.all(paths.map((path) => this.#services.of(path))));
    return services.size === 1 ? [...services][0] : undefined;
  }

  async #send(
    { request, clientId }: RequestEvent,
    target: string,
    asker: Asker,
    more: Record<string, string> = {},
  ): Promise<Response> {
    const headers = { ...more };
    const isNavigation = request.mode === "navigate";
    if (asker.path !== undefined && !isNavigation) headers[FROM] = asker.path;
    const response = await answer(request, this.#options.tunnel, {
      target,
      client: isNavigation ? "" : clientId,
      referrer: await this.#referrer(request, asker),
      headers,
    });
    for (const name of [BACKEND, COOKIES, SERVICE]) {
      if (!isNavigation && response.type !== "error") response.headers.delete(name);
    }
    return response;
  }

  /** The URL of the document that asks, as the backend would have it on a site with this mount. */
  async #referrer({ referrer }: PageRequest, asker: Asker): Promise<string> {
    const { origin, mount } = this.#site;
    if (!asker.isApp || !this.#site.hasOrigin(referrer)) return referrer;
    const url = new URL(referrer);
    const path = await this.#pathFor(asker, url);
    return path === undefined ? referrer : origin + mount + path + url.search;
  }

  /** A document that comes through the tunnel. */
  async #document(event: RequestEvent, target: string, asker: Asker): Promise<Response> {
    const { request } = event;
    const { scope, config, script } = this.#site;
    const { pathname, search } = new URL(request.url);
    const isForeign = this.#foreign.delete(pathname + search);
    const response = await this.#send(event, target, asker, isForeign ? CROSS_SITE : {});
    if (response.type === "error") return response;
    const service = response.headers.get(SERVICE) ?? await this.#serviceAt(target);
    const backend = response.headers.get(BACKEND);
    const cookies = response.headers.get(COOKIES);
    this.#services.add(service);
    if (backend !== null) this.#backends.add(service, backend);
    for (const name of [BACKEND, COOKIES, SERVICE]) response.headers.delete(name);
    const isFramed = config !== undefined && request.destination !== "document";
    return await toAppDocument(response, {
      script: script.href,
      forms: scope.pathname === "/" ? undefined : scope.href,
      isFramed,
      backends: backend === null ? [] : this.#backends.hostsOf(backend),
      settings: {
        scope: scope.pathname,
        base: this.#site.baseOf(service),
        service,
        isMoved: config !== undefined && scope.pathname !== "/" && await this.#isOnly(service),
        backend,
        cookies: cookies === null ? null : decodeURIComponent(cookies),
        isInShell: isFramed,
      },
    });
  }

  /** The service of a target, where the host does not tell. */
  async #serviceAt(target: string): Promise<string> {
    return this.#site.service ?? await this.#services.of(target.split("?")[0]!) ?? "/";
  }

  /** Whether the whole site belongs to a service. */
  async #isOnly(service: string): Promise<boolean> {
    if (this.#site.service !== undefined || service !== "/") return service === this.#site.service;
    await this.#services.of("/");
    return this.#services.known.size === 1;
  }

  /** Asks the host for a path of its own. */
  async #ask(path: string): Promise<Response> {
    const url = this.#site.origin + this.#site.placeOf(path);
    const { method, headers, cache, signal } = new Request(url);
    const request: PageRequest = {
      method,
      url,
      headers,
      mode: "cors",
      cache,
      destination: "",
      referrer: "",
      referrerPolicy: "",
      signal,
      blob: () => Promise.resolve(new Blob()),
    };
    return await answer(request, this.#options.tunnel, { target: path, client: "" });
  }
}

const CROSS_SITE = { "sec-fetch-site": "cross-site" };

function remember(set: Set<string>, value: string): void {
  set.add(value);
  if (set.size > MAX_DOCUMENTS) set.delete(set.values().next().value!);
}
