// The frame that shows the app at the URL of the page around it.
import { parseUrl } from "../../wire/mod.ts";
import type { ShownMessage } from "../inject/messages.ts";
import { detourOf, isInScope, type Site } from "./addresses.ts";

/** What the frame shows. */
export interface ShownPage {
  url: URL;
  /** "" if the document has none. */
  title: string;
  /** The URL of its icon; null if it names none. */
  icon: string | null;
  /** Whether it is a document of the app's for certain: the script in it has said so. */
  isApp: boolean;
}

/** Options of {@linkcode AppFrame}. */
export interface AppFrameOptions {
  site: Site;
  /** The page's window. @default globalThis */
  window?: Window;
  /** Gives the URL of the shown service's root. */
  base: () => URL;
  /** Called for each document, and at each change of its URL, title or icon. */
  onShown: (page: ShownPage) => void;
  /** Called when the frame shows nothing of the app's. `url`: what was asked for, if that is known. */
  onBroken: (url?: URL) => void;
}

/** The frame. Its owner puts `element` into the page, and then calls `open`. */
export class AppFrame {
  readonly element: HTMLIFrameElement;
  readonly #options: AppFrameOptions;
  readonly #window: Window;
  readonly #listening = new AbortController();
  /** The document that has said itself what it is. */
  #speaker: WeakRef<Document> | undefined;
  /** Whether the blank document of a new frame has made way. */
  #isOpen = false;

  constructor(options: AppFrameOptions) {
    this.#options = options;
    this.#window = options.window ?? globalThis.window;
    const { document } = this.#window;
    this.element = document.createElement("iframe");
    const { signal } = this.#listening;
    this.element.addEventListener("load", () => this.#look(), { signal });
    this.#window.addEventListener("message", (event) => this.#hear(event), { signal });
    document.addEventListener("securitypolicyviolation", (event) => this.#lead(event), { signal });
  }

  /** Opens a URL in the frame, in place of what it shows. */
  open(url: URL): void {
    this.#isOpen = true;
    // A frame whose `src` is the URL of the page around it stays empty.
    this.element.contentWindow!.location.replace(url.href);
  }

  /** Takes the frame away. */
  remove(): void {
    this.#listening.abort();
    this.element.remove();
  }

  /** The shown document; undefined if it is none of this origin. */
  get #document(): Document | undefined {
    return this.element.contentDocument ?? undefined;
  }

  #hear({ source, origin, data }: MessageEvent): void {
    if (source !== this.element.contentWindow || origin !== this.#window.location.origin) return;
    const message = data as ShownMessage | null;
    if (message?.lighthouse !== "shown") return;
    const url = parseUrl(message.url);
    if (!url || !isInScope(this.#options.site, url)) return;
    this.#speaker = this.#document && new WeakRef(this.#document);
    this.#options.onShown({ url, title: String(message.title), icon: message.icon, isApp: true });
  }

  /** Looks at a loaded document, which may be one without a script: a picture, a page of the worker's. */
  #look(): void {
    if (!this.#isOpen) return;
    const shown = this.#document;
    if (!shown) return this.#options.onBroken();
    if (shown === this.#speaker?.deref() || shown.URL === "about:blank") return;
    const url = new URL(shown.URL);
    if (isInScope(this.#options.site, url)) {
      const icon = shown.querySelector<HTMLLinkElement>('link[rel~="icon"]')?.href ?? null;
      this.#options.onShown({ url, title: shown.title, icon, isApp: false });
    }
  }

  /** The frame was to go to where the policy of this page does not let it. */
  #lead({ effectiveDirective, blockedURI }: SecurityPolicyViolationEvent): void {
    if (effectiveDirective !== "frame-src" || !this.#isOpen) return;
    const { site, base } = this.#options;
    const detour = detourOf(site, base(), blockedURI);
    if (detour?.to === "top") this.#window.location.assign(detour.url);
    else if (detour) this.open(detour.url);
    else this.#options.onBroken();
  }
}
