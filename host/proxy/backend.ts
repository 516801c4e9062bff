// A backend as pages see it: where their paths lead, what it is told of them, and what of its answers
// they get. HTTP requests and WebSockets' handshakes both go through here.
import { type HeaderField, type HttpRequest, LighthouseError } from "../../wire/mod.ts";
import { isUnder, type Principal, restOf } from "../access/principal.ts";
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

/** A request as the backend gets it. */
export interface UpstreamRequest {
  url: URL;
  /** All fields but those of the connection and of the body's length. */
  headers: HeaderField[];
  /**
   * The fields of the answer for the page. Cookies stay here, and a `Location` within the backend
   * leads to the same place through the tunnel.
   */
  back(headers: HeaderField[]): HeaderField[];
}

/**
 * A `..` as a segment, however it is written: a backend may decode slashes before it resolves it, or
 * drop a parameter first (`..;`). Pages resolve theirs before they ask.
 */
const ASCENT = /(?:\/|\\|%2f|%5c)(?:\.|%2e){2}(?:\/|\\|%2f|%5c|;|%3b|$)/i;

/** A backend under a prefix. */
export class Backend {
  readonly prefix: string;
  /** An http or https URL; its path is put in the prefix's place. */
  readonly url: URL;
  readonly #cookies = new CookieJars();

  /** @param prefix `/`, or such as `/notes`. */
  constructor(prefix: string, url: URL) {
    this.prefix = prefix;
    this.url = url;
  }

  /**
   * Leads a page's request to the backend.
   *
   * @throws {LighthouseError} `bad-request` when the target would leave the backend's origin or path.
   */
  upstreamRequest(
    { target, headers }: Pick<HttpRequest, "target" | "headers">,
    principal: Principal,
  ): UpstreamRequest {
    const url = this.#urlOf(target);
    const host = originHost(headers);
    // As the service worker says it, which lets nothing of another site's through but links.
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

  /** The backend's path without a slash at its end: empty where the service is all of it. */
  get #base(): string {
    return this.url.pathname.replace(/\/$/, "");
  }

  #urlOf(target: string): URL {
    const { origin } = this.url;
    const rest = restOf(this.prefix, target);
    const url = URL.parse(origin + this.#base + rest);
    // A path that begins with two slashes names a host to whoever reads it as a reference (RFC 3986
    // §4.2).
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
   * A `Location` that leads to the backend, as the path under which pages reach the same; any other
   * as it is. A relative one leads a page where it leads the backend. One that is under the prefix
   * comes from an app that minds X-Forwarded-Prefix.
   *
   * @param host What X-Forwarded-Host said.
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
