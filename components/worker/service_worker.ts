/**
 * The service worker: leads what a site's pages ask for under a prefix through the tunnel. The entry
 * of `components/dist/lighthouse-worker.js`, which is a whole worker by itself, or one line of a
 * site's own: `importScripts("./lighthouse-worker.js")`.
 *
 * The prefix is `local/` in the worker's scope, unless the URL under which the worker is registered
 * says another: `sw.js?prefix=laptop/`.
 *
 * @module
 */
import { holdLifetimeLock } from "../tabs/lifetime_lock.ts";
import { groupOf, prefixIn, type ToWorker } from "../tabs/tab_messages.ts";
import { LeaderLink } from "./leader_link.ts";
import { answer, isUnder, type Tunnel } from "./worker_fetch.ts";

/** ServiceWorkerGlobalScope, as far as it is used here: TypeScript has it apart from the page's. */
interface WorkerScope {
  registration: { scope: string };
  clients: { claim(): Promise<void> };
  skipWaiting(): Promise<void>;
  addEventListener(
    type: "install" | "activate" | "message" | "fetch",
    listener: (
      event: Event & {
        data: unknown;
        request: Request;
        waitUntil(work: Promise<unknown>): void;
        respondWith(response: Promise<Response>): void;
      },
    ) => void,
  ): void;
}

const worker = globalThis as unknown as WorkerScope;
const { scope } = worker.registration;
const prefix = prefixIn(scope, location.href);
/** Known once this worker holds its lock. */
const link = holdLifetimeLock().then((alive) =>
  new LeaderLink({ channel: new BroadcastChannel(groupOf(scope)), alive })
);
const tunnel: Tunnel = {
  prefix,
  site: scope,
  session: async () => (await link).session(),
};

worker.addEventListener("install", (event) => event.waitUntil(worker.skipWaiting()));
// The page that registers the worker is served by it without a reload.
worker.addEventListener("activate", (event) => event.waitUntil(worker.clients.claim()));

worker.addEventListener("fetch", (event) => {
  if (isUnder(prefix, event.request.url)) event.respondWith(answer(event.request, tunnel));
});

worker.addEventListener("message", (event) => {
  const message = event.data as ToWorker | null;
  switch (message?.lighthouse) {
    case "hold":
      return event.waitUntil(link.then((link) => link.hold(message.alive, message.port)));
    case "open":
      return event.waitUntil(link.then((link) => link.pass(message)));
    case "awake":
      // A page that was reloaded past all caches is not controlled until then.
      return event.waitUntil(worker.clients.claim());
  }
});
