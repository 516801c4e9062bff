// The backend of the run with cuts: streams in which a byte or a message that is lost, doubled or
// moved shows.
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";
import { type WebSocket, WebSocketServer } from "ws";
import { numberOf, type Route } from "../../local/backend_route.ts";
import { ChainHash } from "../chain_hash.ts";
import { placedParts } from "./placed.ts";

const BYTES = { least: 0, most: 2 ** 30, otherwise: 0 };

/** Time between two events, or two messages of the same side, in milliseconds. */
const TICK_MS = 20;

/** What the backend has counted. */
export interface Counts {
  /** Requests that came. */
  downloads: number;
  uploads: number;
  events: number;
  sockets: number;
  /** Numbers that the newest socket has received out of order. */
  misplaced: number;
}

/** The backend's routes, and its WebSockets at an address of their own. */
export interface CutBackend extends AsyncDisposable {
  readonly counts: Counts;
  readonly routes: Record<string, Route>;
  /** `http://127.0.0.1:PORT` */
  readonly socketUrl: string;
}

/**
 * | Route | Answer |
 * |---|---|
 * | `GET /placed?bytes=N` | so many bytes, each of which depends on its place |
 * | `POST /hash` | the chain hash of the body |
 * | `GET /events` | numbered events, until nobody listens |
 *
 * The WebSocket sends numbers from 0 on, and expects such. At the text `end`, it sends `end` and how
 * many it has received, and closes.
 */
export async function startCutBackend(): Promise<CutBackend> {
  const counts: Counts = { downloads: 0, uploads: 0, events: 0, sockets: 0, misplaced: 0 };
  const server = createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket) => {
    counts.sockets++;
    count(socket, counts);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    counts,
    routes: routesWith(counts),
    socketUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      for (const socket of sockets.clients) socket.terminate();
      server.close();
      await closed;
    },
  };
}

function count(socket: WebSocket, counts: Counts): void {
  let sent = 0;
  let received = 0;
  const timer = setInterval(() => socket.send(String(sent++)), TICK_MS);
  socket.on("close", () => clearInterval(timer));
  socket.on("message", (data) => {
    const text = String(data);
    if (text === "end") {
      clearInterval(timer);
      socket.send(`end ${received} ${sent}`);
      socket.close(1000);
    } else if (Number(text) !== received++) counts.misplaced++;
  });
}

function routesWith(counts: Counts): Record<string, Route> {
  return {
    "GET /placed": async (request, response) => {
      counts.downloads++;
      const bytes = numberOf(request, "bytes", BYTES);
      response.writeHead(200, { "content-length": bytes });
      await pipeline(placedParts(bytes), response);
    },
    "POST /hash": async (request, response) => {
      counts.uploads++;
      const hash = new ChainHash();
      for await (const part of request) await hash.add(part);
      response.end(await hash.end());
    },
    "GET /events": (_request, response) => {
      counts.events++;
      response.writeHead(200, { "content-type": "text/event-stream" });
      let number = 0;
      const timer = setInterval(() => response.write(`data: ${number++}\n\n`), TICK_MS);
      response.on("close", () => clearInterval(timer));
    },
  };
}
