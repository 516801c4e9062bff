import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type ErrorCode, errorCodes, LighthouseError } from "../error.ts";
import { thrownBy } from "../testing/failure.ts";
import { Link } from "../testing/link.ts";
import {
  decodeMessage,
  encodeMessage,
  type Frame,
  MAX_FRAMES,
  MAX_MESSAGE_ACCEPTED,
} from "./frame.ts";
import { ID_BYTES, INITIAL_LIMITS, MAX_HELD } from "./hello.ts";

const test = suite("frame");

const integer = fc.oneof(
  fc.maxSafeNat(),
  fc.constantFrom(0, 63, 64, 16383, 16384, 2 ** 30 - 1, 2 ** 30, 2 ** 32, 2 ** 53 - 1),
);
const stream = fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 2 ** 53 - 1 }));
const name = fc.uint8Array({ minLength: ID_BYTES, maxLength: ID_BYTES });
const code = fc.constantFrom<ErrorCode[]>(...errorCodes);
const message = fc.string({ unit: "grapheme", maxLength: 60 });

const hello = fc.record({
  session: name,
  mode: fc.constantFrom("new" as const, "resume" as const, "join" as const),
  streams: integer.map((value) => Math.max(value, INITIAL_LIMITS.streams)),
  credit: integer.map((value) => Math.max(value, INITIAL_LIMITS.credit)),
  next: integer,
  held: fc.array(fc.record({ stream: integer, received: integer, limit: integer })),
});

const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record({ type: fc.constant("hello" as const), hello }),
  fc.record({
    type: fc.constant("data" as const),
    stream,
    offset: fc.oneof(fc.nat(100), integer.map((value) => Math.max(0, value - 1000))),
    bytes: fc.uint8Array({ maxLength: 300 }),
    end: fc.boolean(),
  }),
  fc.record({ type: fc.constant("reset" as const), stream, code, message }),
  fc.record({ type: fc.constantFrom("stop" as const, "done" as const), stream }),
  fc.record({ type: fc.constant("credit" as const), stream, received: integer, limit: integer }),
  fc.record({ type: fc.constant("ack" as const), bytes: integer }),
  fc.record({ type: fc.constantFrom("ping" as const, "pong" as const), token: integer }),
  fc.record({ type: fc.constant("goaway" as const) }),
  fc.record({ type: fc.constant("close" as const), code, message }),
);

/** Decodes, or gives up with `bad-frame`; anything else that is thrown fails the test. */
function decodeOrRefuse(bytes: Uint8Array<ArrayBuffer>): Frame[] | undefined {
  try {
    return decodeMessage(bytes);
  } catch (error) {
    assert.instance(error, LighthouseError, String(error));
    assert.is((error as LighthouseError).code, "bad-frame");
    return undefined;
  }
}

test("decodeMessage() gives the frames that encodeMessage() was given", () => {
  fc.assert(fc.property(fc.array(frame, { maxLength: 8 }), (frames) => {
    // fast-check's objects have no prototype; their clones do.
    assert.equal(decodeMessage(encodeMessage(frames)), structuredClone(frames));
  }));
});

test("every prefix of a message decodes or is refused with bad-frame", () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), (frames) => {
      const bytes = encodeMessage(frames);
      for (let length = 0; length < bytes.length; length++) {
        const decoded = decodeOrRefuse(bytes.slice(0, length));
        assert.ok(decoded === undefined || decoded.length < frames.length);
      }
    }),
    { numRuns: 30 },
  );
});

test("every bit flip of a message decodes or is refused with bad-frame", () => {
  fc.assert(
    fc.property(fc.array(frame, { minLength: 1, maxLength: 3 }), (frames) => {
      const bytes = encodeMessage(frames);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        decodeOrRefuse(flipped);
      }
    }),
    { numRuns: 30 },
  );
});

test("random bytes decode or are refused with bad-frame", () => {
  const bytes = fc.uint8Array({ maxLength: 200 });
  fc.assert(fc.property(bytes, (bytes) => void decodeOrRefuse(bytes.slice())), { numRuns: 2000 });
});

test("messages of any frames, mutated and at random, never throw past a live session", async () => {
  const mutated = fc.tuple(fc.array(frame, { maxLength: 4 }), fc.nat(), fc.boolean()).map(
    ([frames, at, isMutated]) => {
      const bytes = encodeMessage(frames);
      if (isMutated && bytes.length > 0) bytes[at % bytes.length]! ^= 1 << (at % 8);
      return bytes;
    },
  );
  const messages = fc.array(fc.oneof(mutated, fc.uint8Array({ maxLength: 50 })), { maxLength: 20 });
  await fc.assert(
    fc.asyncProperty(messages, fc.boolean(), async (messages, isFromPage) => {
      const link = new Link({
        onStream: (stream) => void stream.readable.pipeTo(stream.writable).catch(() => {}),
      });
      await link.connect();
      for (let i = 0; i < 3; i++) link.page.open(new Uint8Array(100));
      const [page, host] = link.channels[0]!;
      const from = isFromPage ? page : host;
      const to = isFromPage ? host : page;
      // An exception past the session would come out of here.
      for (const message of messages) to.onmessage(message.slice());
      await new Promise((resolve) => setTimeout(resolve, 0));
      assert.ok((link.host?.streams ?? 0) < 100);
      assert.ok(to.mostQueued + from.mostQueued < 100_000);
      await link.close();
    }),
    { numRuns: 150 },
  );
});

for (
  const [what, bytes, reason] of [
    ["a message that is too long", new Uint8Array(MAX_MESSAGE_ACCEPTED + 1), "more than 65536"],
    ["stream 0", [0x05, 0x01, 0x00], "stream 0 does not exist"],
    ["an integer above 2^53-1", [0x09, 0x08, 0xe0, 0, 0, 0, 0, 0, 0, 0], "exceeds 2^53-1"],
    ["an offset whose end is above 2^53-1", [
      0x02,
      0x0a,
      0x01,
      0xc0,
      0x1f,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0xff,
      0,
    ], "exceeds 2^53-1"],
    ["a frame longer than its message", [0x09, 0x02, 0x01], "cut short"],
    ["a body shorter than its fields", [0x06, 0x02, 0x01, 0x01], "cut short"],
    ["a text that is not UTF-8", [0x0c, 0x02, 0x00, 0xff], "not UTF-8"],
    ["a HELLO of another version", [0x01, 0x03, 0x01, 0x01, 0x02], "speaks version 2"],
    ["a HELLO without a session", [0x01, 0x03, 0x01, 0x01, 0x01], "session is not of 16 bytes"],
    ["a HELLO with a field twice", [0x01, 0x06, 1, 1, 1, 1, 1, 1], "is there twice"],
  ] as const
) {
  test(`decodeMessage() refuses ${what}`, () => {
    const error = thrownBy(() => decodeMessage(new Uint8Array(bytes)));
    assert.is(error.code, "bad-frame");
    assert.match(error.message, reason);
  });
}

for (
  const [what, frame] of [
    ["unknown frames", [0x3f, 0]],
    ["PINGs", [0x09, 1, 7]],
    ["DATA without bytes", [0x02, 2, 1, 0]],
  ] as const
) {
  test(`decodeMessage() takes 4,096 ${what}, and refuses one more`, () => {
    const message = (count: number) => new Uint8Array(Array(count).fill(frame).flat());
    decodeMessage(message(MAX_FRAMES));
    const error = thrownBy(() => decodeMessage(message(MAX_FRAMES + 1)));
    assert.is(error.code, "bad-frame");
    assert.match(error.message, "it has more than 4096 frames");
  });
}

test("decodeMessage() skips unknown frames, and what follows the known fields", () => {
  const unknown = [0x7f, 0xff, 0x03, 1, 2, 3];
  const ping = [0x09, 0x03, 0x05, 0xaa, 0xbb];
  assert.equal(decodeMessage(new Uint8Array([...unknown, ...ping])), [{ type: "ping", token: 5 }]);
});

test("an error code of a newer version counts as aborted", () => {
  const bytes = encodeMessage([{
    type: "close",
    code: "of-tomorrow" as ErrorCode,
    message: "New",
  }]);
  assert.equal(decodeMessage(bytes), [{ type: "close", code: "aborted", message: "New" }]);
});

test("encodeMessage() cuts a long text between characters", () => {
  const bytes = encodeMessage([
    { type: "reset", stream: 1, code: "aborted", message: "€".repeat(1000) },
  ]);
  const [frame] = decodeMessage(bytes);
  assert.equal(frame, { type: "reset", stream: 1, code: "aborted", message: "€".repeat(170) });
});

test("a HELLO lists as many streams as it may, and no more", () => {
  const helloOf = (count: number): Frame => ({
    type: "hello",
    hello: {
      session: new Uint8Array(ID_BYTES),
      mode: "resume",
      ...INITIAL_LIMITS,
      next: 1,
      held: Array.from({ length: count }, (_, i) => ({ stream: i, received: i, limit: i })),
    },
  });
  assert.equal(decodeMessage(encodeMessage([helloOf(MAX_HELD)])), [helloOf(MAX_HELD)]);
  const error = thrownBy(() => decodeMessage(encodeMessage([helloOf(MAX_HELD + 1)])));
  assert.match(error.message, `more than ${MAX_HELD} streams`);
});

test.run();
