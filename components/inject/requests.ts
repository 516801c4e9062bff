// Requests that browsers send past the service worker, to the site's own server.
import { type App, type AppWindow, resolve } from "./app.ts";
import type { BeaconMessage } from "./messages.ts";
import { call, replaceMethod } from "./native.ts";

/** Most bytes of a beacon, as browsers have it (https://w3c.github.io/beacon/). */
const MAX_BEACON = 64 * 1024;

/** Whether this is Firefox, which sends others past the worker than Chromium does. */
export const isFirefox = (window: Window): boolean => "mozInnerScreenX" in window;

/** Leads such requests, or refuses them. docs/service-worker.md, "What no worker can serve". */
export function leadRequests(window: AppWindow, app: App): void {
  if (isFirefox(window)) {
    leadKeepalive(window);
    leadBeacons(window, app);
  }
  // Under `local/`, it works in Firefox where another tab leads.
  if (!isFirefox(window) || app.settings.isInShell) leadSynchronous(window, app);
}

/** Firefox sends the beacons of a document that goes past the worker. A message still arrives. */
function leadBeacons(window: AppWindow, app: App): void {
  replaceMethod(window.Navigator.prototype, "sendBeacon", (native, self, args) => {
    const url = resolve(window, args[0]);
    if (!url || app.places.lead(url) === null) return call(native, self, args);
    const body = bodyOf(args[1]);
    if (body instanceof Blob && body.size > MAX_BEACON) return false;
    const { href: referrer } = window.location;
    app.post(
      { lighthouse: "beacon", url: url.href, referrer, body } satisfies BeaconMessage,
    );
    return true;
  });
}

/** A beacon's data, as the worker can send it. */
function bodyOf(data: unknown): BeaconMessage["body"] {
  if (data instanceof FormData) return [...data];
  if (data instanceof Blob) return data;
  if (data instanceof ArrayBuffer || ArrayBuffer.isView(data)) {
    return new Blob([data as BufferSource]);
  }
  const type = data instanceof URLSearchParams
    ? "application/x-www-form-urlencoded;charset=UTF-8"
    : "text/plain;charset=UTF-8";
  return data == null ? new Blob() : new Blob([String(data)], { type });
}

/** Firefox sends `fetch` with `keepalive` past the worker. What the worker has begun goes on as well. */
function leadKeepalive(window: AppWindow): void {
  const { Request } = window;
  replaceMethod(window, "fetch", (native, self, args) => {
    const [input, init] = args as [RequestInfo | URL, RequestInit | undefined];
    const isKept = init?.keepalive ?? (input instanceof Request && input.keepalive);
    return call(native, self, isKept ? [input, { ...init, keepalive: false }] : args);
  });
}

/**
 * A synchronous request blocks the page, and with it the connection that is to answer. Where a script has
 * said what to do with the answer, it goes asynchronously.
 */
function leadSynchronous(window: AppWindow, app: App): void {
  const { prototype } = window.XMLHttpRequest;
  const synchronous = new WeakSet<object>();
  replaceMethod(prototype, "open", (native, self, args) => {
    const url = resolve(window, args[1]);
    synchronous.delete(self);
    if (args.length > 2 && !args[2] && url && app.places.lead(url) !== null) {
      synchronous.add(self);
      args[2] = true;
    }
    return call(native, self, args);
  });
  replaceMethod(prototype, "send", (native, self, args) => {
    if (synchronous.has(self) && !self.onload && !self.onreadystatechange) {
      throw new window.DOMException(
        "A synchronous XMLHttpRequest cannot go through Lighthouse, and was not sent",
        "NetworkError",
      );
    }
    return call(native, self, args);
  });
}
