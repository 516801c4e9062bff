// Links and forms: leads them to the site's URLs, and those to other sites to the top window.
import { type App, type AppWindow, detour, resolve } from "./app.ts";
import { download } from "./downloads.ts";
import { call, replaceMethod } from "./native.ts";
import { isFirefox } from "./requests.ts";

type Link = HTMLAnchorElement | HTMLAreaElement | SVGAElement;

/** Leads the window's links and forms. */
export function leadLinks(window: AppWindow, app: App): void {
  const { HTMLElement, HTMLFormElement, EventTarget } = window;
  for (const type of ["click", "auxclick", "contextmenu", "dragstart"]) {
    // On the window, so that the app's own listeners come first.
    window.addEventListener(type, (event) => onLink(window, app, event));
  }
  const before = (self: unknown, type: string) => {
    // The events of a link that is in no document reach no window.
    if (!(self instanceof window.HTMLAnchorElement) || self.isConnected) return;
    self.addEventListener(type, (event) => onLink(window, app, event), { once: true });
  };
  replaceMethod(HTMLElement.prototype, "click", (native, self, args) => {
    before(self, "click");
    return call(native, self, args);
  });
  replaceMethod(EventTarget.prototype, "dispatchEvent", (native, self, args) => {
    if (args[0]?.type === "click") before(self, "click");
    return call(native, self, args);
  });

  window.addEventListener("submit", (event) => {
    if (event.defaultPrevented) return;
    leadForm(window, app, formOf(event), event.submitter);
  });
  replaceMethod(HTMLFormElement.prototype, "submit", (native, self, args) => {
    leadForm(window, app, self, null);
    return call(native, self, args);
  });
}

function onLink(window: AppWindow, app: App, event: Event): void {
  if (event.defaultPrevented) return;
  const link = event.composedPath().find(isLink);
  const href = link?.getAttribute("href") ?? link?.getAttributeNS(XLINK, "href");
  if (!link || href == null) return;
  const url = resolve(window, href);
  const led = url && app.places.lead(url);
  const given = link.getAttribute("download");
  if (led && given !== null && event.type === "click" && !isFirefox(window)) {
    event.preventDefault();
    return download(window, app.prefix, led, given);
  }
  if (led && led !== url.href) change(link, "href", led);
  if (event.type === "click" && given === null) leadTarget(app, link, url, led);
}

function leadForm(
  window: AppWindow,
  app: App,
  form: HTMLFormElement,
  submitter: HTMLElement | null,
): void {
  const [element, name] = submitter?.hasAttribute("formaction")
    ? [submitter, "formaction"] as const
    : [form, "action"] as const;
  // An empty action is the document's own URL, whatever its base is.
  const action = element.getAttribute(name) || window.document.URL;
  const url = resolve(window, action);
  const led = url && app.places.lead(url);
  const other = detour(window, app, action);
  if (other) change(element, name, other);
  leadTarget(app, submitter?.hasAttribute("formtarget") ? submitter : form, url, led);
}

/** Has what leaves the app leave the shell's frame, and what does not stay in it. */
function leadTarget(app: App, element: Element, url: URL | null, led: string | null): void {
  if (!app.isRoot || !url) return;
  const name = element.hasAttribute("formtarget") ? "formtarget" : "target";
  const target = element.getAttribute(name)?.toLowerCase() ?? "";
  const isHere = target === "" || target === "_self";
  if (led) {
    if (target === "_top" || target === "_parent") change(element, name, "_self");
  } else if (isHere && !/^(?:javascript|blob|data|about):$/.test(url.protocol)) {
    change(element, name, "_top");
  }
}

/** Changes an attribute until the browser has read it, which it does once all listeners have run. */
function change(element: Element, name: string, value: string): void {
  const before = element.getAttribute(name);
  element.setAttribute(name, value);
  setTimeout(() => {
    if (element.getAttribute(name) !== value) return;
    if (before === null) element.removeAttribute(name);
    else element.setAttribute(name, before);
  });
}

/** The form of an event; its controls may have the names of its members. */
function formOf({ target }: Event): HTMLFormElement {
  return target as HTMLFormElement;
}

function isLink(target: EventTarget): target is Link {
  return /^(?:a|area)$/.test((target as Partial<Element>).localName ?? "");
}

const XLINK = "http://www.w3.org/1999/xlink";
