// For tests: requests as a service worker gets them, and a tunnel that answers them from memory.
import {
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  serveRequest,
} from "../../wire/mod.ts";
import { bytesOf } from "../../wire/testing/bytes.ts";
import { connectSessions } from "../../wire/testing/session_pair.ts";
import { EventSources } from "../worker/event_source.ts";
import type { PageRequest } from "../worker/page_request.ts";
import { Site } from "../worker/site.ts";
import { answer, type Tunnel } from "../worker/worker_fetch.ts";

export const SITE = "https://me.example/site/";
const PREFIX = new URL("local/", SITE);

/** The init of a {@linkcode pageRequest}. */
export interface PageRequestInit extends RequestInit {
  destination?: RequestDestination;
}

/** A request as a `fetch` event has it: some of its members can be made by no script. */
export function pageRequest(path: string, init: PageRequestInit = {}): PageRequest {
  const { mode = "cors", referrer = SITE, destination = "", cache = "default", ...plain } = init;
  const { referrerPolicy = "" } = init;
  const request = new Request(new URL(path, PREFIX), plain);
  const { method, url, headers, signal } = request;
  const blob = () => request.blob();
  return {
    method,
    url,
    headers,
    mode,
    cache,
    destination,
    referrer,
    referrerPolicy,
    signal,
    blob,
  };
}

/** A tunnel with these sessions, whose leader is never silent. */
export function tunnelOf(session: Tunnel["session"], others: Partial<Tunnel> = {}): Tunnel {
  return {
    site: new Site({ scope: SITE, worker: `${SITE}sw.js`, config: undefined, language: "en" }),
    session,
    untilSilent: () => new Promise(() => {}),
    eventSources: new EventSources(),
    ...others,
  };
}

/** Answers a request for a URL under the prefix. @param client The id of the page that asks. */
export function answerUnder(
  request: PageRequest,
  tunnel: Tunnel,
  client = "page",
): Promise<Response> {
  const url = new URL(request.url);
  return answer(request, tunnel, { target: tunnel.site.pathOf(url) + url.search, client });
}

/** Answers a request through sessions whose host end is `handler`. */
export async function through(
  handler: HttpHandler,
  request: PageRequest,
  eventSources = new EventSources(),
): Promise<Response> {
  const { page, host } = await connectSessions({
    host: { onStream: (stream) => void serveRequest(stream, handler) },
  });
  const tunnel = tunnelOf(() => Promise.resolve(page), { eventSources });
  const response = await answerUnder(request, tunnel);
  const body = response.body && await response.arrayBuffer();
  page.close();
  await host.closed;
  const { status, statusText, headers, type } = response;
  if (type === "error") return response;
  return new Response(body, { status, statusText, headers });
}

/** What a host gets. */
export interface Seen extends HttpRequest {
  bytes: Uint8Array | null;
}

/** What the host gets of a request. */
export async function seenOf(request: PageRequest): Promise<Seen> {
  const seen = Promise.withResolvers<Seen>();
  await through(async (request) => {
    seen.resolve({ ...request, bytes: request.body && await bytesOf(request.body) });
    return ok();
  }, request);
  return await seen.promise;
}

/** A host's answer. @default An empty 200 */
export function ok(init: Partial<HttpResponse> = {}): HttpResponse {
  return { status: 200, statusText: "OK", headers: [], body: null, ...init };
}

/** The value of a request's header. */
export function field({ headers }: Pick<HttpRequest, "headers">, name: string): string | undefined {
  return headers.find(([each]) => each === name)?.[1];
}
