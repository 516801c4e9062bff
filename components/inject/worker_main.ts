/**
 * The script that runs first in each of the app's workers: WebSocket over the session, by the document that
 * has made the worker.
 *
 * @module
 */
import { borrowSession } from "./borrowed_session.ts";
import { Places } from "./places.ts";
import { replaceWebSocket } from "./web_socket.ts";
import type { StartMessage } from "./worker_messages.ts";

const { promise: started, resolve: start } = Promise.withResolvers<StartMessage>();
/** The ways to the service worker, by the documents that know this worker: the last one lives the longest. */
const ports: MessagePort[] = [];
let places: Places | undefined;

/** Keeps the documents' first messages from the app's listeners. */
function hear(event: Event): void {
  const message = (event as MessageEvent).data as StartMessage | null;
  if (message?.lighthouse !== "start") return;
  event.stopImmediatePropagation();
  const { settings, prefix, port } = message;
  ports.push(port);
  places ??= new Places(settings, new URL(prefix).pathname, new URL(prefix).origin);
  start(message);
}

addEventListener("message", hear);
addEventListener("connect", (event) => {
  for (const port of (event as MessageEvent).ports) {
    port.addEventListener("message", hear);
    // The app may only post by this port, and then never starts it.
    setTimeout(() => port.start());
  }
});

async function services(prefix: string): Promise<string[]> {
  const response = await fetch(`${prefix}.lighthouse/services`);
  const { services } = await response.json() as { services: { prefix: string }[] };
  return services.map(({ prefix }) => prefix);
}

/** Whether a socket of a URL is the app's, before the document has said what is. */
const mayBeApps = ({ hostname }: URL) =>
  hostname === new URL(origin).hostname || /^(?:localhost|127\..*|\[::1\])$/.test(hostname);

replaceWebSocket(globalThis, {
  baseUrl: () => location.href,
  target(url) {
    const known = places && places.target(url, async () => services((await started).prefix));
    if (places || !mayBeApps(url)) return known ?? null;
    return started.then(async ({ prefix }) => {
      const target = await places!.target(url, () => services(prefix));
      if (target === null) throw new TypeError(`Cannot open a WebSocket: ${url} is not the app's`);
      return target;
    });
  },
  async connect() {
    const { settings, prefix } = await started;
    const scope = new URL(settings.scope, prefix).href;
    return await (session ??= borrowSession(scope, (message, transfer) => {
      for (const port of ports.slice(-1)) port.postMessage(message, transfer);
    }))();
  },
});

let session: ReturnType<typeof borrowSession> | undefined;
