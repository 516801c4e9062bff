// What the parts of the injected script share: the document that they are in, and its ways to the worker.
import { parseUrl } from "../../wire/mod.ts";
import type { OpenSocket } from "../fetch/opened_socket.ts";
import { borrowSockets } from "./borrowed_sockets.ts";
import type { PageSettings } from "./messages.ts";
import { call } from "./native.ts";
import { Places } from "./places.ts";
import { ScriptCookies } from "./script_cookies.ts";
import { askServices } from "./services.ts";
import type { WebSocketOptions } from "./web_socket.ts";

/** A document's window. Frames without a URL of their own are served by the window that made them. */
export type AppWindow = Window & typeof globalThis & { [POST]?: App["post"] };

/**
 * The way to the worker, in the window of a frame that another window serves: the first document that the
 * frame loads may have the same window.
 */
export const POST: unique symbol = Symbol.for("lighthouse") as never;

/** The app, as its document's script sees it. */
export interface App {
  settings: PageSettings;
  places: Places;
  /** The URL of the script. */
  script: string;
  /** The nonce of the script's tag, "" if it has none. */
  nonce: string;
  /** The URL on the site that leads into the tunnel. */
  prefix: string;
  openSocket: OpenSocket;
  /** Posts to the service worker. */
  post: (message: unknown, transfer?: Transferable[]) => void;
  /** The prefixes of the device's services. */
  services: () => Promise<string[]>;
  cookies: ScriptCookies;
  /** The platform's own fetch. */
  fetch: typeof fetch;
  /** Whether the window is the one that the shell shows, and no frame of the app's. */
  isRoot: boolean;
  /** The shell's window, where `isRoot`. */
  shell: Window;
}

/** Reads what the script's tag says. */
export function openApp(
  window: AppWindow,
  { settings, script, nonce }: Pick<App, "settings" | "script" | "nonce">,
): App {
  // Frames of srcdoc have the origin of their parents, though their URLs have none.
  const { origin, parent, top } = window;
  const scope = new URL(settings.scope, origin).href;
  // The script is in the folder of the paths that the worker answers itself.
  const prefix = /\/\.lighthouse\/[^/]*$/.test(script) ? new URL("../", script).href : scope;
  const post = window[POST] ?? workerPost(window);
  const fetch = window.fetch.bind(window);
  let services: Promise<string[]> | undefined;
  return {
    settings,
    script,
    nonce,
    prefix,
    places: new Places(settings, new URL(prefix).pathname, origin),
    openSocket: borrowSockets(scope, post),
    post,
    services: () => services ??= askServices(fetch, prefix),
    cookies: new ScriptCookies(settings.cookies ?? ""),
    fetch,
    isRoot: settings.isInShell && parent === top && parent !== window,
    shell: parent,
  };
}

/** Posts to the service worker, which the app is not shown. */
function workerPost(
  { navigator: { serviceWorker }, ServiceWorkerContainer }: AppWindow,
): App["post"] {
  const { controller, ready } = Object.getOwnPropertyDescriptors(ServiceWorkerContainer.prototype);
  return async (message, transfer = []) => {
    const worker: ServiceWorker = call(controller.get, serviceWorker, []) ??
      (await call(ready.get, serviceWorker, [])).active;
    worker.postMessage(message, transfer);
  };
}

/** How a window's WebSockets are to be opened. */
export function webSocketOptions(window: AppWindow, app: App): WebSocketOptions {
  return {
    site: window.origin,
    baseUrl: () => window.document.baseURI,
    target: (url) => app.places.target(url, app.services),
    open: app.openSocket,
  };
}

/** What an attribute or an argument means as a URL; null where it is none. */
export function resolve(window: AppWindow, value: unknown): URL | null {
  // The platform makes a text of it.
  return parseUrl(value as string, window.document.baseURI);
}

/** The URL by which the browser gets it where that is another one; null otherwise. */
export function detour(window: AppWindow, app: App, value: unknown): string | null {
  const url = resolve(window, value);
  const led = url && app.places.lead(url);
  return led === url?.href ? null : led;
}
