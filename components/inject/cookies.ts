// document.cookie, and cookieStore, which could only show the site's own cookies.
import type { App, AppWindow } from "./app.ts";
import type { CookieMessage, ToDocument } from "./messages.ts";
import { replaceAccessor } from "./native.ts";

/** Keeps the cookies of a document and of its frames without a URL. @returns Replaces them in a window. */
export function keepCookies(window: AppWindow, app: App): (window: AppWindow) => void {
  const { location, navigator: { serviceWorker } } = window;
  const { places, cookies } = app;
  const from = () => places.pathOf(new URL(location.href));
  // The first listener, so that the app sees none of these messages.
  serviceWorker.addEventListener("message", (event) => {
    const message = event.data as ToDocument | null;
    switch (message?.lighthouse) {
      case "cookies":
        cookies.hear(message.cookies);
        break;
      case "stale":
        // The worker posts what the answer says.
        app.fetch(`${app.prefix}.lighthouse/cookies`).catch(() => {});
        break;
      default:
        return;
    }
    event.stopImmediatePropagation();
  });
  serviceWorker.startMessages();
  return (window) => {
    replaceAccessor(window.Document.prototype, "cookie", {
      get: () => cookies.text,
      set(_native, _document, [line]) {
        const url = new URL(location.href);
        const text = String(line);
        cookies.assign(text, {
          hostname: url.hostname,
          pathname: places.show(url).split(/[?#]/)[0]!,
        });
        app.post({ lighthouse: "cookie", from: from(), line: text } satisfies CookieMessage);
      },
    });
    delete (window as Partial<{ cookieStore: unknown }>).cookieStore;
  };
}
