// Handles the service worker's events.
import { isReading } from "../fetch/client_headers.ts";
import { holdLifetimeLock } from "../tabs/lifetime_lock.ts";
import { groupOf, type ToWorker } from "../tabs/tab_messages.ts";
import { preferredLanguage } from "../texts/language.ts";
import type { BeaconMessage, CookieMessage } from "../inject/messages.ts";
import { AppRequests } from "./app_requests.ts";
import { Askers, type WorkerClients } from "./askers.ts";
import { Backends, backendStore } from "./backends.ts";
import { EventSources } from "./event_source.ts";
import { LeaderLink } from "./leader_link.ts";
import { OwnFiles } from "./own_files.ts";
import type { PageRequest } from "./page_request.ts";
import { Router } from "./router.ts";
import { Site } from "./site.ts";
import type { SiteConfig } from "./site_config.ts";
import type { Tunnel } from "./worker_fetch.ts";

/** An event of a service worker, with the members of all handled events. */
export interface WorkerEvent {
  data: unknown;
  request: PageRequest;
  /** The client that asks; "" for most navigations. */
  clientId: string;
  /** The client that the answer makes; "" where it makes none. */
  resultingClientId?: string;
  /** The client that has posted a message. */
  source: { id: string } | null;
  waitUntil(work: Promise<unknown>): void;
  respondWith(response: Promise<Response>): void;
}

/** The parts of ServiceWorkerGlobalScope that are used here: TypeScript has it in a separate library. */
export interface WorkerScope {
  location: Pick<Location, "href">;
  navigator: { locks: LockManager; languages: readonly string[] };
  BroadcastChannel: new (name: string) => BroadcastChannel;
  registration: { scope: string };
  clients: WorkerClients;
  caches: CacheStorage;
  fetch: typeof fetch;
  /** What `lighthouse-host site` has written; undefined on a site of the owner's own pages. */
  lighthouseSite?: SiteConfig;
  skipWaiting(): Promise<void>;
  addEventListener(
    type: "install" | "activate" | "message" | "fetch",
    listener: (event: WorkerEvent) => void,
  ): void;
}

/** The texts of the scripts that run first in the app's documents and in its workers. */
export interface EmbeddedScripts {
  inject: string;
  injectWorker: string;
}

/**
 * Leads requests under the prefix through the tunnel.
 *
 * @throws {TypeError} If the worker's URL names a prefix outside of its scope.
 */
export function startWorker(worker: WorkerScope, scripts: EmbeddedScripts): void {
  const { registration: { scope }, location, navigator: { locks, languages } } = worker;
  const { lighthouseSite } = worker;
  const site = new Site({
    scope,
    worker: location.href,
    config: lighthouseSite,
    language: preferredLanguage(languages),
  });
  /** Known once this worker holds its lock. */
  const link = holdLifetimeLock({ locks }).then((alive) =>
    new LeaderLink({ channel: new worker.BroadcastChannel(groupOf(scope)), alive, locks })
  );
  const tunnel: Tunnel = {
    site,
    session: async () => (await link).session(),
    untilSilent: async (signal) => (await link).untilSilent(signal),
    eventSources: new EventSources(),
  };
  const own = lighthouseSite && new OwnFiles({
    scope: site.scope,
    config: lighthouseSite,
    caches: worker.caches,
    fetch: (input, init) => worker.fetch(input, init),
  });
  const askers = new Askers(site, worker.clients);
  const backends = new Backends(backendStore(worker.caches, scope), site.scope.hostname);
  const requests = new AppRequests({
    tunnel,
    askers,
    backends,
    injectWorker: scripts.injectWorker,
  });
  const router = new Router({
    site,
    askers,
    requests,
    backends,
    inject: scripts.inject,
    own,
    fetch: (request) => worker.fetch(request),
  });

  worker.addEventListener("install", (event) => {
    event.waitUntil(Promise.all([own?.install(), worker.skipWaiting()]));
  });
  // claim() makes the worker control the registering page without a reload.
  worker.addEventListener("activate", (event) => {
    event.waitUntil(Promise.all([own?.clean(), worker.clients.claim()]));
  });
  worker.addEventListener("fetch", (event) => {
    const response = router.handle(event);
    if (response) event.respondWith(response);
  });
  worker.addEventListener("message", (event) => {
    const message = event.data as ToWorker | CookieMessage | BeaconMessage | null;
    switch (message?.lighthouse) {
      case "hold":
        return event.waitUntil(link.then((link) => link.setLeader(message.alive, message.port)));
      case "open":
        return event.waitUntil(link.then((link) => link.pass(message)));
      case "socket":
        return event.waitUntil(
          requests.placed(message).then(async (placed) => (await link).pass(placed)),
        );
      case "cookie":
        return event.waitUntil(requests.setCookie(message, event.source?.id ?? ""));
      case "beacon": {
        const asking = { request: toBeacon(message), clientId: event.source?.id ?? "" };
        return event.waitUntil(Promise.resolve(router.handle(asking)));
      }
      case "awake":
        // A page after a forced reload is not controlled until it is claimed.
        return event.waitUntil(worker.clients.claim());
    }
  });
}

/** The request that the browser would have made. */
function toBeacon(message: BeaconMessage): Request {
  const { url, referrer, body: data, method = "POST" } = message;
  const headers = new Headers(message.headers);
  const body = data instanceof Blob ? data : new FormData();
  if (body instanceof FormData) {
    for (const [name, value] of data as [string, FormDataEntryValue][]) body.append(name, value);
    // It names a boundary of the document's.
    headers.delete("content-type");
  }
  const sent = isReading(method) ? undefined : body;
  return new Request(url, { method, headers, body: sent, referrer, mode: "same-origin" });
}
