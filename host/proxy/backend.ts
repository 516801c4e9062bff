// Maps a page's request to the backend's URL and headers, and the headers of the answer back to the
// page. HTTP requests and WebSocket handshakes use the same mapping.
import { type HeaderField, type HttpRequest, LighthouseError } from "../../wire/mod.ts";
import { isUnder, type Principal, restOf } from "../access/principal.ts";
import type { BackendConfig } from "../config/service_config.ts";
import { readAnswer } from "./answer_headers.ts";
import { CookieJars } from "./cookies.ts";
import type { DocumentCookies } from "./documents.ts";
import {
  asLocal,
  forwardedHeaders,
  hostOf,
  isRootOf,
  type Mount,
  pathOnSite,
  workerPrefixOf,
} from "./forwarded.ts";
import { forwardable, principalHeaders, valuesOf } from "./headers.ts";
import { type AnswerPlace, ASCENT, pageLocation, pageRefresh } from "./location.ts";

/** A request in the form that the backend gets. */
export interface UpstreamRequest {
  url: URL;
  /** All headers except those of the connection and of the body's length. */
  headers: HeaderField[];
  /**
   * Maps the headers of the answer for the page: takes out cookies, which stay in the host's jar, and
   * makes URLs on the backend lead through the tunnel.
   *
   * @param status The answer's. @default 200
   * @throws {LighthouseError} `bad-redirect` if the page would follow the answer out of the service.
   */
  back(headers: HeaderField[], status?: number): HeaderField[];
}

/** Finds the service for a path of the tunnel. */
export type FindService = (target: string) => { readonly prefix: string } | undefined;

/** The statuses whose Location pages follow (https://fetch.spec.whatwg.org/#redirect-status). */
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/** A backend under a prefix. */
export class Backend {
  readonly prefix: string;
  /** An http or https URL; its path replaces the prefix. */
  readonly url: URL;
  readonly #as: "local" | "proxy";
  readonly #cookies: CookieJars;

  /** @param cookies The service's cookies. @default new jars in memory */
  constructor({ prefix, backend, as = "local" }: BackendConfig, cookies = new CookieJars()) {
    this.prefix = prefix;
    this.url = backend;
    this.#as = as;
    this.#cookies = cookies;
  }

  /**
   * Maps a page's request to the backend.
   *
   * @param find Finds other services, to which no redirect may lead.
   * @throws {LighthouseError} `bad-request` when the target would leave the backend's origin or path.
   */
  upstreamRequest(
    { target, headers }: Pick<HttpRequest, "target" | "headers">,
    principal: Principal,
    find?: FindService,
  ): UpstreamRequest {
    const url = this.#urlOf(target);
    const mount = this.#mountOf(headers);
    // The service worker sets this header. From another site it lets only navigations through.
    const isCrossSite = valuesOf(headers, "sec-fetch-site").includes("cross-site");
    const cookie = this.#cookies.header(principal, url, isCrossSite);
    const fields = forwardable(headers);
    return {
      url,
      headers: [
        ["Host", url.host],
        ...this.#as === "proxy"
          ? [...fields, ...forwardedHeaders(principal, mount)]
          : asLocal(fields, principal.origin, mount),
        ...principalHeaders(principal),
        ...cookie ? [["Cookie", cookie] satisfies HeaderField] : [],
      ],
      back: (answered, status = 200) => {
        let wrong: LighthouseError | undefined;
        const answer = readAnswer(answered, (name, value) => {
          const place = this.#placeOf(mount, url, principal, find);
          if (name === "refresh") return pageRefresh(value, place);
          const location = pageLocation(value, place);
          if (typeof location === "string") return location;
          if (name === "location" && REDIRECTS.has(status)) wrong = location;
          return undefined;
        });
        this.#cookies.store(principal, answer.cookies, url);
        if (wrong) throw wrong;
        return answer.headers;
      },
    };
  }

  /** The cookies of the documents' scripts. */
  readonly documents: DocumentCookies = {
    shown: (principal, target) => {
      const url = this.#documentOf(target);
      return url && this.#cookies.ofScripts(principal, url);
    },
    set: (principal, target, line, headers) => {
      const url = this.#documentOf(target);
      if (!url) return;
      this.#cookies.storeOfScript(principal, line, {
        url,
        origin: principal.origin,
        mapPath: (path) => this.#cookiePath(path, this.#mountOf(headers)),
      });
    },
    changes: (principal) => this.#cookies.changes(principal),
    has: (principal) => this.#cookies.has(principal),
  };

  /** The backend's URL of a document; undefined if the backend has no document there. */
  #documentOf(target: string): URL | undefined {
    try {
      return isUnder(this.prefix, target) ? this.#urlOf(target) : undefined;
    } catch {
      return undefined;
    }
  }

  /** The backend's path for the Path of a cookie, which a script may have made of its document's URL. */
  #cookiePath(path: string, mount: Mount): string {
    const place = pathOnSite(mount);
    if (mount.workerPrefix === undefined || !place || !isUnder(place, path)) return path;
    return this.#base + restOf(place, path) || "/";
  }

  #mountOf(headers: HeaderField[]): Mount {
    return {
      prefix: this.prefix,
      backend: this.url,
      workerPrefix: workerPrefixOf(headers),
      isRoot: isRootOf(headers, this.prefix),
    };
  }

  #placeOf(
    mount: Mount,
    url: URL,
    { name, origin }: Principal,
    find: FindService | undefined,
  ): AnswerPlace {
    return {
      ...mount,
      url,
      siteHost: hostOf(origin),
      knowsPrefix: this.#as === "proxy",
      knowsSite: this.#as === "proxy" && name !== undefined,
      isOwn: (target) => !find || find(target)?.prefix === this.prefix,
    };
  }

  /** The backend's path without its final slash: empty for the root. */
  get #base(): string {
    return this.url.pathname.replace(/\/$/, "");
  }

  #urlOf(target: string): URL {
    const { origin } = this.url;
    const rest = restOf(this.prefix, target);
    const url = URL.parse(origin + this.#base + rest);
    const isInside = url?.origin === origin && isUnder(this.#base || "/", url.pathname) &&
      !ASCENT.test(rest.replace(/[?#].*/s, ""));
    if (!url || !isInside) {
      throw new LighthouseError(
        "bad-request",
        `Cannot forward ${target}: it leads out of the backend`,
      );
    }
    return url;
  }
}
