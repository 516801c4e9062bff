// What runs first in each of the app's workers: WebSocket over the session, by the document that has made the
// worker.
import { parseUrl } from "../../wire/mod.ts";
import { lifetimeEnd } from "../tabs/lifetime_lock.ts";
import { borrowSockets } from "./borrowed_sockets.ts";
import { Places } from "./places.ts";
import { askServices } from "./services.ts";
import { replaceWebSocket } from "./web_socket.ts";
import type { StartMessage } from "./worker_messages.ts";

/** Serves the worker that this runs in. */
export function serveWorker(): void {
  const { promise: started, resolve: start } = Promise.withResolvers<StartMessage>();
  /** The ways to the service worker, by the documents that know this worker: the newest is the last. */
  let ports: MessagePort[] = [];
  /** Resolves when the document that has connected last has posted its way. */
  let newest = Promise.withResolvers<void>();
  let places: Places | undefined;

  // Keeps the documents' first messages from the app's listeners.
  const hear = (event: Event) => {
    const message = (event as MessageEvent).data as StartMessage | null;
    if (message?.lighthouse !== "start") return;
    event.stopImmediatePropagation();
    const { settings, prefix, port } = message;
    const { pathname, origin } = new URL(prefix);
    ports.push(port);
    port.onmessage = async ({ data: alive }) => {
      await lifetimeEnd(alive);
      ports = ports.filter((one) => one !== port);
    };
    newest.resolve();
    places ??= new Places(settings, pathname, origin);
    start(message);
  };
  addEventListener("message", hear);
  addEventListener("connect", (event) => {
    // The ways of others may be those of documents that are going.
    newest = Promise.withResolvers();
    for (const port of (event as MessageEvent).ports) {
      port.addEventListener("message", hear);
      // The app may only post by this port, and then never starts it.
      setTimeout(() => port.start());
    }
  });

  const services = async () => askServices(fetch, (await started).prefix);
  const open = started.then(({ settings, prefix }) =>
    borrowSockets(new URL(settings.scope, prefix).href, (message, transfer) => {
      ports.at(-1)!.postMessage(message, transfer);
    })
  );
  // The origin of a worker of a Blob is that of its URL; Firefox has "null" in `self.origin`.
  const site = new URL(location.href).origin;
  replaceWebSocket(globalThis, {
    site,
    baseUrl: () => location.href,
    target(url) {
      if (places) return places.target(url, services);
      if (!mayBeApps(url, site)) return null;
      return started.then(() => places!.target(url, services) ?? Promise.reject(notApps(url)));
    },
    async open(opening, signal) {
      await newest.promise;
      return await (await open)(opening, signal);
    },
  });
}

/** Whether a socket may be the app's, as long as the document has not said what is. */
function mayBeApps({ hostname }: URL, site: string): boolean {
  return hostname === parseUrl(site)?.hostname || /^(?:localhost|127\..*|\[::1\])$/.test(hostname);
}

function notApps(url: URL): Error {
  return new TypeError(`Cannot open a WebSocket: ${url} is not the app's`);
}
