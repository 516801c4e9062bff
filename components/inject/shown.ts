// Tells the shell what its frame shows: URL, title and icon.
import type { App, AppWindow } from "./app.ts";
import type { ShownMessage } from "./messages.ts";
import { call, replaceMethod } from "./native.ts";

/** Tells it now, and at each change. */
export function tellShell(window: AppWindow, app: App): void {
  const { document, location, History } = window;
  let last = "";
  const tell = () => {
    const url = new URL(location.href);
    const icon = document.querySelector<HTMLLinkElement>('link[rel~="icon" i]')?.href ?? null;
    const message: ShownMessage = {
      lighthouse: "shown",
      url: app.places.lead(url) ?? url.href,
      title: document.title,
      icon,
    };
    const text = JSON.stringify(message);
    if (text === last) return;
    last = text;
    app.shell.postMessage(message, window.origin);
  };
  for (const name of ["pushState", "replaceState"]) {
    replaceMethod(History.prototype, name, (native, self, args) => {
      call(native, self, args);
      if (self === window.history) tell();
    });
  }
  for (const name of ["popstate", "hashchange", "load", "pageshow"]) {
    window.addEventListener(name, tell);
  }
  document.addEventListener("DOMContentLoaded", () => {
    tell();
    const watched = { childList: true, characterData: true, subtree: true, attributes: true };
    new window.MutationObserver(tell).observe(document.head ?? document.documentElement, {
      ...watched,
      attributeFilter: ["href", "rel"],
    });
  });
  tell();
}
