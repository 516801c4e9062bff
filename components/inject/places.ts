// Where URLs of the app lead: on the site, and in the tunnel.
import { parseUrl } from "../../wire/mod.ts";
import type { PageSettings } from "./messages.ts";

/** The settings that decide where URLs lead. */
export type PlaceSettings = Pick<
  PageSettings,
  "scope" | "base" | "service" | "isMoved" | "backend"
>;

/** Names of the laptop for itself. */
const LOOPBACK = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/;

/** Maps the URLs of one service's documents. */
export class Places {
  readonly #settings: PlaceSettings;
  readonly #prefix: string;
  readonly #site: URL;
  readonly #backend: URL | null;

  /**
   * @param prefix The path on the site that leads into the tunnel, with a slash at its end.
   * @param origin The site's.
   */
  constructor(settings: PlaceSettings, prefix: string, origin: string) {
    this.#settings = settings;
    this.#prefix = prefix;
    this.#site = new URL(origin);
    this.#backend = parseUrl(settings.backend ?? "");
  }

  /**
   * The URL on the site by which the browser gets what the app means by `url`, or null where that is not
   * the app's. It is under the prefix, and the worker leads it further where it is another service's.
   */
  lead(url: URL): string | null {
    const path = this.#pathOf(url);
    return path === null ? null : this.#site.origin + path + url.search + url.hash;
  }

  /** The URL that the app is to see in place of one on the site: without `base`, where it has moved. */
  show(url: URL): string {
    const { base, isMoved } = this.#settings;
    const path = isMoved && url.pathname.startsWith(base)
      ? `/${url.pathname.slice(base.length)}`
      : url.pathname;
    return path + url.search + url.hash;
  }

  /** The path in the tunnel of a document, for the host's cookie jar. */
  pathOf(document: URL): string {
    const { base, service } = this.#settings;
    const root = service === "/" ? "" : service;
    const path = this.#pathOf(document) ?? base;
    return path.startsWith(base) ? `${root}/${path.slice(base.length)}` : root + path;
  }

  /**
   * The target in the tunnel of a WebSocket's URL, or null where that is not the app's. It is as the
   * worker has it for requests.
   *
   * @param services Asks for the prefixes of the services.
   */
  target(url: URL, services: () => Promise<string[]>): string | Promise<string> | null {
    const path = this.#pathOf(url);
    if (path === null) return null;
    const { base, service } = this.#settings;
    const prefix = this.#prefix;
    const root = service === "/" ? "" : service;
    if (path.startsWith(base)) return `${root}/${path.slice(base.length)}${url.search}`;
    // Where the prefix is the origin's root, no path names another service.
    if (prefix === "/" || !path.startsWith(prefix)) return root + path + url.search;
    const inTunnel = `/${path.slice(prefix.length)}`;
    return services().then((all) => {
      const isNamed = all.some((one) => one !== "/" && `${inTunnel}/`.startsWith(`${one}/`));
      return (isNamed ? "" : root) + inTunnel + url.search;
    });
  }

  #pathOf(url: URL): string | null {
    if (!/^(?:https?|wss?):$/.test(url.protocol)) return null;
    const { base } = this.#settings;
    const backend = this.#backend;
    if (backend && this.#isBackend(url, backend)) {
      const root = backend.pathname.replace(/\/?$/, "/");
      return `${url.pathname}/`.startsWith(root) ? base + url.pathname.slice(root.length) : null;
    }
    if (url.host !== this.#site.host) return null;
    if (`${url.pathname}/` === base) return base;
    return url.pathname.startsWith(this.#prefix) ? url.pathname : base + url.pathname.slice(1);
  }

  /** Whether the URL has the backend's own address, or its port after the site's name. */
  #isBackend({ host, hostname, port, protocol }: URL, backend: URL): boolean {
    const isSecure = /s:$/.test(protocol);
    const asked = port || (isSecure ? "443" : "80");
    const own = backend.port || (backend.protocol === "https:" ? "443" : "80");
    if (asked !== own || host === this.#site.host) return false;
    if (hostname === backend.hostname) return true;
    return LOOPBACK.test(backend.hostname) &&
      (LOOPBACK.test(hostname) || hostname === this.#site.hostname && port !== "");
  }
}
