// Requests that browsers send past the service worker, to the site's own server.
import { type App, type AppWindow, resolve } from "./app.ts";
import type { BeaconMessage } from "./messages.ts";
import { call, replaceAccessor, replaceMethod } from "./native.ts";

/** Most bytes of a beacon, as browsers have it (https://w3c.github.io/beacon/). */
const MAX_BEACON = 64 * 1024;

/** Whether this is Firefox, which sends others past the worker than Chromium does. */
export const isFirefox = (window: Window): boolean => "mozInnerScreenX" in window;

/** Leads such requests, or refuses them. docs/service-worker.md, "What no worker can serve". */
export function leadRequests(window: AppWindow, app: App): void {
  if (isFirefox(window)) leadGoing(window, app);
  // Under `local/`, it works in Firefox where another tab leads.
  if (!isFirefox(window) || app.settings.isInShell) leadSynchronous(window, app);
}

/**
 * Firefox sends the requests of a document that goes past the worker, and those of `fetch` with `keepalive`
 * at any time. A message still arrives.
 */
function leadGoing(window: AppWindow, app: App): void {
  const { Request, Navigator, HTMLImageElement } = window;
  let isGoing = false;
  window.addEventListener("pagehide", () => isGoing = true, true);
  window.addEventListener("pageshow", () => isGoing = false, true);
  const ours = (value: unknown): string | null => {
    const url = resolve(window, value);
    return url && app.places.lead(url) !== null ? url.href : null;
  };
  const post = (
    url: string,
    body: BeaconMessage["body"],
    more?: Pick<BeaconMessage, "method" | "headers">,
  ) => {
    const { href: referrer } = window.location;
    app.post({ lighthouse: "beacon", url, referrer, body, ...more } satisfies BeaconMessage);
  };
  replaceMethod(Navigator.prototype, "sendBeacon", (native, self, args) => {
    const url = ours(args[0]);
    if (!url) return call(native, self, args);
    const body = bodyOf(args[1]);
    if (body instanceof Blob && body.size > MAX_BEACON) return false;
    post(url, body);
    return true;
  });
  replaceMethod(window, "fetch", (native, self, args) => {
    const [input, init] = args as [RequestInfo | URL, RequestInit | undefined];
    const isRequest = input instanceof Request;
    const url = isGoing && !isRequest && ours(input);
    if (url) {
      const { method, headers } = new Request(url, init);
      post(url, bodyOf(init?.body), { method, headers: [...headers] });
      return new Promise(() => {});
    }
    const isKept = init?.keepalive ?? (isRequest && input.keepalive);
    // What the worker has begun goes on as well.
    return call(native, self, isKept ? [input, { ...init, keepalive: false }] : args);
  });
  replaceAccessor(HTMLImageElement.prototype, "src", {
    set: (native, self, args) => {
      const url = isGoing && ours(args[0]);
      if (url) post(url, new Blob(), { method: "GET" });
      else call(native, self, args);
    },
  });
}

/** A request's data, as the worker can send it. */
function bodyOf(data: BodyInit | null | undefined): BeaconMessage["body"] {
  if (data instanceof FormData) return [...data];
  const type = new Response(data).headers.get("content-type") ?? "";
  return new Blob(data == null ? [] : [data as BlobPart], { type });
}

/**
 * A synchronous request blocks the page, and with it the connection that is to answer. So it goes
 * asynchronously: scripts that take the answer by a listener get it later, and others find none.
 */
function leadSynchronous(window: AppWindow, app: App): void {
  replaceMethod(window.XMLHttpRequest.prototype, "open", (native, self, args) => {
    const url = resolve(window, args[1]);
    if (args.length > 2 && !args[2] && url && app.places.lead(url) !== null) {
      console.warn(`Lighthouse sends ${url} asynchronously`);
      args[2] = true;
    }
    return call(native, self, args);
  });
}
