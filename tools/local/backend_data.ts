// Development part: the sample backend's streams and bulk data.
import { createCipheriv, createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { numberOf, type Route, sendJson } from "./backend_route.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const BYTES = { least: 0, most: 1024 * MiB, otherwise: 5 * MiB };
const CHUNK = new Uint8Array(64 * KiB);

/** A slow stream, a download, its hash, an upload. */
export const dataRoutes: Record<string, Route> = {
  "GET /api/stream": async (request, response) => {
    const lines = numberOf(request, "lines", { least: 1, most: 1000, otherwise: 10 });
    const interval = numberOf(request, "interval", { least: 0, most: 10_000, otherwise: 250 });
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.writeHead(200, { "Content-Type": "text/plain; charset=utf-8" });
    for (let line = 1; line <= lines && request.method !== "HEAD"; line++) {
      if (line > 1) await setTimeout(interval, undefined, { signal: gone.signal });
      response.write(`line ${line} of ${lines}\n`);
    }
    response.end();
  },

  "GET /api/download": async (request, response) => {
    const bytes = numberOf(request, "bytes", BYTES);
    response.writeHead(200, {
      "Content-Type": "application/octet-stream",
      "Content-Length": bytes,
    });
    if (request.method === "HEAD") response.end();
    else await pipeline(Readable.from(pseudoRandom(bytes)), response);
  },

  "GET /api/hash": async (request, response) => {
    const bytes = numberOf(request, "bytes", BYTES);
    const hash = createHash("sha256");
    for (const chunk of pseudoRandom(bytes)) {
      hash.update(chunk);
      await setImmediate(); // lets other requests have their turn
      if (response.destroyed) return;
    }
    sendJson(response, 200, { bytes, sha256: hash.digest("hex") });
  },

  "POST /api/upload": async (request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of request) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    sendJson(response, 200, { bytes, sha256: hash.digest("hex") });
  },
};

/** So many bytes of a fixed AES-CTR key stream: it never repeats, so chunks out of order show. */
function* pseudoRandom(bytes: number): Generator<Uint8Array> {
  const cipher = createCipheriv("aes-128-ctr", "lighthouse, demo", new Uint8Array(16));
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    yield cipher.update(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK);
  }
}
