// navigator.serviceWorker of the app: the site's own worker is in the place of any other.
import type { AppWindow } from "./app.ts";
import { replaceAccessor, replaceMethod } from "./native.ts";

const REASON =
  "This app is reached through Lighthouse, whose service worker is in the place of its own";

/** Lets the app see no service worker, and register none. */
export function hideServiceWorker({ ServiceWorkerContainer, DOMException }: AppWindow): void {
  // A page that is not secure has none.
  if (!ServiceWorkerContainer) return;
  const { prototype } = ServiceWorkerContainer;
  replaceMethod(
    prototype,
    "register",
    () => Promise.reject(new DOMException(REASON, "NotSupportedError")),
  );
  replaceMethod(prototype, "getRegistration", () => Promise.resolve(undefined));
  replaceMethod(prototype, "getRegistrations", () => Promise.resolve([]));
  replaceAccessor(prototype, "controller", { get: () => null });
  replaceAccessor(prototype, "ready", { get: () => never });
}

const never = new Promise(() => {});
