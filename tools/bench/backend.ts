// The sample backend's routes that the bench asks for: they cost as little as a backend can.
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { numberOf, type Route } from "../local/backend_route.ts";
import { ChainHash } from "./chain_hash.ts";
import { payloadParts, Tally } from "./payload.ts";

const BYTES = { least: 0, most: 2 ** 30, otherwise: 0 };

/** The page that asks the backend by plain HTTP is another origin's. */
const HEADERS = { "access-control-allow-origin": "*" };

/**
 * | Route | Answer |
 * |---|---|
 * | `GET /bench/small` | a few bytes |
 * | `GET /bench/download?bytes=N` | a payload |
 * | `POST /bench/upload?bytes=N` | 204, or 500 where the body was another than that payload |
 * | `GET /bench/hash?bytes=N` | the chain hash of a payload |
 * | `POST /bench/hash` | the chain hash of the body |
 */
export const benchRoutes: Record<string, Route> = {
  "GET /bench/small": (_request, response) => {
    response.writeHead(200, { ...HEADERS, "content-type": "text/plain", "content-length": 2 });
    response.end("ok");
  },

  "GET /bench/download": async (request, response) => {
    const bytes = numberOf(request, "bytes", BYTES);
    response.writeHead(200, { ...HEADERS, "content-length": bytes });
    await pipeline(Readable.from(payloadParts(bytes, 64 * 1024)), response);
  },

  "POST /bench/upload": async (request, response) => {
    const tally = new Tally();
    for await (const part of request) tally.add(part);
    tally.check(numberOf(request, "bytes", BYTES));
    response.writeHead(204, HEADERS).end();
  },

  "GET /bench/hash": async (request, response) => {
    const hash = new ChainHash();
    for (const part of payloadParts(numberOf(request, "bytes", BYTES), 64 * 1024)) {
      await hash.add(part);
    }
    response.end(await hash.end());
  },

  "POST /bench/hash": async (request, response) => {
    const hash = new ChainHash();
    for await (const part of request) await hash.add(part);
    response.end(await hash.end());
  },
};
