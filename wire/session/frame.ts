// Frames, and the messages that carry them (docs/wire.md, "Frames"). A message of the data channel
// is a sequence of frames:
//
//   +-----------+-------------+----------------------+
//   | type (i)  | length (i)  | body (length bytes)  | ...
//   +-----------+-------------+----------------------+
//
// (i) is an integer of variable length (bytes.ts). Readers skip frames of unknown types, and bytes
// behind the known fields of a body.
//
//   type         body
//   0x01 HELLO   see hello.ts
//   0x02 DATA    stream (i), offset (i), bytes ...
//   0x03 END     as DATA, and these are the direction's last bytes
//   0x04 RESET   stream (i), code length (i), code, message ...
//   0x05 STOP    stream (i)
//   0x06 CREDIT  stream (i), received (i), limit (i)
//   0x07 DONE    stream (i)
//   0x08 ACK     bytes (i)
//   0x09 PING    token (i)
//   0x0a PONG    token (i)
//   0x0b GOAWAY  empty
//   0x0c CLOSE   code length (i), code, message ...
import { ByteReader, ByteWriter, fromUtf8, utf8, varintLength } from "../bytes.ts";
import { type ErrorCode, isErrorCode, LighthouseError } from "../error.ts";
import { decodeHello, encodeHello, type Hello } from "./hello.ts";

/** A frame: one statement about the session or one of its streams. A repetition changes nothing. */
export type Frame =
  /** Opens a carrier. */
  | { type: "hello"; hello: Hello }
  /** Bytes of a stream's direction, from `offset` on; `end`: no bytes follow. */
  | { type: "data"; stream: number; offset: number; bytes: Uint8Array; end: boolean }
  /** Ends the stream in both directions, at once. */
  | { type: "reset"; stream: number; code: ErrorCode; message: string }
  /** The sender of this frame wants no more of the stream's bytes. */
  | { type: "stop"; stream: number }
  /** The sender of this frame holds all bytes below `received`, and takes those below `limit`. */
  | { type: "credit"; stream: number; received: number; limit: number }
  /** The sender of this frame needs nothing more of the stream's other direction. */
  | { type: "done"; stream: number }
  /** Bytes of messages that have arrived over this carrier. */
  | { type: "ack"; bytes: number }
  | { type: "ping" | "pong"; token: number }
  /** The sender accepts no more streams, and closes when the open ones have ended. */
  | { type: "goaway" }
  /** Ends the session. */
  | { type: "close"; code: ErrorCode; message: string };

/** A frame of one stream. */
export type StreamFrame = Extract<Frame, { stream: number }>;

/**
 * Longest message that an end sends, and longest that it accepts, in bytes. A message has room for
 * 16 KiB of a stream and the frames beside them: bodies come in chunks of multiples of that, which leave
 * no rest for a message of its own. Over a transport that paces itself, messages are as long as may be.
 */
export const MAX_MESSAGE = 16 * 1024 + 64;
export const MAX_MESSAGE_ACCEPTED = 64 * 1024;

/**
 * Most frames of a message that an end accepts, those of unknown types included: each costs the receiver
 * the same, however short it is. The packer sends a quarter of it at most.
 */
export const MAX_FRAMES = 4096;

/** Longest code and text of a RESET or CLOSE, in bytes. */
const MAX_CODE = 64;
const MAX_TEXT = 512;

const TYPE = {
  hello: 0x01,
  data: 0x02,
  end: 0x03,
  reset: 0x04,
  stop: 0x05,
  credit: 0x06,
  done: 0x07,
  ack: 0x08,
  ping: 0x09,
  pong: 0x0a,
  goaway: 0x0b,
  close: 0x0c,
} as const;

/** Room that a DATA frame needs beside its bytes: type, length, stream, offset at their longest. */
export const DATA_OVERHEAD = 1 + 4 + 8 + 8;

/** Writes a frame. @throws {RangeError} If it does not fit. */
export function writeFrame(writer: ByteWriter, frame: Frame): void {
  switch (frame.type) {
    case "hello":
      return writeBody(writer, TYPE.hello, [], encodeHello(frame.hello));
    case "data": {
      const type = frame.end ? TYPE.end : TYPE.data;
      return writeBody(writer, type, [frame.stream, frame.offset], frame.bytes);
    }
    case "reset":
      return writeBody(writer, TYPE.reset, [frame.stream], reasonBytes(frame));
    case "close":
      return writeBody(writer, TYPE.close, [], reasonBytes(frame));
    case "credit":
      return writeBody(writer, TYPE.credit, [frame.stream, frame.received, frame.limit]);
    case "stop":
    case "done":
      return writeBody(writer, TYPE[frame.type], [frame.stream]);
    case "ack":
      return writeBody(writer, TYPE.ack, [frame.bytes]);
    case "ping":
    case "pong":
      return writeBody(writer, TYPE[frame.type], [frame.token]);
    case "goaway":
      return writeBody(writer, TYPE.goaway, []);
  }
}

/** A message of the frames given. @throws {RangeError} If they exceed {@linkcode MAX_MESSAGE_ACCEPTED}. */
export function encodeMessage(frames: Frame[]): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(MAX_MESSAGE_ACCEPTED);
  for (const frame of frames) writeFrame(writer, frame);
  return writer.finish().slice();
}

/**
 * Reads a message. The bytes of DATA frames are views on it, not copies.
 *
 * @throws {LighthouseError} `bad-frame` with the reason: no frame of the message counts.
 */
export function decodeMessage(message: Uint8Array<ArrayBuffer>): Frame[] {
  if (message.length > MAX_MESSAGE_ACCEPTED) {
    throw bad(`${message.length} bytes are more than ${MAX_MESSAGE_ACCEPTED}`);
  }
  const reader = new ByteReader(message);
  const frames: Frame[] = [];
  for (let count = 0; reader.left > 0; count++) {
    if (count === MAX_FRAMES) throw bad(`it has more than ${count} frames`);
    const type = reader.varint();
    const frame = decodeBody(type, new ByteReader(reader.bytes(reader.varint())));
    if (frame) frames.push(frame);
  }
  return frames;
}

function decodeBody(type: number, body: ByteReader): Frame | undefined {
  switch (type) {
    case TYPE.hello:
      return { type: "hello", hello: decodeHello(body.bytes()) };
    case TYPE.data:
    case TYPE.end: {
      const stream = streamId(body);
      const offset = body.varint();
      const bytes = body.bytes();
      if (offset + bytes.length > Number.MAX_SAFE_INTEGER) throw bad("an offset exceeds 2^53-1");
      return { type: "data", stream, offset, bytes, end: type === TYPE.end };
    }
    case TYPE.reset:
      return { type: "reset", stream: streamId(body), ...reasonOf(body) };
    case TYPE.stop:
      return { type: "stop", stream: streamId(body) };
    case TYPE.credit:
      return {
        type: "credit",
        stream: streamId(body),
        received: body.varint(),
        limit: body.varint(),
      };
    case TYPE.done:
      return { type: "done", stream: streamId(body) };
    case TYPE.ack:
      return { type: "ack", bytes: body.varint() };
    case TYPE.ping:
      return { type: "ping", token: body.varint() };
    case TYPE.pong:
      return { type: "pong", token: body.varint() };
    case TYPE.goaway:
      return { type: "goaway" };
    case TYPE.close:
      return { type: "close", ...reasonOf(body) };
  }
  return undefined;
}

function writeBody(
  writer: ByteWriter,
  type: number,
  integers: number[],
  bytes: Uint8Array = new Uint8Array(),
): void {
  let length = bytes.length;
  for (const value of integers) length += varintLength(value);
  writer.varint(type);
  writer.varint(length);
  for (const value of integers) writer.varint(value);
  writer.bytes(bytes);
}

function reasonBytes({ code, message }: { code: string; message: string }): Uint8Array {
  const codeBytes = utf8(code, MAX_CODE);
  const text = utf8(message, MAX_TEXT);
  const writer = new ByteWriter(1 + codeBytes.length + text.length + 1);
  writer.varint(codeBytes.length);
  writer.bytes(codeBytes);
  writer.bytes(text);
  return writer.finish();
}

/** Reads a reason. An unknown code of a newer version counts as `aborted`. */
function reasonOf(body: ByteReader): { code: ErrorCode; message: string } {
  const code = fromUtf8(body.bytes(body.varint()));
  const message = fromUtf8(body.bytes().subarray(0, MAX_TEXT * 2));
  return { code: isErrorCode(code) ? code : "aborted", message };
}

function streamId(body: ByteReader): number {
  const id = body.varint();
  if (id === 0) throw bad("stream 0 does not exist");
  return id;
}

function bad(why: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot read the message: ${why}`);
}
