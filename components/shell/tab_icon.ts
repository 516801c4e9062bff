// The icon of the browser's tab. Browsers fetch icons past the service worker, from the site's own server:
// so the shell fetches the app's icon itself, and shows its bytes.

/** Longest icon that is shown, in bytes. */
const MAX_BYTES = 256 * 1024;

/** Options of {@linkcode TabIcon}. */
export interface TabIconOptions {
  /** @default globalThis.document */
  document?: Document;
  /** @default globalThis.fetch */
  fetch?: (url: string) => Promise<Response>;
}

/** The tab's icon. */
export class TabIcon {
  readonly #link: HTMLLinkElement;
  readonly #fetch: (url: string) => Promise<Response>;
  /** The site's own icon, for documents that name none. */
  readonly #own: string;
  #shown: string | null = null;

  constructor({ document = globalThis.document, fetch }: TabIconOptions = {}) {
    this.#fetch = fetch ?? ((url) => globalThis.fetch(url));
    this.#link = document.querySelector<HTMLLinkElement>('link[rel~="icon"]') ??
      document.head.appendChild(Object.assign(document.createElement("link"), { rel: "icon" }));
    this.#own = this.#link.href;
  }

  /** Shows the icon of a URL; null: the site's own. An icon that cannot be had leaves the site's own. */
  async show(url: string | null): Promise<void> {
    if (url === this.#shown) return;
    this.#shown = url;
    const href = url === null ? undefined : await this.#read(url).catch(() => undefined);
    if (this.#shown !== url) return;
    this.#link.removeAttribute("type");
    this.#link.href = href ?? this.#own;
  }

  async #read(url: string): Promise<string | undefined> {
    if (url.startsWith("data:image/")) return url;
    const response = await this.#fetch(url);
    const blob = await response.blob();
    if (!response.ok || !blob.type.startsWith("image/") || blob.size > MAX_BYTES) return undefined;
    return await dataUrl(blob);
  }
}

async function dataUrl(blob: Blob): Promise<string> {
  const bytes = new Uint8Array(await blob.arrayBuffer());
  const text = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return `data:${blob.type};base64,${btoa(text)}`;
}
