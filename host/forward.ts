// Forwards requests to the backend: bodies untouched, hop-by-hop fields removed, and nothing but
// the configured backend within reach.
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { Agent, errors } from "undici";
import {
  type HeaderField,
  type HttpHandler,
  type HttpRequest,
  type HttpResponse,
  LighthouseError,
} from "../wire/mod.ts";

/** Time for the backend to accept a connection, to send its head, and between two chunks, in ms. */
const CONNECT_MS = 5_000;
const HEADERS_MS = 300_000;
const BODY_IDLE_MS = 300_000;

/**
 * Fields that concern one hop and are not passed on (RFC 9110 §7.6.1), together with those that
 * `Connection` names. `Expect` asks for a 100 that nobody beyond this hop waits for.
 */
const HOP_BY_HOP = new Set([
  "connection",
  "expect",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
]);

/** A `..` with an encoded slash beside it, which the backend may decode and resolve. */
const HIDDEN_ASCENT = /(?:\/|%2f|%5c)(?:\.|%2e){2}(?:\/|%2f|%5c|$)/i;

/** Forwarding that can be stopped. */
export interface Forwarder {
  handler: HttpHandler;
  /** Aborts what is under way and closes the backend's connections. */
  close(): Promise<void>;
}

/**
 * Makes a handler that forwards to one backend.
 *
 * @param backend An http or https URL; its path is put before each request's.
 */
export function forwardTo(backend: URL): Forwarder {
  const agent = new Agent({
    connect: { timeout: CONNECT_MS },
    headersTimeout: HEADERS_MS,
    bodyTimeout: BODY_IDLE_MS,
  });

  const handler: HttpHandler = async (request, signal) => {
    const url = targetUrl(backend, request.target);
    if (request.method === "CONNECT") {
      throw new LighthouseError(
        "bad-request",
        "Cannot forward CONNECT: it asks for another tunnel",
      );
    }
    try {
      const { statusCode, statusText, headers, body } = await agent.request({
        origin: url.origin,
        path: url.pathname + url.search,
        method: request.method as "GET",
        headers: requestHeaders(request, url).flat(),
        body: request.body && Readable.fromWeb(request.body as NodeReadableStream<Uint8Array>),
        signal,
        responseHeaders: "raw",
      });
      const isEmpty = isBodyless(request.method, statusCode);
      if (isEmpty) await body.dump();
      return {
        status: statusCode,
        statusText,
        headers: withoutHopByHop(pairs(headers as unknown as string[])),
        body: isEmpty ? null : streamOf(body),
      };
    } catch (error) {
      if (signal.aborted) throw LighthouseError.from(signal.reason, "aborted");
      if (isRefusal(error)) throw LighthouseError.from(error, "bad-request");
      return badGateway(backend, error);
    }
  };
  return { handler, close: () => agent.destroy() };
}

/**
 * The backend's URL for a request's target.
 *
 * @throws {LighthouseError} `bad-request` when the target would leave the backend's origin or path.
 */
export function targetUrl(backend: URL, target: string): URL {
  const base = backend.pathname.replace(/\/$/, "");
  const url = URL.parse(backend.origin + base + target);
  // A dot segment between slashes, however it is written, has been resolved by now.
  const isInside = url?.origin === backend.origin && `${url.pathname}/`.startsWith(`${base}/`) &&
    !(base && HIDDEN_ASCENT.test(url.pathname));
  if (!url || !isInside) {
    throw new LighthouseError(
      "bad-request",
      `Cannot forward ${target}: it leads out of the backend`,
    );
  }
  return url;
}

function requestHeaders(request: HttpRequest, url: URL): HeaderField[] {
  return [...withoutHopByHop(request.headers), ["host", url.host]];
}

function withoutHopByHop(headers: HeaderField[]): HeaderField[] {
  const named = headers.filter(([name]) => name.toLowerCase() === "connection")
    .flatMap(([, value]) => value.toLowerCase().split(",").map((name) => name.trim()));
  const removed = new Set([...HOP_BY_HOP, ...named]);
  return headers.filter(([name]) => !removed.has(name.toLowerCase()));
}

/** undici's raw headers: names and values in turn. */
function pairs(raw: string[]): HeaderField[] {
  const fields: HeaderField[] = [];
  for (let i = 0; i + 1 < raw.length; i += 2) fields.push([String(raw[i]), String(raw[i + 1])]);
  return fields;
}

/**
 * An answer's body, read as it is asked for. Readable.toWeb() will not do: what undici still has of
 * a body that was cancelled makes it throw where nobody can catch it.
 */
function streamOf(body: Readable): ReadableStream<Uint8Array> {
  const chunks = body[Symbol.asyncIterator]();
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await chunks.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel() {
      body.on("error", () => {}).destroy();
    },
  }, { highWaterMark: 0 });
}

/** RFC 9110 §6.4.1. */
function isBodyless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}

/** Whether undici itself refused the request: a field or a length that HTTP does not allow. */
function isRefusal(error: unknown): boolean {
  return error instanceof errors.InvalidArgumentError ||
    error instanceof errors.RequestContentLengthMismatchError;
}

function badGateway(backend: URL, error: unknown): HttpResponse {
  const { code, message } = reasonOf(backend, error);
  const body = new TextEncoder().encode(`${JSON.stringify({ error: { code, message } })}\n`);
  return {
    status: 502,
    statusText: "Bad Gateway",
    headers: [
      ["content-type", "application/json"],
      ["content-length", String(body.length)],
    ],
    body: new Blob([body]).stream(),
  };
}

function reasonOf(backend: URL, error: unknown): { code: string; message: string } {
  const { code } = error as { code?: string };
  if (code === "ECONNREFUSED" || error instanceof errors.ConnectTimeoutError) {
    const message = `The backend ${backend.origin} does not answer: is it running?`;
    return { code: "backend-unreachable", message };
  }
  return { code: "backend-failed", message: `The backend failed: ${(error as Error).message}` };
}
