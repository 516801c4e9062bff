// The URLs by which backends know themselves: some apps write them into their pages.
import { join } from "./site.ts";

/** The names of one machine for itself. */
const LOOPBACK = ["127.0.0.1", "localhost", "[::1]"];

/** Where a backend is in the tunnel. */
interface Place {
  service: string;
  /** The path of the backend's URL, without its final slash. */
  base: string;
}

/** What the host has told about its backends. */
export class Backends {
  /** By host and port. */
  readonly #places = new Map<string, Place[]>();

  /** Remembers a service's backend, by its own URL. */
  add(service: string, backend: string): void {
    const url = URL.parse(backend);
    if (!url) return;
    const base = url.pathname.replace(/\/$/, "");
    for (const host of aliases(url)) {
      const others = this.#places.get(host)?.filter((place) => place.service !== service) ?? [];
      this.#places.set(host, [{ service, base }, ...others]);
    }
  }

  /** All hosts, with their ports, by which a backend may name itself. */
  hostsOf(backend: string): string[] {
    const url = URL.parse(backend);
    return url ? aliases(url) : [];
  }

  /** Whether a URL may be a backend's own: those of this machine may be, until the host tells. */
  mayOwn({ host, hostname, protocol }: URL): boolean {
    if (!/^https?:$/.test(protocol)) return false;
    return this.#places.has(host) || LOOPBACK.includes(hostname);
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
}

function aliases({ hostname, host, port }: URL): string[] {
  if (!LOOPBACK.includes(hostname)) return [host];
  return LOOPBACK.map((name) => port ? `${name}:${port}` : name);
}
