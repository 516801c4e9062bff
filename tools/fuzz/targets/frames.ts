// Frames of the protocol, as any page can send them.
import * as assert from "uvu/assert";

import { decodeMessage, encodeMessage, type Frame } from "../../../wire/session/frame.ts";
import { decodeHello, encodeHello, type Hello, ID_BYTES } from "../../../wire/session/hello.ts";
import { readVectors } from "../../../wire/testing/read_vectors.ts";
import { fromHex, toJson, type Vectors } from "../../../wire/testing/vectors.ts";
import type { Draw } from "../draw.ts";
import { orRefused, type Target } from "../target.ts";

/** A number of a few streams, so that frames meet. */
function streamOf(draw: Draw): number {
  return draw.chance(0.9) ? 1 + draw.below(12) : 1 + draw.whole() % (2 ** 53 - 1);
}

/** A HELLO, well-formed. */
export function helloOf(draw: Draw): Hello {
  return {
    session: draw.chance(0.9)
      ? new Uint8Array(ID_BYTES)
      : crypto.getRandomValues(new Uint8Array(16)),
    mode: draw.pick(["new", "resume", "join"]),
    streams: draw.whole(),
    credit: draw.whole(),
    next: draw.whole(),
    held: draw.list(6, () => ({
      stream: draw.whole(),
      received: draw.whole(),
      limit: draw.whole(),
    })),
  };
}

/** A frame, well-formed. */
export function frameOf(draw: Draw): Frame {
  const stream = streamOf(draw);
  const reason = {
    code: draw.pick(["aborted", "closed", "bad-frame"] as const),
    message: draw.text(),
  };
  switch (draw.below(16)) {
    case 0:
      return { type: "hello", hello: helloOf(draw) };
    case 1:
      return { type: "reset", stream, ...reason };
    case 2:
      return { type: "stop", stream };
    case 3:
      return { type: "done", stream };
    case 4:
      return { type: "ack", bytes: draw.whole() % 2 ** 53 };
    case 5:
      return { type: draw.pick(["ping", "pong"]), token: draw.whole() };
    case 6:
      return draw.chance(0.1) ? { type: "close", ...reason } : { type: "goaway" };
    case 7:
    case 8:
      return { type: "credit", stream, received: draw.below(100), limit: draw.whole() };
    default: {
      const offset = draw.chance(0.9) ? draw.below(300) : draw.whole() % 2 ** 52;
      const bytes = draw.bytes(80);
      return { type: "data", stream, offset, bytes, end: draw.chance(0.1) };
    }
  }
}

/** Messages of the vectors. */
function vectorMessages(): Uint8Array<ArrayBuffer>[] {
  const { messages, lenient, malformed, conversation } = readVectors<Vectors>("frames.json");
  const { session: _, ...steps } = conversation;
  return [...messages, ...lenient, ...malformed, ...Object.values(steps).flat()]
    .map(({ hex }) => fromHex(hex));
}

export const frames: Target = {
  name: "frames",
  invariant:
    "A message is refused with bad-frame, or read into frames that are written and read the same.",
  start() {
    const vectors = vectorMessages();
    return (draw) => {
      const message = draw.chance(0.5)
        ? draw.mutateBytes(draw.pick(vectors))
        : encodeMessage(draw.list(20, () => frameOf(draw)));
      const read = orRefused(() => decodeMessage(message), "bad-frame");
      if (!read) return;
      assert.ok(read.length <= message.length / 2, `${read.length} frames`);
      assert.equal(toJson(decodeMessage(encodeMessage(read))), toJson(read));
    };
  },
};

export const hello: Target = {
  name: "hello",
  invariant:
    "A HELLO is refused with bad-frame, or read into one that is written and read the same.",
  start: () => (draw) => {
    const body = encodeHello(helloOf(draw));
    const read = orRefused(() => decodeHello(draw.mutateBytes(body)), "bad-frame");
    if (read) assert.equal(decodeHello(encodeHello(read)), read);
  },
};
