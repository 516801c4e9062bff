// Decodes answers whose content coding (RFC 9110 §8.4) the pages' platforms may not know. A single gzip,
// which all know, goes through as it is.
import type { Transform } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { type HeaderField, type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import type { Share } from "../access/memory.ts";
import { failed } from "./backend_errors.ts";
import { valuesOf, without } from "./headers.ts";

type Decoder = Transform & { readonly bytesWritten: number };

/** Makes a decoder. @param first The first byte of the body. */
type MakeDecoder = (first: number) => Decoder;

/** zstd's window is 8 MiB at most, as in browsers (RFC 9659). */
const ZSTD = { params: { [constants.ZSTD_d_windowLogMax]: 23 } };

const DECODERS: Record<string, MakeDecoder> = {
  br: () => createBrotliDecompress(),
  // By HTTP deflate has zlib's head (RFC 9110 §8.4.1.2), which some servers leave out.
  deflate: (first) => (first & 0x0f) === 8 ? createInflate() : createInflateRaw(),
  gzip: () => createGunzip(),
  zstd: () => createZstdDecompress(ZSTD),
};

/** Most bytes that a window is counted as: a stranger must have room for one beside its other bytes. */
const MAX_WINDOW = 4 * 1024 * 1024;

/** Decoded bytes up to which a decoder needs none of the memory for windows, and so a small answer. */
const SMALL = 64 * 1024;

/** Time between looks whether there is memory for a window, in milliseconds. */
const LOOK_MS = 20;

/** Most codings on top of each other. */
const MAX_CODINGS = 5;

/** Bytes of the decoded body that are read ahead of the page. */
const READ_AHEAD = 64 * 1024;

/**
 * Decodes an answer's body on its way, or leaves it as it is: without a body, with a part of one (206),
 * as a single gzip, or with a coding that no browser knows. A decoder keeps a window of what it has
 * decoded, of up to 16 MiB: a long body waits until there is memory for that.
 *
 * @param memory Makes the share of a window.
 * @throws {LighthouseError} `backend-failed` if the body has too many codings. Where it is not what its
 * coding says, reading it fails with the same code.
 */
export function decoded(answer: HttpResponse, memory: () => Share): HttpResponse {
  const { status, headers, body } = answer;
  if (!body || status === 206 || !headers.some(isContentEncoding)) return answer;
  const codings = valuesOf(headers, "content-encoding")
    .flatMap((value) => value.toLowerCase().split(","))
    .map((coding) => coding.trim().replace(/^x-(?=gzip$)/, ""))
    .filter((coding) => coding && coding !== "identity");
  if (!codings.every((coding) => Object.hasOwn(DECODERS, coding))) return answer;
  if (codings.length > MAX_CODINGS) {
    throw failed(`its answer has ${codings.length} content codings, more than ${MAX_CODINGS}`);
  }
  const others = without(headers, "content-encoding");
  if (codings.length === 0) return { ...answer, headers: others };
  if (codings.length === 1 && codings[0] === "gzip") {
    return { ...answer, headers: [...others, ["Content-Encoding", "gzip"]] };
  }
  // The last coding was applied last (RFC 9110 §8.4).
  const plain = codings.reduceRight((coded, coding) => decode(coded, coding, memory), body);
  return { ...answer, headers: without(others, "content-length"), body: plain };
}

function isContentEncoding([name]: HeaderField): boolean {
  return name.length === 16 && name.toLowerCase() === "content-encoding";
}

/** Decodes as much as is read, whatever the size of the result. An empty body stays empty. */
function decode(
  body: ReadableStream<Uint8Array>,
  coding: string,
  memory: () => Share,
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let decoder: Decoder | undefined;
  let isWaiting = false;

  function open(first: number, controller: ReadableStreamDefaultController<Uint8Array>): Decoder {
    const opened = DECODERS[coding]!(first);
    let left = SMALL;
    const waitForMemory = async () => {
      isWaiting = true;
      await takeWindow(opened, windowOf(coding, first), memory());
      isWaiting = false;
      if (controller.desiredSize! > 0) opened.resume();
    };
    opened
      .on("data", (chunk: Uint8Array) => {
        controller.enqueue(chunk);
        const isSmall = left > 0;
        left -= chunk.length;
        if (isSmall && left <= 0) void waitForMemory();
        if (isWaiting || controller.desiredSize! <= 0) opened.pause();
      })
      .on("error", (cause) => {
        const error = cause instanceof LighthouseError
          ? cause
          : failed(`its answer is no valid ${coding}: ${cause.message}`, cause);
        controller.error(error);
        reader.cancel(error).catch(() => {});
      });
    return opened;
  }

  async function feed(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      for (let rest = value; rest.length > 0;) {
        decoder ??= open(rest[0]!, controller);
        rest = await give(decoder, rest);
        if (rest.length === 0) break;
        // zstd may go on with another frame (RFC 8878 §3.1). What else follows the end is of no use.
        if (coding !== "zstd") {
          controller.close();
          return await reader.cancel();
        }
        decoder = undefined;
      }
    }
    if (decoder) decoder.on("end", () => controller.close()).end();
    else controller.close();
  }

  return new ReadableStream({
    start(controller) {
      feed(controller).catch((error) => {
        if (decoder) decoder.destroy(LighthouseError.from(error, "backend-failed"));
        else controller.error(error);
      });
    },
    pull: () => {
      if (!isWaiting) decoder?.resume();
    },
    cancel: (reason) => {
      decoder?.destroy();
      return reader.cancel(reason);
    },
  }, { highWaterMark: READ_AHEAD, size: (chunk) => chunk!.length });
}

/** Takes the memory of a decoder's window, all at once, when it is there: two never wait for each other. */
async function takeWindow(decoder: Decoder, bytes: number, share: Share): Promise<void> {
  while (!decoder.destroyed && !share.take(bytes)) await sleep(LOOK_MS);
  if (decoder.destroyed) share.give();
  else decoder.on("close", () => share.give());
}

/** The length of a decoder's window beyond 64 KiB, as it is counted. @param first The first byte of the body. */
function windowOf(coding: string, first: number): number {
  if (coding === "zstd") return MAX_WINDOW;
  // RFC 7932 §9.1: WBITS.
  const high = (first >> 1) & 7;
  return coding === "br" && first & 1 && high > 0 ? Math.min(2 ** (17 + high), MAX_WINDOW) : 0;
}

/** Resolves when a decoder has taken a chunk, with what is left of it behind the end of the coding. */
function give(decoder: Decoder, chunk: Uint8Array): Promise<Uint8Array> {
  const before = decoder.bytesWritten;
  return new Promise((resolve) => {
    const end = () => resolve(chunk.subarray(decoder.bytesWritten - before));
    decoder.once("end", end).write(chunk, () => {
      decoder.off("end", end);
      resolve(chunk.subarray(chunk.length));
    });
  });
}
