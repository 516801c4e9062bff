// The backend of the run with cuts. Its streams reveal bytes and messages that are lost, doubled or
// moved.
import { pipeline } from "node:stream/promises";
import { type WebSocket, WebSocketServer } from "ws";
import { type BenchBackend, benchRoutes, bytesOf, startBenchBackend } from "../backend.ts";
import { placedParts } from "./placed.ts";

/** Time between two events, or two messages of one side, in milliseconds. */
const TICK_MS = 20;

/** The backend's counts. */
export interface Counts {
  /** Received requests. */
  downloads: number;
  uploads: number;
  events: number;
  sockets: number;
  /** Numbers that the newest socket received out of order. */
  misplaced: number;
}

/** The bench's backend with more routes, and WebSockets at any path. */
export interface CutBackend extends BenchBackend {
  readonly counts: Counts;
}

/**
 * | Route | Answer |
 * |---|---|
 * | `GET /placed?bytes=N` | `N` bytes, each of which depends on its offset |
 * | `POST /hash` | the chain hash of the body |
 * | `GET /events` | numbered events, until the client disconnects |
 *
 * The WebSocket sends numbers from 0 on, and expects them. At the text `end`, it sends `end` and the
 * number of received messages, and closes.
 */
export async function startCutBackend(): Promise<CutBackend> {
  const counts: Counts = { downloads: 0, uploads: 0, events: 0, sockets: 0, misplaced: 0 };
  const backend = await startBenchBackend({
    "GET /placed": async (request, response) => {
      counts.downloads++;
      const bytes = bytesOf(request);
      response.writeHead(200, { "content-length": bytes });
      await pipeline(placedParts(bytes), response);
    },
    "POST /hash": (request, response) => {
      counts.uploads++;
      return benchRoutes["POST /bench/hash"](request, response);
    },
    "GET /events": (_request, response) => {
      counts.events++;
      response.writeHead(200, { "content-type": "text/event-stream" });
      let number = 0;
      const timer = setInterval(() => response.write(`data: ${number++}\n\n`), TICK_MS);
      response.on("close", () => clearInterval(timer));
    },
  });
  const sockets = new WebSocketServer({ server: backend.server });
  sockets.on("connection", (socket) => {
    counts.sockets++;
    count(socket, counts);
  });
  return {
    ...backend,
    counts,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets.clients) socket.terminate();
      await backend[Symbol.asyncDispose]();
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
