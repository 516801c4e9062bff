// Answers requests through the leading tab.
import { BACKEND, COOKIES, LighthouseError, parseUrl, SERVICE } from "../../wire/mod.ts";
import { isReading } from "../fetch/client_headers.ts";
import { type Connect, send } from "../fetch/fetch.ts";
import { type EventSources, isEventSource } from "./event_source.ts";
import {
  type Destination,
  isFromSite,
  type PageRequest,
  type Placement,
  toBackendRequest,
} from "./page_request.ts";
import { failed, forbidden, unavailable } from "./service_page.ts";
import { asSignIn, isSignIn, signIn } from "./sign_in.ts";
import type { Site } from "./site.ts";

/** The way to the backend. */
export interface Tunnel {
  site: Site;
  /** Waits until a tab is connected; rejects if no tab is in time. */
  session: Connect;
  /** Resolves when the tab with the connection is silent, or the signal aborted. */
  untilSilent: (signal: AbortSignal) => Promise<void>;
  eventSources: EventSources;
}

/** Where a request leads, and for whom. */
export interface Led {
  /** The path and query in the tunnel. */
  target: string;
  /** The id of the page that asks; "" for a navigation. */
  client: string;
  /** The URL of the document that asks, as the backend is to see it. @default The request's referrer */
  referrer?: string;
  /** @default The site's own */
  placement?: Placement;
  /** Further headers, by their names. */
  headers?: Record<string, string>;
  /** Called with what the host says to the worker, once it has answered. */
  onAnswer?: (told: Told) => void;
}

/** What the host says to the worker of an answer; undefined where it does not tell. */
export interface Told {
  /** What `document.cookie` is in the document that asks. */
  cookies?: string;
  /** The prefix of the service that has answered. */
  service?: string;
  /** The backend's own URL. */
  backend?: string;
}

const SILENT = "The tab that holds the connection does not answer";

/** Answers a request. Never rejects: a request that fails has a response of the worker's own. */
export async function answer(request: PageRequest, tunnel: Tunnel, led: Led): Promise<Response> {
  const { prefix, origin, language } = tunnel.site;
  if (isForgery(request, origin)) return forbidden(language);
  if (isSignIn(request, prefix)) {
    return await signIn(request, tunnel.site, (page, headers) => {
      const url = new URL(page.url);
      const target = tunnel.site.pathOf(url) + url.search;
      return ask(page, tunnel, { ...led, target, headers });
    });
  }
  if (isEventSource(request)) {
    return await tunnel.eventSources.answer(request, led.client, (more) => {
      return ask(request, tunnel, { ...led, headers: { ...led.headers, ...more } });
    });
  }
  return asSignIn(request, await ask(request, tunnel, led), tunnel.site);
}

/** Asks the backend. Never rejects: a request that fails has a response of the worker's own. */
async function ask(
  request: PageRequest,
  { site, session, untilSilent }: Tunnel,
  { target, referrer = request.referrer, placement = site, headers, onAnswer = () => {} }: Led,
): Promise<Response> {
  let trouble: LighthouseError | undefined;
  const answered = new AbortController();
  const silent = new AbortController();
  const connect: Connect = async (signal) => {
    const opener = await session(signal).catch((error) => {
      throw trouble = LighthouseError.from(error, "no-holder");
    });
    untilSilent(answered.signal).then(() => {
      if (!answered.signal.aborted) silent.abort(new LighthouseError("no-holder", SILENT));
    });
    return opener;
  };
  try {
    const { mount, service } = placement;
    const destination: Destination = { target, origin: site.origin, mount, service, referrer };
    const sent = await toBackendRequest(request, destination, headers);
    const signal = AbortSignal.any([request.signal, silent.signal]);
    const response = await send({ ...sent, signal }, connect);
    onAnswer(takeTold(response.headers));
    return located(response, target, site);
  } catch (error) {
    const { config, scope, language } = site;
    if (trouble) return unavailable(request, config ? undefined : scope.href, trouble, language);
    console.warn(`lighthouse-tunnel: ${request.method} ${request.url} failed:`, error);
    if (request.mode !== "navigate") return Response.error();
    return failed(LighthouseError.from(error, "connection-lost"), language);
  } finally {
    answered.abort();
  }
}

/** Takes what the worker is told out of an answer's headers. */
function takeTold(headers: Headers): Told {
  const take = (name: string) => {
    const value = headers.get(name) ?? undefined;
    headers.delete(name);
    return value;
  };
  const cookies = take(COOKIES);
  return {
    cookies: cookies === undefined ? undefined : decodeURIComponent(cookies),
    service: take(SERVICE),
    backend: take(BACKEND),
  };
}

/**
 * Whether another site made the browser post this (cross-site request forgery). The worker gets requests
 * of the site's own pages, and navigations from anywhere: another site's link is harmless, its form is
 * not.
 */
function isForgery(request: PageRequest, own: string): boolean {
  return request.mode === "navigate" && !isReading(request.method) && !isFromSite(request, own);
}

/** The response, with URLs of the backend led back to the site. */
function located(response: Response, target: string, site: Site): Response {
  const { headers } = response;
  const location = headers.get("location");
  if (location !== null) headers.set("location", placed(location, target, site));
  const refresh = headers.get("refresh");
  const [, before, url] = /^([^;,]*[;,]\s*(?:url\s*=\s*)?)([^'"].*)$/i.exec(refresh ?? "") ?? [];
  if (before && url) headers.set("refresh", before + placed(url, target, site));
  return response;
}

/** The reference to a place on the site, for one to a path of the tunnel. Others stay. */
function placed(reference: string, target: string, site: Site): string {
  // The backend does not know the site: a reference to this origin is a path of the backend.
  const base = new URL(`http://lighthouse.invalid${target}`);
  const url = parseUrl(reference, base.href);
  if (url?.origin !== base.origin) return reference;
  const isPlaced = site.prefix.pathname !== "/" && site.isUnder(site.origin + url.pathname);
  const path = isPlaced ? url.pathname : site.placeOf(url.pathname);
  // As a reference, a path with two slashes at its start names a host (RFC 3986 §4.2).
  return (path.startsWith("//") ? `/.${path}` : path) + url.search + url.hash;
}
