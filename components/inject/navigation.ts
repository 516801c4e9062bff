// Navigations by scripts: leads them to the site's URLs. Where the document believes that it is at the site's
// root, it moves there first, and back as it goes.
import { type App, type AppWindow } from "./app.ts";
import { call, replaceMethod } from "./native.ts";

/** The parts of https://html.spec.whatwg.org/#the-navigateevent-interface that are used here. */
interface NavigateEvent extends Event {
  navigationType: "push" | "replace" | "reload" | "traverse";
  destination: { url: string; sameDocument: boolean };
  hashChange: boolean;
  downloadRequest: string | null;
  formData: FormData | null;
}

/** Leads the window's navigations. */
export function leadNavigations(window: AppWindow, app: App): void {
  const { location } = window;
  const { navigation, NavigateEvent } = window as AppWindow & {
    navigation?: EventTarget;
    NavigateEvent?: { prototype: object };
  };
  if (!navigation || !NavigateEvent) return;
  const taken = new WeakSet<object>();
  replaceMethod(NavigateEvent.prototype, "intercept", (native, self, args) => {
    taken.add(self);
    return call(native, self, args);
  });
  const onNavigate = (event: Event) => {
    const { navigationType, destination, hashChange, formData, cancelable } =
      event as NavigateEvent;
    if (destination.sameDocument || hashChange || !cancelable || event.defaultPrevented) return;
    if (taken.has(event) || formData) return;
    const url = new URL(destination.url);
    const led = app.places.lead(url);
    if (led === null) {
      if (!app.isRoot || !/^https?:$/.test(url.protocol)) return;
      event.preventDefault();
      app.shell.location.assign(url.href);
    } else if (led !== url.href) {
      event.preventDefault();
      if (navigationType === "push") location.assign(led);
      else location.replace(led);
    }
  };
  // The last listener, so that it sees what the app's router has done.
  const last = () => {
    navigation.removeEventListener("navigate", onNavigate);
    navigation.addEventListener("navigate", onNavigate);
  };
  last();
  for (const name of ["DOMContentLoaded", "load", "click", "submit"]) {
    window.addEventListener(name, last, true);
  }
}

/** Has the document at the site's root, and its entry of the history at the URL that leads back to it. */
export function moveToRoot({ history, location, addEventListener }: AppWindow, app: App): void {
  const replace = history.replaceState.bind(history);
  const show = () => replace(history.state, "", app.places.show(new URL(location.href)));
  show();
  addEventListener("pageshow", show);
  addEventListener("pagehide", () => {
    const led = app.places.lead(new URL(location.href));
    if (led) replace(history.state, "", led);
  });
}
