// Decodes answers whose content coding (RFC 9110 §8.4) the pages' platforms may not know. A single gzip,
// which all know, goes through as it is.
import type { Transform } from "node:stream";
import {
  constants,
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createInflateRaw,
  createZstdDecompress,
} from "node:zlib";
import { type HeaderField, type HttpResponse, LighthouseError } from "../../wire/mod.ts";
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

/** Most codings on top of each other. */
const MAX_CODINGS = 5;

/** Bytes of the decoded body that are read ahead of the page. */
const READ_AHEAD = 64 * 1024;

/**
 * Decodes an answer's body on its way, or leaves it as it is: without a body, with a part of one (206),
 * as a single gzip, or with a coding that no browser knows.
 *
 * @throws {LighthouseError} `backend-failed` if the body has too many codings. Where it is not what its
 * coding says, reading it fails with the same code.
 */
export function decoded(answer: HttpResponse): HttpResponse {
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
  const plain = codings.reduceRight((coded, coding) => decode(coded, coding), body);
  return { ...answer, headers: without(others, "content-length"), body: plain };
}

function isContentEncoding([name]: HeaderField): boolean {
  return name.length === 16 && name.toLowerCase() === "content-encoding";
}

/** Decodes as much as is read, whatever the size of the result. An empty body stays empty. */
function decode(body: ReadableStream<Uint8Array>, coding: string): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  let decoder: Decoder | undefined;

  function open(first: number, controller: ReadableStreamDefaultController<Uint8Array>): Decoder {
    const opened = DECODERS[coding]!(first);
    opened
      .on("data", (chunk: Uint8Array) => {
        controller.enqueue(chunk);
        if (controller.desiredSize! <= 0) opened.pause();
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
    pull: () => void decoder?.resume(),
    cancel: (reason) => {
      decoder?.destroy();
      return reader.cancel(reason);
    },
  }, { highWaterMark: READ_AHEAD, size: (chunk) => chunk!.length });
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
