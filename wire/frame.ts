// Frames: one message of the data channel each.
//
//    0               1                               5
//   +---------------+---------------+---------------+-----------------
//   | type (8)      | stream (32, big endian)       | payload (0..n)
//   +---------------+---------------+---------------+-----------------
//
//   type        payload                                       stream
//   0x01 HEAD   JSON, opens a stream; then once in the answer  1..2^32-1
//   0x02 DATA   1 to 16,384 bytes of the stream                1..2^32-1
//   0x03 END    empty: no more DATA in this direction          1..2^32-1
//   0x04 RESET  JSON {code, message}: both directions are over 1..2^32-1, or 0: a refused frame
//   0x05 CREDIT 32 bits, big endian: bytes more may be sent    1..2^32-1
//   0x06 PING   8 bytes, returned as they are                  0
//   0x07 PONG   the PING's 8 bytes                             0
//   0x08 BYE    empty: the sender closes                       0
import { type ErrorCode, isErrorCode, LighthouseError } from "./error.ts";
import { asRecord, parseJson } from "./parse.ts";

/** A frame's type and what it carries. */
export type Frame =
  | { type: "head" | "data"; stream: number; payload: Uint8Array }
  | { type: "end"; stream: number }
  | { type: "reset"; stream: number; code: ErrorCode; message: string }
  | { type: "credit"; stream: number; bytes: number }
  | { type: "ping" | "pong"; payload: Uint8Array }
  | { type: "bye" };

/** Most bytes in a DATA frame: small, so that frames of other streams get in between. */
export const MAX_DATA = 16 * 1024;

/** Most bytes in a HEAD frame: a request line with all its fields. Safari takes no message over 64 KiB. */
export const MAX_HEAD = 60 * 1024;

const HEADER = 5;
const types = ["head", "data", "end", "reset", "credit", "ping", "pong", "bye"] as const;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The bytes of a frame. */
export function encodeFrame(frame: Frame): Uint8Array<ArrayBuffer> {
  const payload = payloadOf(frame);
  const bytes = new Uint8Array(HEADER + payload.length);
  bytes[0] = types.indexOf(frame.type) + 1;
  new DataView(bytes.buffer).setUint32(1, "stream" in frame ? frame.stream : 0);
  bytes.set(payload, HEADER);
  return bytes;
}

function payloadOf(frame: Frame): Uint8Array {
  switch (frame.type) {
    case "head":
    case "data":
    case "ping":
    case "pong":
      return frame.payload;
    case "reset":
      return encoder.encode(
        JSON.stringify({ code: frame.code, message: frame.message.slice(0, 1024) }),
      );
    case "credit": {
      const payload = new Uint8Array(4);
      new DataView(payload.buffer).setUint32(0, frame.bytes);
      return payload;
    }
    case "end":
    case "bye":
      return new Uint8Array();
  }
}

/**
 * Reads a frame. Payloads are views on the message, not copies.
 *
 * @throws {LighthouseError} `bad-frame` with what was wrong. {@linkcode streamOf} tells whose it was.
 */
export function decodeFrame(message: Uint8Array<ArrayBuffer>): Frame {
  const type = types[(message[0] ?? 0) - 1];
  if (message.length < HEADER) throw bad(`${message.length} bytes are cut short`);
  if (type === undefined) throw bad(`its type ${message[0]} is unknown`);
  const stream = streamOf(message);
  const payload = message.subarray(HEADER);

  const ofSession = type === "ping" || type === "pong" || type === "bye";
  if (ofSession !== (stream === 0) && type !== "reset") {
    throw bad(`a ${type} frame cannot be on stream ${stream}`);
  }
  switch (type) {
    case "head":
      if (payload.length > MAX_HEAD) throw bad(`a head of ${payload.length} bytes is too large`);
      return { type, stream, payload };
    case "data":
      if (payload.length === 0 || payload.length > MAX_DATA) {
        throw bad(`a data frame cannot have ${payload.length} bytes`);
      }
      return { type, stream, payload };
    case "reset":
      return { type, stream, ...decodeReset(payload) };
    case "credit":
      if (payload.length !== 4) throw bad(`a credit of ${payload.length} bytes`);
      return {
        type,
        stream,
        bytes: new DataView(payload.buffer, payload.byteOffset).getUint32(0),
      };
    case "ping":
    case "pong":
      if (payload.length !== 8) throw bad(`a ${type} of ${payload.length} bytes`);
      return { type, payload };
    case "end":
    case "bye":
      if (payload.length !== 0) throw bad(`its type ${type} has no payload`);
      return type === "end" ? { type, stream } : { type };
  }
}

/** The stream that a message, however malformed, belongs to; 0 where that cannot be told. */
export function streamOf(message: Uint8Array<ArrayBuffer>): number {
  if (message.length < HEADER) return 0;
  return new DataView(message.buffer, message.byteOffset).getUint32(1);
}

function decodeReset(payload: Uint8Array): { code: ErrorCode; message: string } {
  try {
    const { code, message } = asRecord(parseJson(decoder.decode(payload)), "the reset");
    return {
      code: isErrorCode(code) ? code : "aborted",
      message: typeof message === "string" ? message.slice(0, 1024) : "The stream was reset",
    };
  } catch (cause) {
    throw new LighthouseError("bad-frame", "Cannot read the frame: its reset is not JSON", {
      cause,
    });
  }
}

function bad(why: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot read the frame: ${why}`);
}
