// The site's own files in app mode: the shell and what it loads, kept for times without a network.
import { OWN_FOLDER, RESET_PAGE, type SiteConfig } from "./site_config.ts";

/** The page that is shown in a tab, whatever its URL. */
const SHELL = "index.html";

/** How many versions are kept: a tab may still show the one before, and load parts of it. */
const KEPT = 2;

/** Options of {@linkcode OwnFiles}. */
export interface OwnFilesOptions {
  /** The URL of the worker's scope. */
  scope: URL;
  config: SiteConfig;
  caches: CacheStorage;
  fetch: (input: URL | Request, init?: RequestInit) => Promise<Response>;
}

/** Answers from the cache, and from the network what that has lost. */
export class OwnFiles {
  readonly #options: OwnFilesOptions;
  readonly #names: ReadonlySet<string>;

  constructor(options: OwnFilesOptions) {
    this.#options = options;
    this.#names = new Set(options.config.files);
  }

  /** The name of an own file at a URL; undefined for other URLs. The shell's has none: it is at all URLs. */
  nameOf(url: URL): string | undefined {
    const { origin, pathname } = this.#options.scope;
    if (url.origin !== origin || !url.pathname.startsWith(pathname)) return undefined;
    const name = url.pathname.slice(pathname.length);
    return name !== SHELL && this.#names.has(name) ? name : undefined;
  }

  /** Whether a URL is in the folder of the site's own. */
  isInFolder(url: URL): boolean {
    return url.href.startsWith(new URL(OWN_FOLDER, this.#options.scope).href);
  }

  /** Whether a URL is that of the page that takes the worker away. */
  isReset({ origin, pathname }: URL): boolean {
    return origin + pathname === new URL(OWN_FOLDER + RESET_PAGE, this.#options.scope).href;
  }

  /** Fetches all files of this version. @throws {TypeError} If one is missing. */
  async install(): Promise<void> {
    const { scope, fetch } = this.#options;
    const cache = await this.#cache();
    await Promise.all([...this.#names].map(async (name) => {
      // The shell's URL is the folder's: some servers redirect the file's name to that.
      const response = await fetch(new URL(name === SHELL ? "" : name, scope), { cache: "reload" });
      if (!response.ok) throw new TypeError(`Cannot fetch ${name}: ${response.status}`);
      await cache.put(new URL(name, scope), withoutRedirect(response));
    }));
  }

  /** Removes the files of old versions. */
  async clean(): Promise<void> {
    const { caches } = this.#options;
    const names = (await caches.keys()).filter((name) => name.startsWith(this.#group));
    const old = names.filter((name) => name !== this.#name).slice(0, -(KEPT - 1));
    await Promise.all(old.map((name) => caches.delete(name)));
  }

  /** The page for a tab. */
  async shell(): Promise<Response> {
    const { scope, fetch } = this.#options;
    return await this.#cached(SHELL) ?? await fetch(scope);
  }

  /** An own file. */
  async file(name: string): Promise<Response> {
    const { scope, caches, fetch } = this.#options;
    const url = new URL(name, scope);
    return await this.#cached(name) ?? await this.#own(name, await caches.match(url)) ??
      await fetch(url);
  }

  /** The page that takes the worker away: the network's, so that it helps where all else is broken. */
  async reset(request: Request): Promise<Response> {
    const response = await this.#options.fetch(request).catch(() => undefined);
    if (response && response.status !== 404) return response;
    return await this.#cached(OWN_FOLDER + RESET_PAGE) ?? response ?? Response.error();
  }

  async #cached(name: string): Promise<Response | undefined> {
    const cache = await this.#cache();
    return await this.#own(name, await cache.match(new URL(name, this.#options.scope)));
  }

  /** A response of the cache, unless an app's script has put it there. */
  async #own(name: string, response: Response | undefined): Promise<Response | undefined> {
    const hash = this.#options.config.hashes?.[name];
    if (!response || hash === undefined) return response;
    const bytes = await response.clone().arrayBuffer();
    return hash === await hexHashOf(bytes) ? response : undefined;
  }

  #cache(): Promise<Cache> {
    return this.#options.caches.open(this.#name);
  }

  get #group(): string {
    return `lighthouse ${this.#options.scope.href} `;
  }

  get #name(): string {
    return this.#group + this.#options.config.version;
  }
}

/**
 * A page cannot be answered with the end of a redirect. Other responses stay as they are: Chromium keeps a
 * script's code only with the network's own.
 */
function withoutRedirect(response: Response): Response {
  const { status, statusText, headers, body, redirected } = response;
  return redirected ? new Response(body, { status, statusText, headers }) : response;
}

async function hexHashOf(bytes: ArrayBuffer): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return Array.from(hash, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
