// Requests that browsers send past the service worker, to the site's own server.
import { type App, type AppWindow, resolve } from "./app.ts";
import { call, replaceMethod } from "./native.ts";

/** Whether this is Firefox, which sends others past the worker than Chromium does. */
export const isFirefox = (window: Window): boolean => "mozInnerScreenX" in window;

/** Leads such requests, or refuses them. docs/service-worker.md, "What no worker can serve". */
export function leadRequests(window: AppWindow, app: App): void {
  if (isFirefox(window)) leadKeepalive(window);
  else refuseSynchronous(window, app);
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

/** A synchronous request blocks the page, and with it the connection that is to answer. */
function refuseSynchronous(window: AppWindow, app: App): void {
  const { prototype } = window.XMLHttpRequest;
  const refused = new WeakSet<object>();
  replaceMethod(prototype, "open", (native, self, args) => {
    const url = resolve(window, args[1]);
    const isSynchronous = args.length > 2 && args[2] !== undefined && !args[2];
    if (isSynchronous && url && app.places.lead(url) !== null) refused.add(self);
    else refused.delete(self);
    return call(native, self, args);
  });
  replaceMethod(prototype, "send", (native, self, args) => {
    if (refused.has(self)) {
      throw new window.DOMException(
        "A synchronous XMLHttpRequest cannot go through Lighthouse, and was not sent",
        "NetworkError",
      );
    }
    return call(native, self, args);
  });
}
