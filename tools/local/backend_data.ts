// Development part: the sample backend's streams and bulk data.
import express, { type Router } from "express";
import { createCipheriv, createHash } from "node:crypto";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { setImmediate, setTimeout } from "node:timers/promises";
import { allowOnly, numberOf } from "./backend_route.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const BYTES = { least: 0, most: 1024 * MiB, otherwise: 5 * MiB };
const CHUNK = new Uint8Array(64 * KiB);

/** Serves a slow stream, a download, its hash, and an upload. */
export function dataRouter(): Router {
  const router = express.Router({ strict: true });

  router.route("/api/stream").get(async (request, response) => {
    const lines = numberOf(request, "lines", { least: 1, most: 1000, otherwise: 10 });
    const interval = numberOf(request, "interval", { least: 0, most: 10_000, otherwise: 250 });
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    response.type("text");
    for (let line = 1; line <= lines && request.method !== "HEAD"; line++) {
      if (line > 1) await setTimeout(interval, undefined, { signal: gone.signal });
      response.write(`line ${line} of ${lines}\n`);
    }
    response.end();
  }).all(allowOnly("GET, HEAD"));

  router.route("/api/download").get(async (request, response) => {
    const bytes = numberOf(request, "bytes", BYTES);
    response.type("bin").set("Content-Length", String(bytes));
    if (request.method === "HEAD") response.end();
    else await pipeline(Readable.from(pseudoRandom(bytes)), response);
  }).all(allowOnly("GET, HEAD"));

  router.route("/api/hash").get(async (request, response) => {
    const bytes = numberOf(request, "bytes", BYTES);
    const hash = createHash("sha256");
    for (const chunk of pseudoRandom(bytes)) {
      hash.update(chunk);
      await setImmediate(); // lets other requests proceed
      if (response.destroyed) return;
    }
    response.json({ bytes, sha256: hash.digest("hex") });
  }).all(allowOnly("GET, HEAD"));

  router.route("/api/upload").post(async (request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of request) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    response.json({ bytes, sha256: hash.digest("hex") });
  }).all(allowOnly("POST"));

  return router;
}

/**
 * Yields `bytes` bytes of a fixed AES-CTR key stream. It never repeats, which reveals chunks out of
 * order.
 */
function* pseudoRandom(bytes: number): Generator<Uint8Array> {
  const cipher = createCipheriv("aes-128-ctr", "lighthouse, demo", new Uint8Array(16));
  for (let left = bytes; left > 0; left -= CHUNK.length) {
    yield cipher.update(left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK);
  }
}
