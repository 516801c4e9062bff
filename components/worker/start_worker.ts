// Handles the service worker's events.
import { holdLifetimeLock } from "../tabs/lifetime_lock.ts";
import { groupOf, prefixIn, type ToWorker } from "../tabs/tab_messages.ts";
import { EventSources } from "./event_source.ts";
import { LeaderLink } from "./leader_link.ts";
import type { PageRequest } from "./page_request.ts";
import { answer, isUnder, type Tunnel } from "./worker_fetch.ts";

/** An event of a service worker, with the members of all handled events. */
export interface WorkerEvent {
  data: unknown;
  request: PageRequest;
  /** The page that asks; "" for a navigation. */
  clientId: string;
  waitUntil(work: Promise<unknown>): void;
  respondWith(response: Promise<Response>): void;
}

/** The parts of ServiceWorkerGlobalScope that are used here: TypeScript has it in a separate library. */
export interface WorkerScope {
  location: Pick<Location, "href">;
  navigator: { locks: LockManager };
  BroadcastChannel: new (name: string) => BroadcastChannel;
  registration: { scope: string };
  clients: { claim(): Promise<void> };
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
export function startWorker(worker: WorkerScope, _scripts?: EmbeddedScripts): void {
  const { registration: { scope }, location, navigator: { locks } } = worker;
  const prefix = prefixIn(scope, location.href);
  /** Known once this worker holds its lock. */
  const link = holdLifetimeLock({ locks }).then((alive) =>
    new LeaderLink({ channel: new worker.BroadcastChannel(groupOf(scope)), alive, locks })
  );
  const tunnel: Tunnel = {
    prefix,
    site: scope,
    session: async () => (await link).session(),
    untilSilent: async (signal) => (await link).untilSilent(signal),
    eventSources: new EventSources(),
  };

  worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
  // claim() makes the worker control the registering page without a reload.
  worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));
  worker.addEventListener("fetch", (event) => {
    const { request, clientId } = event;
    if (isUnder(prefix, request.url)) event.respondWith(answer(request, tunnel, clientId));
  });
  worker.addEventListener("message", (event) => {
    const message = event.data as ToWorker | null;
    switch (message?.lighthouse) {
      case "hold":
        return event.waitUntil(link.then((link) => link.setLeader(message.alive, message.port)));
      case "open":
        return event.waitUntil(link.then((link) => link.pass(message)));
      case "awake":
        // A page after a forced reload is not controlled until it is claimed.
        return event.waitUntil(worker.clients.claim());
    }
  });
}
