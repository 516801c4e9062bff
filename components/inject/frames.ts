// Frames and windows that the app opens: leads their URLs, and serves those without a URL of their own.
import { type App, type AppWindow, detour, resolve } from "./app.ts";
import { rememberedBlob } from "./blobs.ts";
import { leadMarkup } from "./markup.ts";
import { SETTINGS_ATTRIBUTE } from "./messages.ts";
import { call, replaceAccessor, replaceMethod } from "./native.ts";

/** Our text at the beginning of a frame's document. */
const OWN_TAG = new RegExp(`<script [^>]*${SETTINGS_ATTRIBUTE}=[^>]*></script>`);

/** Leads the window's frames. @param adopt Serves another window of the app's. */
export function leadFrames(
  window: AppWindow,
  app: App,
  adopt: (window: AppWindow) => void,
): void {
  const { HTMLIFrameElement, HTMLFrameElement, Element, document } = window;
  const { settings } = app;
  const withTag = (text: string) =>
    OWN_TAG.test(text)
      ? text
      : text.replace(/^\s*(?:<!doctype[^>]*>)?/i, (start) => start + formatTag(app));
  /** Frames that show a Blob's text. */
  const blobFrames = new WeakSet<Element>();

  const onSource = (frame: HTMLIFrameElement, value: unknown): unknown => {
    if (blobFrames.delete(frame)) frame.removeAttribute("srcdoc");
    const url = resolve(window, value);
    const blob = url && rememberedBlob(url.href);
    if (blob && /^(?:text\/html|application\/xhtml)/.test(blob.type) && isOurs(frame)) {
      const text = readNow(window, url.href);
      if (text !== undefined) {
        blobFrames.add(frame);
        frame.srcdoc = text;
      }
    }
    return detour(window, app, value) ?? value;
  };
  const visit = (frame: HTMLIFrameElement) => {
    const src = frame.getAttribute("src");
    const srcdoc = frame.getAttribute("srcdoc");
    if (srcdoc !== null && !OWN_TAG.test(srcdoc) && isOurs(frame)) frame.srcdoc = srcdoc;
    else if (src !== null && srcdoc === null) {
      const led = onSource(frame, src);
      if (led !== src) frame.src = String(led);
    }
    reach(frame.contentWindow);
  };
  const reach = (inner: Window | null) => {
    try {
      // Another site's window throws here.
      if (inner && /^about:/.test(inner.document.URL)) adopt(inner as AppWindow);
    } catch {
      // It has nothing of the app's.
    }
  };

  for (const { prototype } of [HTMLIFrameElement, HTMLFrameElement].filter(Boolean)) {
    replaceAccessor(prototype, "src", {
      set: (native, self, [value]) => call(native, self, [onSource(self, value)]),
    });
    replaceAccessor(prototype, "srcdoc", {
      get: (native, self) => String(call(native, self, [])).replace(OWN_TAG, ""),
      set: (native, self, [value]) =>
        call(native, self, [isOurs(self) ? withTag(String(value)) : value]),
    });
    replaceAccessor(prototype, "contentWindow", {
      get: (native, self) => {
        const inner = call(native, self, []);
        reach(inner);
        return inner;
      },
    });
    replaceAccessor(prototype, "contentDocument", {
      get: (native, self) => {
        const inner = call(native, self, []);
        reach(inner?.defaultView ?? null);
        return inner;
      },
    });
  }
  replaceMethod(Element.prototype, "setAttribute", (native, self, args) => {
    if (isFrame(self) && args.length > 1) {
      const name = String(args[0]).toLowerCase();
      if (name === "src") args[1] = onSource(self, args[1]);
      if (name === "srcdoc" && isOurs(self)) args[1] = withTag(String(args[1]));
    }
    return call(native, self, args);
  });
  // What has left the site after all is led when it is there.
  document.addEventListener("load", ({ target }) => {
    try {
      if (!isFrame(target)) return;
      const { location, performance } = target.contentWindow as AppWindow;
      // A document at the site's root has been loaded by its URL within the scope.
      const [entry] = performance.getEntriesByType("navigation");
      const led = entry && detour(window, app, entry.name);
      if (led && location.href === entry.name) location.replace(led);
    } catch {
      // It shows another site.
    }
  }, true);
  if (settings.scope !== "/") {
    leadMarkup(window, (value) => detour(window, app, value));
  }
  new window.MutationObserver((records) => {
    for (const { addedNodes } of records) {
      for (const node of addedNodes) {
        if (isFrame(node)) visit(node);
        else if (node.nodeType === 1 && (node as Element).firstElementChild) {
          for (const frame of (node as Element).querySelectorAll("iframe")) visit(frame);
        }
      }
    }
  }).observe(document, { childList: true, subtree: true });

  replaceMethod(window, "open", (native, self, args) => {
    const [given, name = "_blank"] = args;
    const isBlank = given === undefined || given === "";
    const url = isBlank ? null : resolve(window, given);
    if (url) args[0] = detour(window, app, given) ?? given;
    const isHere = /^_(?:self|parent|top)$/i.test(name);
    const isLed = url !== null && app.places.lead(url) !== null;
    if (app.isRoot && isHere && url) args[1] = isLed ? "_self" : "_top";
    const opened = call(native, self, args);
    if (!url || url.protocol === "about:") reach(opened);
    return opened;
  });
}

/** Reads a Blob as the frame would, before it is shown; undefined where the document's policy forbids it. */
function readNow({ XMLHttpRequest }: AppWindow, url: string): string | undefined {
  try {
    const request = new XMLHttpRequest();
    request.open("GET", url, false);
    request.send();
    return request.responseText;
  } catch {
    return undefined;
  }
}

/** Whether a frame has the origin of the document that it is in. */
function isOurs(frame: HTMLIFrameElement): boolean {
  return !frame.hasAttribute("sandbox") ||
    /allow-same-origin/i.test(frame.getAttribute("sandbox")!);
}

function isFrame(node: unknown): node is HTMLIFrameElement {
  return /^i?frame$/.test((node as Partial<Element>)?.localName ?? "");
}

function formatTag({ script, nonce, settings, cookies }: App): string {
  const escape = (text: string) =>
    text.replaceAll("&", "&amp;").replaceAll('"', "&quot;").replaceAll("<", "&lt;");
  const own = { ...settings, cookies: cookies.text };
  return `<script src="${escape(script)}" nonce="${escape(nonce)}" ${SETTINGS_ATTRIBUTE}="${
    escape(JSON.stringify(own))
  }"></script>`;
}
