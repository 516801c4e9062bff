// Decides where a request goes: to the laptop, to the site's own files, or to the browser's own ways.
import { parseUrl } from "../../wire/mod.ts";
import { isReading } from "../fetch/client_headers.ts";
import type { AppRequests } from "./app_requests.ts";
import { type Asker, type Askers, type Asking, SITE } from "./askers.ts";
import type { Backends } from "./backends.ts";
import type { OwnFiles } from "./own_files.ts";
import { isFromSite, type PageRequest, plainRequest } from "./page_request.ts";
import { trim } from "./remembered.ts";
import { fileNameOf, toSavedFile } from "./saved_file.ts";
import { unplaced } from "./service_page.ts";
import { isSignIn } from "./sign_in.ts";
import type { Site } from "./site.ts";

/** Options of {@linkcode Router}. */
export interface RouterOptions {
  site: Site;
  askers: Askers;
  requests: AppRequests;
  backends: Backends;
  /** The text of the script that runs first in documents. */
  inject: string;
  /** The site's own files; undefined where its owner has written its pages. */
  own: OwnFiles | undefined;
  fetch: (request: Request) => Promise<Response>;
}

/** The worker's decisions about its site's requests. */
export class Router {
  readonly #options: RouterOptions;
  readonly #site: Site;
  /** Clients that are documents of the site's own, whose further requests are the browser's. */
  readonly #siteClients = new Set<string>();
  /** Addresses that another site, or the user, has opened in a tab, whose shell is yet to ask for them. */
  readonly #foreign = new Set<string>();

  constructor(options: RouterOptions) {
    this.#options = options;
    this.#site = options.site;
  }

  /** The answer to a request; undefined leaves it to the browser. */
  handle(event: Asking): Promise<Response> | undefined {
    const { request } = event;
    const url = new URL(request.url);
    const isNavigation = request.mode === "navigate";
    if (url.origin !== this.#site.origin) {
      return !isNavigation && this.#options.backends.mayOwn(url)
        ? this.#absolute(event, url)
        : undefined;
    }
    if (request.url.split("?")[0] === this.#site.script.href) return this.#script();
    if (isNavigation && url.pathname === this.#site.save.pathname) return this.#saved(event, url);
    if (this.#options.own) return this.#inAppMode(event, url, this.#options.own);
    if (this.#site.isUnder(request.url)) return this.#led(event, url);
    if (isNavigation && isReload(request)) return this.#reloaded(event, url);
    const isSites = isNavigation ? this.#isTyped(request) : this.#siteClients.has(event.clientId);
    return isSites ? undefined : this.#ledOrSites(event, url);
  }

  /** Whether a navigation is by nobody's document: the user's, or another site's. */
  #isTyped({ referrer, referrerPolicy }: PageRequest): boolean {
    return referrer ? !this.#site.hasOrigin(referrer) : referrerPolicy !== "no-referrer";
  }

  #inAppMode(event: Asking, url: URL, own: OwnFiles): Promise<Response> {
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
  async #tab(event: Asking, url: URL, own: OwnFiles): Promise<Response> {
    const { request } = event;
    // The start page is the site's, wherever the link to it is.
    const asker = url.href === this.#site.scope.href || own.isInFolder(url)
      ? SITE
      : await this.#options.askers.ofNavigation(event);
    // The shell comes at once, whether there is a connection or not.
    const service = asker.path === undefined
      ? undefined
      : this.#options.requests.services.find(asker.path);
    const path = this.#site.lead(url, service, this.#options.requests.services.known);
    const place = path !== undefined && this.#site.placeOf(path);
    if (place && place !== url.pathname) return this.#redirect(place, url);
    // A reload is the user's own; anything else without a referrer may be another site's.
    const address = url.pathname + url.search;
    if (isFromSite(request, this.#site.origin) || isReload(request)) {
      this.#foreign.delete(address);
    } else {
      remember(this.#foreign, address);
    }
    return await own.shell();
  }

  async #ownOrLed(
    event: Asking,
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
  async #ledOrSites(event: Asking, url: URL): Promise<Response> {
    const { request, clientId } = event;
    const isNavigation = request.mode === "navigate";
    const asker = await this.#askerOf(event);
    if (asker.isApp) return await this.#led(event, url, asker);
    if (!isNavigation && asker.isCertain) remember(this.#siteClients, clientId);
    return await this.#options.fetch(request as Request);
  }

  /** A document of the app may be at a URL outside of that part, and is loaded again. */
  async #reloaded(event: Asking, url: URL): Promise<Response> {
    const asker = await this.#options.askers.at(url);
    return asker.isApp
      ? await this.#led(event, url, asker)
      : await this.#options.fetch(event.request as Request);
  }

  /** A backend's own URL, as some apps write it into their pages. */
  async #absolute(event: Asking, url: URL): Promise<Response> {
    const { request } = event;
    const asker = await this.#options.askers.of(event);
    const path = asker.isApp
      ? this.#options.backends.pathOf(url, await this.#options.requests.serviceOf(asker))
      : undefined;
    if (path === undefined) return await this.#options.fetch(request as Request);
    return await this.#options.requests.send(event, path + url.search, asker);
  }

  #askerOf(event: Asking): Promise<Asker> {
    const { askers } = this.#options;
    return event.request.mode === "navigate" ? askers.ofNavigation(event) : askers.of(event);
  }

  /** Leads a request of this origin into the tunnel. */
  async #led(event: Asking, url: URL, known?: Asker): Promise<Response> {
    const { request } = event;
    const asker = known ?? await this.#askerOf(event);
    const path = await this.#options.requests.pathFor(asker, url);
    if (path === undefined) {
      console.warn(`lighthouse-tunnel: ${request.url} was not sent, since its service is unknown`);
      return request.mode === "navigate" ? unplaced(this.#site.language) : Response.error();
    }
    const place = this.#site.placeOf(path);
    const isPlaced = place === url.pathname;
    // Documents and workers must know where they are: their own URLs are relative to that.
    const isWorker = isOwnScript(request);
    if ((isWorker || request.mode === "navigate") && !isPlaced) return this.#redirect(place, url);
    if (isWorker) this.#options.askers.addWorker(event);
    const target = path + url.search;
    const { requests } = this.#options;
    if (request.mode !== "navigate") return await requests.send(event, target, asker);
    const isForeign = this.#foreign.delete(url.pathname + url.search);
    return await requests.document(event, target, asker, isForeign ? CROSS_SITE : {});
  }

  /** What a link of the app's names, as a file to save. */
  async #saved(event: Asking, { searchParams }: URL): Promise<Response> {
    const { askers, requests } = this.#options;
    const url = parseUrl(searchParams.get("url") ?? "");
    const asker = await askers.ofNavigation(event);
    if (!asker.isApp || url?.origin !== this.#site.origin) return Response.error();
    const path = await requests.pathFor(asker, url);
    if (path === undefined) return Response.error();
    const { referrer, signal } = event.request;
    const request: PageRequest = { ...plainRequest(url.href), referrer, signal };
    const asking = { request, clientId: event.clientId };
    const response = await requests.send(asking, path + url.search, asker);
    return toSavedFile(response, searchParams.get("name") || fileNameOf(url));
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
}

/** Whether the user has a document loaded again. */
function isReload({ cache }: PageRequest): boolean {
  return cache === "no-cache";
}

/** Whether a request is for a web worker's own script. Its modules are fetched for a worker as well. */
function isOwnScript({ destination, mode }: PageRequest): boolean {
  return /worker$/.test(destination) && mode === "same-origin";
}

const CROSS_SITE = { "sec-fetch-site": "cross-site" };

function remember(set: Set<string>, value: string): void {
  set.add(value);
  trim(set);
}
