// Finds out which document made a request, by what browsers tell a worker: the client's URL, which is
// the one that the document was made with, and the referrer, which a script can change.
import { COOKIES_PATH, parseUrl } from "../../wire/mod.ts";
import type { ToDocument } from "../inject/messages.ts";
import type { PageRequest } from "./page_request.ts";
import { trim } from "./remembered.ts";
import type { Site } from "./site.ts";

/** A client, as a service worker has it. */
export interface WorkerClient {
  readonly id: string;
  readonly url: string;
  readonly type?: "window" | "worker" | "sharedworker";
  readonly frameType?: "auxiliary" | "top-level" | "nested" | "none";
  postMessage(message: unknown): void;
}

/** The parts of a worker's Clients that are used here. */
export interface WorkerClients {
  claim(): Promise<void>;
  get(id: string): Promise<WorkerClient | undefined>;
  matchAll(options?: { type?: "all" | "window" }): Promise<readonly WorkerClient[]>;
}

/** Who asks. */
export interface Asker {
  /** Whether it came through the tunnel: then nothing that it asks for may go to the site's server. */
  isApp: boolean;
  /** Its path in the tunnel, if that is known. */
  path?: string;
  /** Whether it is a web worker. */
  isWorker?: boolean;
  /** Whether its own URL says so, which stays. */
  isCertain?: boolean;
}

/** A request, and who makes it as far as the browser tells. */
export interface Asking {
  request: PageRequest;
  clientId: string;
  /** The client that the answer makes: a document or a web worker. */
  resultingClientId?: string;
}

/** Time after which a client that the browser does not show is a worker that loads its modules (Firefox). */
const READY_MS = 1000;

/** Limit for documents to say where they are, in milliseconds. */
const WHERE_MS = 5000;

/** Such a client. */
const LOADING: WorkerClient = { id: "", url: "about:blank", postMessage: () => {} };

/** A document of the site's own, or nobody. */
export const SITE: Asker = { isApp: false };

/** Tells documents of the app from the site's own. */
export class Askers {
  readonly #site: Site;
  readonly #clients: WorkerClients;
  readonly #readyMs: number;
  readonly #whereMs: number;
  /** Web workers by their clients' ids. */
  readonly #workers = new Map<string, Asker>();
  /** Documents that a script has moved out of the prefix, by the URLs that they have had there. */
  readonly #moved = new Map<string, { id: string; asker: Asker }>();
  /** Called with each client that asks, who it is, and what it asks for. */
  readonly #watchers = new Set<(id: string, asker: Asker, request: PageRequest) => void>();

  /**
   * @param limits How long to wait for a client that the browser does not show, and for documents to say
   * where they are, in milliseconds. @default 1000, and 5000
   */
  constructor(
    site: Site,
    clients: WorkerClients,
    { readyMs = READY_MS, whereMs = WHERE_MS }: { readyMs?: number; whereMs?: number } = {},
  ) {
    this.#site = site;
    this.#clients = clients;
    this.#readyMs = readyMs;
    this.#whereMs = whereMs;
  }

  /**
   * Remembers the web worker that the answer to a request makes. Firefox does not show it before it has
   * loaded its modules, and these may have URLs that say nothing.
   */
  addWorker({ request: { url }, resultingClientId: id }: Asking): void {
    if (!id) return;
    this.#workers.set(id, { ...this.#byUrl({ url }), isWorker: true, isCertain: true });
    trim(this.#workers);
  }

  /** Who asks for something that is no document of a frame or a tab. */
  async of({ request, clientId }: Asking): Promise<Asker> {
    const worker = this.#workers.get(clientId);
    if (worker) return worker;
    const client = clientId ? await this.#ready(clientId) : undefined;
    const isWorker = client === LOADING || /worker$/.test(client?.type ?? "");
    if (client && /^https?:/.test(client.url)) {
      const asker = { ...this.#byUrl(client), isWorker, isCertain: true };
      if (asker.isApp && this.#isMoved(request.referrer)) {
        this.#moved.set(request.referrer, { id: clientId, asker });
        trim(this.#moved);
      }
      for (const watch of this.#watchers) watch(clientId, asker, request);
      return asker;
    }
    // A document that has gone, or one without a URL of its own: a frame of srcdoc, a worker of a blob.
    const referrer = client?.url.startsWith("blob:") ? "" : request.referrer;
    return { ...await this.#byReferrer(referrer), isWorker };
  }

  /** A client that asks for a script may wait for that to be ready itself. */
  async #ready(id: string): Promise<WorkerClient | undefined> {
    let timer: ReturnType<typeof setTimeout>;
    const loading = new Promise<WorkerClient>((resolve) => {
      timer = setTimeout(() => resolve(LOADING), this.#readyMs);
    });
    return await Promise.race([this.#clients.get(id), loading]).finally(() => clearTimeout(timer));
  }

  /** Who navigates. */
  async ofNavigation({ request, clientId }: Asking): Promise<Asker> {
    const { referrer, referrerPolicy } = request;
    const url = parseUrl(referrer);
    if (url && this.#site.isUnder(referrer)) return this.#byUrl({ url: referrer });
    // An address that the user has typed has no referrer, and the tab's last document as its client.
    const isOwn = url ? this.#site.hasOrigin(referrer) : referrerPolicy === "no-referrer";
    if (!isOwn) return SITE;
    const client = clientId ? await this.#clients.get(clientId) : undefined;
    if (client) return this.#byUrl(client);
    return url ? await this.#byReferrer(referrer) : SITE;
  }

  /**
   * Whose document is at a URL of this origin, which the user loads again. A script of the app may have
   * given it that URL: what the document has asked for since then tells, or what it now asks for.
   */
  async at(url: URL): Promise<Asker> {
    const href = withoutHash(url.href);
    const clients = await this.#clients.matchAll({ type: "window" });
    const apps = clients.filter((client) => this.#byUrl(client).isApp);
    if (apps.length === 0 || clients.some(({ url }) => withoutHash(url) === href)) return SITE;
    const moved = this.#moved.get(href);
    if (moved && apps.some(({ id }) => id === moved.id)) return moved.asker;
    const { promise, resolve } = Promise.withResolvers<Asker>();
    const silent = new Set(apps.map(({ id }) => id));
    const watch = (id: string, asker: Asker, { url, referrer }: PageRequest) => {
      if (asker.isApp && referrer === href) resolve(asker);
      if (url.endsWith(COOKIES_PATH)) silent.delete(id);
      if (silent.size === 0) resolve(SITE);
    };
    const timer = setTimeout(() => resolve(SITE), this.#whereMs);
    this.#watchers.add(watch);
    for (const app of apps) app.postMessage({ lighthouse: "stale" } satisfies ToDocument);
    return await promise.finally(() => {
      clearTimeout(timer);
      this.#watchers.delete(watch);
    });
  }

  /** Posts a message to a client that is still there. */
  async post(id: string, message: ToDocument): Promise<void> {
    (id ? await this.#clients.get(id) : undefined)?.postMessage(message);
  }

  /** Posts a message to all documents that came through the tunnel, except one. */
  async postToOthers(id: string, message: ToDocument): Promise<void> {
    for (const client of await this.#clients.matchAll({ type: "window" })) {
      if (client.id !== id && this.#byUrl(client).isApp) client.postMessage(message);
    }
  }

  /** The paths in the tunnel of the open documents that came through it. */
  async paths(): Promise<string[]> {
    const clients = await this.#clients.matchAll({ type: "window" });
    return clients.map((client) => this.#byUrl(client))
      .flatMap(({ isApp, path }) => isApp && path !== undefined ? path : []);
  }

  /** Whether the URL of a document of the app's is one that a script has given it. */
  #isMoved(url: string): boolean {
    return !this.#site.config && this.#site.hasOrigin(url) && !this.#site.isUnder(url);
  }

  #byUrl({ url, frameType }: Pick<WorkerClient, "url" | "frameType">): Asker {
    const path = this.#site.pathOf(new URL(url));
    // In app mode a tab's own document is the shell, of the same URL as the app's.
    if (path === undefined) {
      return { isApp: this.#site.config !== undefined && frameType !== "top-level" };
    }
    return { isApp: !this.#site.config || frameType !== "top-level", path };
  }

  async #byReferrer(referrer: string): Promise<Asker> {
    if (referrer && this.#site.isUnder(referrer)) return this.#byUrl({ url: referrer });
    if (this.#site.config) return { isApp: true };
    // A document's script may have changed its URL to any of this origin.
    const clients = await this.#clients.matchAll({ type: "window" });
    const isSites = clients.some(({ url }) => url === referrer);
    return { isApp: !isSites && clients.some(({ url }) => this.#site.isUnder(url)) };
  }
}

function withoutHash(url: string): string {
  return url.split("#")[0]!;
}
