import { readFileSync } from "node:fs";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { decodeFrame, encodeFrame, type Frame, MAX_DATA, MAX_HEAD, streamOf } from "./frame.ts";
import { pattern } from "./testing/bytes.ts";
import { thrownBy } from "./testing/failure.ts";

/** Frames as bytes in hex, blanks between type, stream and payload. */
interface Vectors {
  /** Both written and read like this. */
  frames: FrameVector[];
  /** Read, though nobody writes them. */
  lenient: FrameVector[];
  malformed: { name: string; hex: string; stream: number; error: string }[];
}

interface FrameVector {
  name: string;
  hex: string;
  /** The frame, its payload in hex. */
  frame: Omit<Frame, "payload"> & { payload?: string };
}

const test = suite("frame");

const vectors: Vectors = JSON.parse(
  readFileSync(new URL("testdata/frames.json", import.meta.url), "utf8"),
);

function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  const digits = hex.replaceAll(" ", "");
  return Uint8Array.from(
    { length: digits.length / 2 },
    (_, i) => Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16),
  );
}

function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function frameOf({ frame }: FrameVector): Frame {
  const { payload } = frame;
  return (payload === undefined ? frame : { ...frame, payload: fromHex(payload) }) as Frame;
}

for (const vector of vectors.frames) {
  test(`encodeFrame() writes ${vector.name}`, () => {
    assert.is(toHex(encodeFrame(frameOf(vector))), vector.hex.replaceAll(" ", ""));
  });
}

for (const vector of [...vectors.frames, ...vectors.lenient]) {
  test(`decodeFrame() reads ${vector.name}`, () => {
    assert.equal(decodeFrame(fromHex(vector.hex)), frameOf(vector));
  });

  test(`decodeFrame() reads ${vector.name} within a larger buffer`, () => {
    const bytes = fromHex(vector.hex);
    const buffer = new Uint8Array(bytes.length + 24).fill(0xff);
    buffer.set(bytes, 11);
    assert.equal(decodeFrame(buffer.subarray(11, 11 + bytes.length)), frameOf(vector));
  });
}

for (const { name, hex, stream, error } of vectors.malformed) {
  test(`decodeFrame() refuses ${name}`, () => {
    const thrown = thrownBy(() => decodeFrame(fromHex(hex)));
    assert.is(thrown.code, "bad-frame");
    assert.is(thrown.message, `Cannot read the frame: ${error}`);
    assert.is(streamOf(fromHex(hex)), stream);
  });
}

for (const [type, size] of [["data", MAX_DATA], ["head", MAX_HEAD]] as const) {
  test(`decodeFrame() takes a ${type} frame of ${size} bytes and refuses one byte more`, () => {
    const payload = pattern(size);
    assert.equal(decodeFrame(encodeFrame({ type, stream: 1, payload })), {
      type,
      stream: 1,
      payload,
    });
    const long = encodeFrame({ type, stream: 1, payload: pattern(size + 1) });
    assert.match(thrownBy(() => decodeFrame(long)).message, `${size + 1} bytes`);
  });
}

test("decodeFrame() does not copy payloads", () => {
  const message = encodeFrame({ type: "data", stream: 1, payload: pattern(4) });
  const frame = decodeFrame(message);
  assert.ok(frame.type === "data");
  assert.is(frame.payload.buffer, message.buffer);
});

test("a reset's message is cut to 1,024 characters by who writes and by who reads it", () => {
  const reset = { type: "reset", stream: 1, code: "aborted" } as const;
  const written = decodeFrame(encodeFrame({ ...reset, message: "x".repeat(5000) }));
  assert.equal(written, { ...reset, message: "x".repeat(1024) });

  const json = JSON.stringify({ code: "aborted", message: "x".repeat(5000) });
  const message = encodeFrame({
    type: "data",
    stream: 1,
    payload: new TextEncoder().encode(json),
  });
  message[0] = 4;
  assert.equal(decodeFrame(message), written);
});

test("a reset whose JSON nests 10,000 arrays deep is refused as any other that is not an object", () => {
  const json = "[".repeat(10_000) + "]".repeat(10_000);
  const message = encodeFrame({
    type: "data",
    stream: 1,
    payload: new TextEncoder().encode(json),
  });
  message[0] = 4;
  assert.is(thrownBy(() => decodeFrame(message)).code, "bad-frame");
});

test.run();
