// Maps a page's request to the backend's URL and headers, and the headers of the answer back to the
// page. HTTP requests and WebSocket handshakes use the same mapping.
import { type HeaderField, type HttpRequest, LighthouseError } from "../../wire/mod.ts";
import { isUnder, type Principal, restOf } from "../access/principal.ts";
import type { BackendConfig } from "../config/service_config.ts";
import { CookieJars } from "./cookies.ts";
import {
  forwardedHeaders,
  originHost,
  principalHeaders,
  valuesOf,
  without,
  withoutForged,
  withoutHopByHop,
} from "./headers.ts";

/** A request in the form that the backend gets. */
export interface UpstreamRequest {
  url: URL;
  /** All headers except those of the connection and of the body's length. */
  headers: HeaderField[];
  /**
   * Maps the headers of the answer for the page: takes out cookies, which stay in the host's jar, and
   * makes a `Location` within the backend lead through the tunnel.
   */
  back(headers: HeaderField[]): HeaderField[];
}

/**
 * A `..` segment in any spelling: a backend may decode slashes before it resolves segments, or first
 * drop a parameter (`..;`). Browsers resolve `..` before they send a request.
 */
const ASCENT = /(?:\/|\\|%2f|%5c)(?:\.|%2e){2}(?:\/|\\|%2f|%5c|;|%3b|$)/i;

/** A backend under a prefix. */
export class Backend {
  readonly prefix: string;
  /** An http or https URL; its path replaces the prefix. */
  readonly url: URL;
  readonly #cookies: CookieJars;

  /** @param cookies The service's cookies. @default new jars in memory */
  constructor({ prefix, backend }: BackendConfig, cookies = new CookieJars()) {
    this.prefix = prefix;
    this.url = backend;
    this.#cookies = cookies;
  }

  /**
   * Maps a page's request to the backend.
   *
   * @throws {LighthouseError} `bad-request` when the target would leave the backend's origin or path.
   */
  upstreamRequest(
    { target, headers }: Pick<HttpRequest, "target" | "headers">,
    principal: Principal,
  ): UpstreamRequest {
    const url = this.#urlOf(target);
    const host = originHost(headers);
    // The service worker sets this header. From another site it lets only navigations through.
    const isCrossSite = valuesOf(headers, "sec-fetch-site").includes("cross-site");
    const cookie = this.#cookies.header(principal, url, isCrossSite);
    return {
      url,
      headers: [
        ["Host", url.host],
        ...without(withoutForged(withoutHopByHop(headers)), "cookie", "content-length"),
        ...forwardedHeaders(this.prefix, host),
        ...principalHeaders(principal),
        ...cookie ? [["Cookie", cookie] satisfies HeaderField] : [],
      ],
      back: (answered) => {
        this.#cookies.store(principal, valuesOf(answered, "set-cookie"), url);
        return without(withoutHopByHop(answered), "set-cookie").map(([name, value]) =>
          name.toLowerCase() === "location"
            ? [name, this.#pageLocation(value, host)]
            : [name, value]
        );
      },
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
    // As a reference, a path with two slashes at its start names a host (RFC 3986 §4.2).
    const isInside = url?.origin === origin && isUnder(this.#base || "/", url.pathname) &&
      !url.pathname.startsWith("//") && !ASCENT.test(rest.replace(/[?#].*/s, ""));
    if (!url || !isInside) {
      throw new LighthouseError(
        "bad-request",
        `Cannot forward ${target}: it leads out of the backend`,
      );
    }
    return url;
  }

  /**
   * Maps a `Location` on the backend to the path under which pages reach it. A relative `Location` and
   * one that leads elsewhere stay as they are. A path under the prefix comes from an app that uses
   * X-Forwarded-Prefix, and stays too.
   *
   * @param host The value of X-Forwarded-Host in the request.
   */
  #pageLocation(location: string, host: string | undefined): string {
    const url = /^(?:https?:)?\//i.test(location) ? URL.parse(location, this.url) : null;
    const isOurs = url?.origin === this.url.origin || (host && url?.origin === `https://${host}`);
    if (!url || !isOurs) return location;
    const path = url.pathname + url.search + url.hash;
    if (this.prefix !== "/" && isUnder(this.prefix, url.pathname)) return path;
    if (!isUnder(this.#base || "/", url.pathname)) return location;
    const rest = restOf(this.#base || "/", path);
    const mapped = this.prefix === "/" ? rest.replace(/^(?!\/)/, "/") : this.prefix + rest;
    return mapped.startsWith("//") ? location : mapped;
  }
}
