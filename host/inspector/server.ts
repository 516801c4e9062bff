// Serves the inspector's web page and its requests, on this machine only and only with the token.
import { createHash, timingSafeEqual } from "node:crypto";
import { readFile } from "node:fs/promises";
import type { IncomingMessage, ServerResponse } from "node:http";
import { type HeaderField, LighthouseError, toBase64url } from "../../wire/mod.ts";
import { serveLoopback } from "../platform/loopback.ts";
import { formatJson } from "../platform/terminal.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import { curlCommand, type SentRequest } from "./curl.ts";
import type { Exchange, ExchangeEvent, Exchanges, SeenBody } from "./exchanges.ts";

/** Options of {@linkcode startInspector}. */
export interface InspectorOptions {
  exchanges: Exchanges;
  /** Answers replayed requests. */
  handler: ServiceHandler;
  /** Gives a request as its backend gets it; undefined where a folder or nothing answers. */
  sentOf: (exchange: Exchange) => Omit<SentRequest, "method" | "body"> | undefined;
  /** The port on 127.0.0.1; 0 for any free one. */
  port: number;
}

/** A running inspector. */
export interface Inspector extends AsyncDisposable {
  /** URL of its page. A secret: the fragment holds the token. */
  readonly url: string;
}

/** The page's files, which `npm run build` puts beside the bundle. */
const FILES: Record<string, [file: string, type: string]> = {
  "/": ["index.html", "text/html"],
  "/inspector.js": ["inspector.js", "text/javascript"],
  "/inspector.css": ["inspector.css", "text/css"],
};
const FOLDER = new URL("./inspector_page/", import.meta.url);

const SECURITY_HEADERS = {
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; " +
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  "cache-control": "no-store",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
};

/** Headers with credentials. They are sent in replays, and never shown. */
const SECRET =
  /^(?:authorization|proxy-authorization|cookie|set-cookie|.*(?:token|secret|api-?key).*)$/i;

function isSecret(name: string): boolean {
  return SECRET.test(name);
}

/** Most pages that may follow at once. */
const MAX_FOLLOWERS = 16;

/**
 * Starts the inspector on 127.0.0.1.
 *
 * Each start makes a new token. It is in the fragment of the page's URL and then in `Authorization`,
 * which no other site's page can make a browser send.
 *
 * @throws {LighthouseError} `bad-config` if the port is not free.
 */
export async function startInspector(
  { exchanges, handler, sentOf, port }: InspectorOptions,
): Promise<Inspector> {
  const token = toBase64url(crypto.getRandomValues(new Uint8Array(16)));
  const stop = new AbortController();
  const server = await serveLoopback("inspect", port, async (request, response) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) response.setHeader(name, value);
    try {
      await answer(request, response);
    } catch (error) {
      const { code, message } = LighthouseError.from(error, "bad-request");
      if (response.headersSent) response.destroy();
      else sendJson(response, 400, { error: { code, message } });
    }
  });
  let followers = 0;

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { method = "GET", headers: { host = "", authorization = "" } } = request;
    const { pathname } = new URL(request.url ?? "/", `http://${host}`);
    const file = FILES[pathname];
    if (file && method === "GET") {
      response.setHeader("content-type", `${file[1]}; charset=utf-8`);
      response.end(await readFile(new URL(file[0], FOLDER)));
      return;
    }
    if (!isSame(authorization, `Bearer ${token}`)) {
      return sendError(response, 401, "Open the address that lighthouse-host has printed");
    }
    const [, id, action] = /^\/api\/exchanges\/(\d{1,15})(\/replay|\/curl)?$/.exec(pathname) ?? [];
    const route = `${method} ${id ? pathname.replace(id, "ID") : pathname}`;
    switch (route) {
      case "GET /api/exchanges":
        if (followers >= MAX_FOLLOWERS) return sendError(response, 503, "Too many pages follow");
        followers++;
        return await follow(exchanges, response, stop.signal).finally(() => followers--);
      case "GET /api/exchanges/ID": {
        const exchange = exchanges.get(Number(id));
        if (!exchange) return sendError(response, 404, "It is no longer remembered");
        return sendJson(response, 200, details(exchange));
      }
      case "GET /api/exchanges/ID/curl": {
        const exchange = exchanges.get(Number(id));
        const sent = exchange && !exchange.socket && sentOf(exchange);
        if (!sent) return sendError(response, 404, "No backend has answered it");
        const { method, requestBody } = exchange;
        const isWhole = requestBody?.kept?.length === requestBody?.bytes;
        const body = isWhole ? requestBody?.kept : undefined;
        const made = curlCommand({ ...sent, method, body }, isSecret);
        return sendJson(response, 200, { ...made, isWhole });
      }
      case "POST /api/exchanges/ID/replay": {
        const made = await exchanges.replay(Number(id), handler, stop.signal);
        return sendJson(response, 200, { id: made.id });
      }
      case "PUT /api/bodies":
      case "DELETE /api/bodies":
        exchanges.keepsBodies = method === "PUT";
        return sendJson(response, 200, { keepsBodies: exchanges.keepsBodies });
      default:
        return sendError(response, action ? 405 : 404, "There is no such thing");
    }
  }

  return {
    url: `http://127.0.0.1:${server.port}/#token=${token}`,
    async [Symbol.asyncDispose]() {
      stop.abort();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** Writes each exchange as a line of JSON: first all recorded ones, then each that changes. */
async function follow(
  exchanges: Exchanges,
  response: ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  response.setHeader("content-type", "application/x-ndjson");
  // By id: an exchange that changes often while the page is slow is sent once.
  const news = new Map(exchanges.all.map((exchange) => [exchange.id, exchange]));
  let wake = () => {};
  const hear = (event: Event) => {
    const { exchange } = event as ExchangeEvent;
    news.set(exchange.id, exchange);
    wake();
  };
  const isOver = () => response.destroyed || signal.aborted;
  const settle = () => wake();
  exchanges.addEventListener("exchange", hear);
  signal.addEventListener("abort", settle);
  response.on("close", settle).on("drain", settle);
  response.write(`${formatJson({ keepsBodies: exchanges.keepsBodies })}\n`);
  try {
    while (!isOver()) {
      const lines = [...news.values()].map((exchange) => `${formatJson(summary(exchange))}\n`);
      news.clear();
      const isFull = lines.length > 0 && !response.write(lines.join(""));
      if (isOver() || (news.size > 0 && !isFull)) continue;
      await new Promise<void>((resolve) => wake = resolve);
      while (response.writableNeedDrain && !isOver()) {
        await new Promise<void>((resolve) => wake = resolve);
      }
    }
  } finally {
    exchanges.removeEventListener("exchange", hear);
    signal.removeEventListener("abort", settle);
  }
}

/** An exchange in the form for the list. */
function summary(exchange: Exchange) {
  const { id, time, principal, method, target, requestBody, answer, socket } = exchange;
  const { endAfter, failure } = exchange;
  return {
    id,
    time,
    method,
    target,
    endAfter,
    failure,
    replayOf: exchange.replayOf,
    device: principal.name ?? null,
    status: answer?.status,
    sent: socket?.counts.page.bytes ?? requestBody?.bytes ?? 0,
    received: socket?.counts.backend.bytes ?? answer?.body?.bytes ?? 0,
    socket: socket && {
      sent: socket.counts.page.messages,
      received: socket.counts.backend.messages,
      close: socket.close,
    },
  };
}

/** An exchange in the form for its details. */
function details(exchange: Exchange) {
  const { headers, requestBody, answer, headAfter, socket } = exchange;
  return {
    ...summary(exchange),
    headAfter,
    headers: masked(headers),
    body: shownBody(requestBody),
    messages: socket?.messages.map(({ after, from, isBinary, bytes, kept }) => ({
      after,
      from,
      ...isBinary ? { bytes, kept: kept.length } : shownBody({ bytes, kept }),
    })),
    answer: answer && {
      status: answer.status,
      statusText: answer.statusText,
      headers: masked(answer.headers),
      body: shownBody(answer.body),
    },
  };
}

function masked(headers: HeaderField[]): HeaderField[] {
  return headers.map(([name, value]) => [
    name,
    isSecret(name) ? `(hidden, ${value.length} characters)` : value,
  ]);
}

/** A body as text; undefined if it is not text: the page then shows its size. */
function shownBody(body: SeenBody | null) {
  if (!body) return null;
  const { bytes, kept } = body;
  if (!kept) return { bytes };
  try {
    // A recorded body may end within a character: stream mode leaves that one out.
    const isWhole = kept.length === bytes;
    const text = new TextDecoder("utf-8", { fatal: true }).decode(kept, { stream: !isWhole });
    return { bytes, kept: kept.length, text };
  } catch {
    return { bytes, kept: kept.length };
  }
}

function sendJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(formatJson(value));
}

function sendError(response: ServerResponse, status: number, message: string): void {
  sendJson(response, status, { error: { message } });
}

/** Compares two texts in constant time. */
function isSame(one: string, other: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(one), digest(other));
}
