// The bench's backend. It uses plain node:http: express takes some 10 to 50 µs a request, which would
// count as the tunnel's time, since the raw channel has no backend.
import { createServer, type IncomingMessage, type Server } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { Route } from "../local/backend_route.ts";
import { listen, type Listening } from "../testing/listen.ts";
import { ChainHash } from "./chain_hash.ts";
import { payloadParts, Tally } from "./payload.ts";

/** The page of plain HTTP has another origin. */
const HEADERS = { "access-control-allow-origin": "*" };

/** A running backend. */
export interface BenchBackend extends Listening {
  readonly server: Server;
}

/**
 * The backend's routes. They also run on the sample backend of tools/local.
 *
 * | Route | Answer |
 * |---|---|
 * | `GET /bench/small` | a few bytes |
 * | `GET /bench/download?bytes=N` | a payload |
 * | `POST /bench/upload?bytes=N` | 204, or 500 if the body differs from the payload |
 * | `GET /bench/hash?bytes=N` | the chain hash of a payload |
 * | `POST /bench/hash` | the chain hash of the body |
 */
export const benchRoutes = {
  "GET /bench/small": (_request, response) => {
    response.writeHead(200, { ...HEADERS, "content-type": "text/plain", "content-length": 2 });
    response.end("ok");
  },

  "GET /bench/download": async (request, response) => {
    const bytes = bytesOf(request);
    response.writeHead(200, { ...HEADERS, "content-length": bytes });
    await pipeline(Readable.from(payloadParts(bytes, 64 * 1024)), response);
  },

  "POST /bench/upload": async (request, response) => {
    const tally = new Tally();
    for await (const part of request) tally.add(part);
    tally.check(bytesOf(request));
    response.writeHead(204, HEADERS).end();
  },

  "GET /bench/hash": async (request, response) => {
    const hash = new ChainHash();
    for (const part of payloadParts(bytesOf(request), 64 * 1024)) await hash.add(part);
    response.end(await hash.end());
  },

  "POST /bench/hash": async (request, response) => {
    const hash = new ChainHash();
    for await (const part of request) await hash.add(part);
    response.end(await hash.end());
  },
} as const satisfies Record<string, Route>;

/**
 * Starts a backend with {@linkcode benchRoutes} on 127.0.0.1. A route that fails answers 500.
 *
 * @param more Further routes by method and path.
 */
export async function startBenchBackend(more: Record<string, Route> = {}): Promise<BenchBackend> {
  const routes = new Map<string, Route>(Object.entries({ ...benchRoutes, ...more }));
  const server = createServer(async (request, response) => {
    const [path] = request.url!.split("?", 1);
    try {
      await routes.get(`${request.method} ${path}`)!(request, response);
    } catch {
      if (response.headersSent) response.destroy();
      else response.writeHead(500).end();
    }
  });
  server.requestTimeout = 0; // a large upload over a slow path takes as long as it takes
  return { ...await listen(server), server };
}

/** The parameter `bytes` of the request's query. */
export function bytesOf({ url }: IncomingMessage): number {
  return Number(new URLSearchParams(url!.split("?", 2)[1]).get("bytes"));
}
