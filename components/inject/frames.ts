// Frames and windows that the app opens: leads their URLs, and serves those without a URL of their own.
import { type App, type AppWindow, detour, resolve } from "./app.ts";
import { rememberedBlob } from "./blobs.ts";
import { HELD } from "./held_frames.ts";
import { leadMarkup } from "./markup.ts";
import { SETTINGS_ATTRIBUTE } from "./messages.ts";
import { call, replaceAccessor, replaceMethod } from "./native.ts";
import { isFirefox } from "./requests.ts";

/** What needs no server: for documents without a worker, whose requests would go to the site's. */
const SEALED = "default-src data: blob: 'unsafe-inline' 'unsafe-eval';";

/** The beginning of a sandboxed frame's document. No path leads anywhere from its base. */
const SEAL =
  `<meta http-equiv="Content-Security-Policy" content="${SEALED}form-action 'none'" ${SETTINGS_ATTRIBUTE}=""><base href="about:invalid">`;

/** Our text at the beginning of a frame's document. */
const OWN_TAG = new RegExp(
  `<(?:script|meta) [^>]*${SETTINGS_ATTRIBUTE}=[^>]*>(?:</script>|<base[^>]*>)`,
);

/** Leads the window's frames. @param adopt Serves another window of the app's, unless that is served. */
export function leadFrames(
  window: AppWindow,
  app: App,
  adopt: (window: AppWindow) => boolean,
): void {
  const { HTMLIFrameElement, HTMLFrameElement, Element, document } = window;
  const led = leadMarkup(window, (value) => detour(window, app, value));
  const dressed = (frame: HTMLIFrameElement, value: unknown) => {
    const text = String(led(value));
    return OWN_TAG.test(text) ? text : text.replace(
      /^\s*(?:<!doctype[^>]*>)?/i,
      (start) => start + (isOurs(frame) ? formatTag(app) : SEAL),
    );
  };
  /** Frames that show a text in place of their URL's document, by the URL. */
  const sources = new WeakMap<Element, string>();

  const onSource = (frame: HTMLIFrameElement, value: unknown): unknown => {
    const url = resolve(window, value);
    const blob = url && rememberedBlob(url.href);
    const place = url && app.places.lead(url);
    if (blob && /^(?:text\/html|application\/xhtml)/.test(blob.type)) {
      const text = readNow(window, url.href);
      if (text !== undefined) {
        sources.set(frame, url.href);
        frame.srcdoc = text;
      }
    } else if (place && !isOurs(frame)) {
      sources.set(frame, place);
      frame.srcdoc = "";
      app.fetch(place).then(async (response) => {
        const blob = await response.blob();
        const text = await blob.text();
        if (sources.get(frame) !== place) return;
        if (/html/.test(blob.type)) frame.srcdoc = text;
        else frame.src = URL.createObjectURL(blob);
      }).catch(console.warn);
      return value;
    } else if (sources.delete(frame)) {
      // By then it has its new source, and does not load the one before.
      queueMicrotask(() => sources.has(frame) || frame.removeAttribute("srcdoc"));
    }
    return detour(window, app, value) ?? value;
  };
  const visit = (frame: HTMLIFrameElement) => {
    const src = frame.getAttribute("src");
    const srcdoc = frame.getAttribute("srcdoc");
    if (srcdoc !== null && srcdoc !== HELD) {
      if (!OWN_TAG.test(srcdoc)) frame.srcdoc = srcdoc;
    } else if (src !== null) {
      if (srcdoc !== null) sources.set(frame, src);
      const led = onSource(frame, src);
      if (led !== src) frame.src = String(led);
    }
    reach(frame.contentWindow);
  };
  const reach = (inner: Window | null) => {
    try {
      // Another site's window throws here.
      if (!inner || !/^about:/.test(inner.document.URL)) return;
      const isNew = adopt(inner as AppWindow);
      if (isNew && inner.document.URL !== "about:srcdoc") seal(inner as AppWindow, window);
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
      set: (native, self, [value]) => call(native, self, [dressed(self, value)]),
    });
    replaceAccessor(prototype, "sandbox", {
      set(native, self, args) {
        call(native, self, args);
        visit(self);
      },
    });
    replaceAccessor(prototype, "contentWindow", {
      get: (native, self) => {
        const inner = call(native, self, []);
        reach(inner);
        return inner;
      },
    });
    replaceAccessor(prototype, "contentDocument", {
      get: (native, self) => self.contentWindow && call(native, self, []),
    });
  }
  replaceMethod(Element.prototype, "setAttribute", (native, self, args) => {
    if (isFrame(self) && args.length > 1) {
      const name = String(args[0]).toLowerCase();
      if (name === "src") args[1] = onSource(self, args[1]);
      if (name === "srcdoc") args[1] = dressed(self, args[1]);
      call(native, self, args);
      if (name === "sandbox") visit(self);
      return;
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

/**
 * Keeps a blank document's requests from the site's server, where no worker serves it.
 *
 * @param outer The window whose requests the worker sees.
 */
function seal(window: AppWindow, outer: AppWindow): void {
  const { document, frameElement } = window;
  // Frames have their parent's worker there, but not what a script's URL makes.
  const hasWorker = isFirefox(window) && frameElement;
  if (hasWorker && !/^javascript:/i.test(frameElement.getAttribute("src")!)) return;
  const { XMLHttpRequest, EventSource } = outer;
  const fetch = (...args: Parameters<typeof outer.fetch>) => outer.fetch(...args);
  Object.assign(window, { fetch, XMLHttpRequest, EventSource });
  const meta = document.createElement("meta");
  meta.httpEquiv = "Content-Security-Policy";
  // Documents of frames in it come through the worker.
  meta.content = `${SEALED}frame-src *`;
  document.head?.prepend(meta);
  meta.remove();
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
