// How a site's URLs and the tunnel's paths lead to each other.
import { parseUrl } from "../../wire/mod.ts";
import { SAVE_PATH } from "../inject/messages.ts";
import { prefixIn } from "../tabs/tab_messages.ts";
import type { Language } from "../texts/language.ts";
import { OWN_FOLDER, type SiteConfig } from "./site_config.ts";

/** The host's own paths in the tunnel, and the worker's under the prefix, begin with this. */
const RESERVED = "/.lighthouse/";

/** Options of {@linkcode Site}. */
export interface SiteOptions {
  /** The URL of the worker's scope. */
  scope: string;
  /** The worker's own URL. */
  worker: string;
  /** Undefined for a site whose owner has written its pages, with the tunnel under `local/`. */
  config: SiteConfig | undefined;
  /** That of the worker's own pages. */
  language: Language;
}

/** A site: its worker's scope, and the part of it that leads into the tunnel. */
export class Site {
  readonly scope: URL;
  /** The URL under which requests go through the tunnel; ends with a slash. The scope in app mode. */
  readonly prefix: URL;
  readonly config: SiteConfig | undefined;
  /** The worker's own URL, without a query. */
  readonly worker: URL;
  /** That of the worker's own pages. */
  readonly language: Language;

  /** @throws {TypeError} If the worker's URL names a prefix outside of its scope. */
  constructor({ scope, worker, config, language }: SiteOptions) {
    this.language = language;
    this.scope = new URL(scope);
    this.prefix = config ? this.scope : prefixIn(scope, worker);
    this.config = config;
    this.worker = new URL(worker);
    this.worker.search = "";
  }

  get origin(): string {
    return this.scope.origin;
  }

  /** The service's prefix to which the site's root leads; undefined if services keep their own paths. */
  get service(): string | undefined {
    return this.config?.service ?? undefined;
  }

  /** The path before the tunnel's paths, without its final slash, as documents see it. */
  get mount(): string {
    return this.service === undefined ? this.prefix.pathname.slice(0, -1) : "";
  }

  /** The URL of the script that runs first in documents. */
  get script(): URL {
    return this.config
      ? new URL(`${OWN_FOLDER}inject.js`, this.scope)
      : new URL(".lighthouse/inject.js", this.prefix);
  }

  /** The URL that the worker answers with a file to save. */
  get save(): URL {
    return new URL(SAVE_PATH, this.prefix);
  }

  /** Whether a URL is of this site's origin. */
  hasOrigin(url: string): boolean {
    return parseUrl(url)?.origin === this.origin;
  }

  /** Whether a URL is under the prefix. */
  isUnder(url: string): boolean {
    return url.startsWith(this.prefix.href);
  }

  /** The path in the tunnel of a URL under the prefix; undefined for other URLs. */
  pathOf(url: URL): string | undefined {
    if (!this.isUnder(url.href)) return undefined;
    const path = url.pathname.slice(this.prefix.pathname.length - 1);
    return isReserved(path) ? path : join(this.service, path);
  }

  /** The path on the site of a path in the tunnel. */
  placeOf(path: string): string {
    return this.prefix.pathname + this.#restOf(path).slice(1);
  }

  /** A path in the tunnel as a document sees it. @param mount That of the site, or of the document. */
  shownOf(path: string, mount = this.mount): string {
    return mount + this.#restOf(path);
  }

  #restOf(path: string): string {
    const { service = "/" } = this;
    return service !== "/" && isIn(service, path) ? path.slice(service.length) || "/" : path;
  }

  /** The path on the site of a service's root, with a slash at its end. */
  baseOf(service: string): string {
    return this.placeOf(join(service, "/"));
  }

  /**
   * Leads a URL of this origin into the tunnel, as a document of a service means it: an absolute path
   * outside of the service is a path from the service's root.
   *
   * @param service The prefix of the document's service; undefined if it has none.
   * @param others All known services' prefixes.
   * @returns The path in the tunnel; undefined for a URL that only a document's service could explain.
   */
  lead(
    url: URL,
    service: string | undefined,
    others: Iterable<string> = [],
  ): string | undefined {
    const path = this.pathOf(url);
    if (this.service !== undefined) return path ?? join(this.service, url.pathname);
    if (path === undefined) return service && join(service, url.pathname);
    if (service === undefined || isIn(service, path) || isReserved(path)) return path;
    // Where the prefix is not the origin's root, a page that names it means a place in the tunnel.
    const isNamed = this.prefix.pathname !== "/" &&
      [...others].some((other) => other !== "/" && isIn(other, path));
    return isNamed ? path : join(service, path);
  }
}

/** Whether a path in the tunnel is the host's own. */
export function isReserved(path: string): boolean {
  return path.startsWith(RESERVED);
}

/** Whether a path is in a service. */
export function isIn(service: string, path: string): boolean {
  return service === "/" || path === service || path.startsWith(`${service}/`);
}

/** A service's path in the tunnel. */
export function join(service: string | undefined, path: string): string {
  return service === undefined || service === "/" ? path : service + path;
}
