// For end-to-end tests: an app whose scripts try what they can.
import type { Route } from "../local/backend_route.ts";

/** The hostile app is at /evil. The others have secrets: one beside it, and one under its prefix. */
export const SERVICES = ["/evil", "/bank", "/evil/vault"];

/** The routes of all of them. */
export const ROUTES: Record<string, Route> = {
  "GET /": (_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end("<!doctype html><title>Nice app</title><p id=app>Nice app");
  },
  "GET /secret": (_request, response) => {
    response.setHeader("set-cookie", ["hidden=1; HttpOnly; Path=/", "shown=1; Path=/"]);
    response.end("the secret");
  },
  "GET /worker.js": (_request, response) => {
    response.setHeader("content-type", "text/javascript");
    response.end("self.addEventListener('fetch', () => {})");
  },
};

/** How a stream that the app has opened began: the answer's status and headers, or the code of its reset. */
export interface Opening {
  status?: number;
  headers?: [name: string, value: string][];
  code?: string;
}

/** What {@linkcode prepare} leaves in a document, as `evil`. */
export interface Evil {
  /** Opens a stream by the service worker, as its followers do, with any head. */
  byWorker(head: object | string): Promise<Opening>;
  /** Opens a stream by a key's frame of its own. */
  byKeyFrame(site: string, head: object | string): Promise<Opening>;
}

/** Prepares a document, in which it runs. */
export function prepare(): void {
  const open = (
    send: (message: object, port: MessagePort) => void,
    head: object | string,
  ): Promise<Opening> => {
    const { port1, port2 } = new MessageChannel();
    const text = typeof head === "string" ? head : JSON.stringify(head);
    send({ lighthouse: "open", head: new TextEncoder().encode(text), alive: "evil" }, port2);
    return new Promise((resolve) => {
      port1.onmessage = ({ data }) => {
        if (data.type === "reset") resolve({ code: data.code });
        if (data.type === "head") resolve(JSON.parse(new TextDecoder().decode(data.bytes)));
      };
    });
  };
  void navigator.locks.request("evil", () => new Promise(() => {}));
  const evil: Evil = {
    byWorker: (head) =>
      open((message, port) => {
        // The app's own document has none, for all that it can see.
        const { controller } = top!.navigator.serviceWorker;
        controller!.postMessage({ ...message, port }, [port]);
      }, head),
    async byKeyFrame(site, head) {
      // A frame within a frame is refused.
      const frame = top!.document.createElement("iframe");
      frame.src = site;
      const loaded = new Promise((resolve) => frame.onload = resolve);
      top!.document.body.append(frame);
      await loaded;
      const { port1, port2 } = new MessageChannel();
      frame.contentWindow!.postMessage({ lighthouse: "key-port" }, "*", [port2]);
      const connected = new Promise<Opening | void>((resolve) => {
        port1.onmessage = ({ data }) => {
          if (data.state === "connected") resolve();
          if (data.state === "failed") resolve({ code: data.code });
        };
      });
      port1.postMessage({ lighthouse: "connect" });
      const refused = await connected;
      const opening = refused ??
        await open((message, port) => port1.postMessage({ ...message, port }, [port]), head);
      frame.remove();
      return opening;
    },
  };
  Object.assign(globalThis, { evil });
}
