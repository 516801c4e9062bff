// Answers the page's requests under the prefix through the leading tab.
import { LighthouseError } from "../../wire/mod.ts";
import { isReading } from "../fetch/client_headers.ts";
import { type Connect, send } from "../fetch/fetch.ts";
import { type EventSources, isEventSource } from "./event_source.ts";
import { isFromSite, type PageRequest, toBackendRequest } from "./page_request.ts";
import { failed, forbidden, unavailable } from "./service_page.ts";
import { asSignIn, isSignIn, signIn } from "./sign_in.ts";

/** The way to the backend. */
export interface Tunnel {
  /** The URL under which requests go through the tunnel; ends with a slash. */
  prefix: URL;
  /** The URL of the site's pages, any of which can connect. */
  site: string;
  /** Waits until a tab is connected; rejects if no tab is in time. */
  session: Connect;
  /** Resolves when the tab with the connection is silent, or the signal aborted. */
  untilSilent: (signal: AbortSignal) => Promise<void>;
  eventSources: EventSources;
}

const SILENT = "The tab that holds the connection does not answer";

/** Whether the tunnel answers requests for this URL. */
export function isUnder(prefix: URL, url: string): boolean {
  return url.startsWith(prefix.href);
}

/**
 * Answers a request for a URL under the prefix.
 *
 * @param client The id of the page that asks; "" for a navigation.
 */
export async function answer(
  request: PageRequest,
  tunnel: Tunnel,
  client: string,
): Promise<Response> {
  const { prefix } = tunnel;
  if (isForgery(request, prefix.origin)) return forbidden();
  if (isSignIn(request, prefix)) {
    return await signIn(request, prefix, (page, more) => ask(page, tunnel, more));
  }
  if (isEventSource(request)) {
    return await tunnel.eventSources.answer(request, client, (more) => ask(request, tunnel, more));
  }
  return asSignIn(request, await ask(request, tunnel), prefix);
}

/** Asks the backend. Never rejects: a request that fails has a response of the worker's own. */
async function ask(
  request: PageRequest,
  { prefix, site, session, untilSilent }: Tunnel,
  more?: Record<string, string>,
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
    const sent = await toBackendRequest(request, prefix, more);
    const signal = AbortSignal.any([request.signal, silent.signal]);
    return located(await send({ ...sent, signal }, connect), sent.head.target, prefix);
  } catch (error) {
    if (trouble) return unavailable(request, site, trouble);
    console.warn(`lighthouse-tunnel: ${request.method} ${request.url} failed:`, error);
    if (request.mode !== "navigate") return Response.error();
    return failed(LighthouseError.from(error, "connection-lost"));
  } finally {
    answered.abort();
  }
}

/**
 * Whether another site made the browser post this (cross-site request forgery). The worker gets requests
 * of the site's own pages, and navigations from anywhere: another site's link is harmless, its form is
 * not.
 */
function isForgery(request: PageRequest, own: string): boolean {
  return request.mode === "navigate" && !isReading(request.method) && !isFromSite(request, own);
}

/** The response, with a Location on the backend led back under the prefix. */
function located(response: Response, target: string, prefix: URL): Response {
  const location = response.headers.get("location");
  // The backend does not know the site: a Location on this origin is a path of the backend.
  const base = new URL(`http://lighthouse.invalid${target}`);
  const url = location === null ? null : URL.parse(location, base.href);
  if (url?.origin !== base.origin) return response;
  const path = isUnder(prefix, prefix.origin + url.pathname)
    ? url.pathname
    : prefix.pathname + url.pathname.slice(1);
  response.headers.set("location", path + url.search + url.hash);
  return response;
}
