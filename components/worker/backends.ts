// The URLs by which backends know themselves: some apps write them into their pages.
import { parseUrl } from "../../wire/mod.ts";
import { join } from "./site.ts";

/** The names of one machine for itself. */
const LOOPBACK: string[] = ["127.0.0.1", "localhost", "[::1]"];

/** Where a backend is in the tunnel. */
interface Place {
  service: string;
  /** The path of the backend's URL, without its final slash. */
  base: string;
}

/** Where the backends are kept over a stop of the worker. */
export interface BackendStore {
  /** The URLs, by the services' prefixes. */
  read(): Promise<Record<string, string>>;
  write(backends: Record<string, string>): Promise<void>;
}

/** What the host has told about its backends. */
export class Backends {
  /** Resolves once those are known that were told before this worker was started. */
  readonly loaded: Promise<void>;
  readonly #store: BackendStore;
  readonly #site: string;
  /** By the services' prefixes. */
  readonly #urls = new Map<string, string>();
  /** By host and port. */
  readonly #places = new Map<string, Place[]>();
  #isLoaded = false;

  /** @param site The site's hostname: some apps put their port after the name by which they are seen. */
  constructor(store: BackendStore, site: string) {
    this.#store = store;
    this.#site = site;
    this.loaded = this.#load();
  }

  /** Remembers a service's backend, by its own URL. */
  async add(service: string, backend: string): Promise<void> {
    if (this.#urls.get(service) === backend) return;
    this.#take(service, backend);
    await this.loaded;
    await this.#store.write(Object.fromEntries(this.#urls)).catch(() => {});
  }

  async #load(): Promise<void> {
    const stored = await this.#store.read().catch(() => ({}));
    for (const [service, backend] of Object.entries(stored)) {
      if (!this.#urls.has(service)) this.#take(service, backend);
    }
    this.#isLoaded = true;
  }

  #take(service: string, backend: string): void {
    const url = parseUrl(backend);
    if (!url) return;
    this.#urls.set(service, backend);
    const base = url.pathname.replace(/\/$/, "");
    for (const host of this.#aliases(url)) {
      const others = this.#places.get(host)?.filter((place) => place.service !== service) ?? [];
      this.#places.set(host, [{ service, base }, ...others]);
    }
  }

  /** All hosts, with their ports, by which a backend may name itself. */
  hostsOf(backend: string): string[] {
    const url = parseUrl(backend);
    return url ? this.#aliases(url) : [];
  }

  /** Whether a URL may be a backend's own, as far as that is known now. */
  mayOwn({ host, protocol }: URL): boolean {
    return /^https?:$/.test(protocol) && (!this.#isLoaded || this.#places.has(host));
  }

  /**
   * The path in the tunnel of a backend's own URL.
   *
   * @param service That of the document that asks: several may share a backend.
   */
  pathOf({ host, pathname }: URL, service: string | undefined): string | undefined {
    const places = this.#places.get(host)?.filter(({ base }) =>
      `${pathname}/`.startsWith(`${base}/`)
    );
    const place = places?.find((place) => place.service === service) ?? places?.[0];
    return place && join(place.service, pathname.slice(place.base.length) || "/");
  }

  #aliases({ hostname, host, port }: URL): string[] {
    if (!LOOPBACK.includes(hostname)) return [host];
    if (!port) return LOOPBACK;
    return [...LOOPBACK, this.#site].map((name) => `${name}:${port}`);
  }
}

/** Keeps the backends in a cache of their own. */
export function backendStore(caches: CacheStorage, scope: string): BackendStore {
  const open = () => caches.open(`lighthouse-backends ${scope}`);
  return {
    async read() {
      const stored = await (await open()).match(scope);
      return await stored?.json() ?? {};
    },
    async write(backends) {
      await (await open()).put(scope, Response.json(backends));
    },
  };
}
