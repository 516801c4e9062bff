import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isSame, pattern } from "../testing/bytes.ts";
import { thrownBy } from "../testing/failure.ts";
import { ReceiveStream } from "./receive_stream.ts";

const test = suite("ReceiveStream");

const KiB = 1024;
const MiB = 1024 * KiB;

/** All that can be read now. */
function drain(stream: ReceiveStream): Uint8Array {
  const bytes: number[] = [];
  for (let chunk = stream.read(); chunk; chunk = stream.read()) bytes.push(...chunk);
  return new Uint8Array(bytes);
}

test("any order, overlap and repetition of pieces gives the same bytes", () => {
  const piece = fc.tuple(fc.nat(300), fc.nat(80));
  fc.assert(fc.property(fc.nat(300), fc.array(piece), fc.array(fc.nat()), (size, pieces, order) => {
    const whole = pattern(size);
    // Besides the pieces at random, all of the bytes once, in an order of its own.
    for (let at = 0; at < size; at += 7) pieces.push([at, 7]);
    for (const [index, other] of order.entries()) {
      const [i, j] = [index % (pieces.length || 1), other % (pieces.length || 1)];
      if (pieces.length > 0) [pieces[i], pieces[j]] = [pieces[j]!, pieces[i]!];
    }
    const stream = new ReceiveStream(300);
    const read: number[] = [];
    for (const [index, [start, length]] of [...pieces, [size, 0] as const].entries()) {
      const [at, stop] = [Math.min(start, size), Math.min(start + length, size)];
      stream.receive(at, whole.slice(at, stop), stop === size);
      if (index % 3 === 0) read.push(...drain(stream));
    }
    read.push(...drain(stream));
    assert.equal(read, [...whole]);
    assert.is(stream.received, size);
    assert.is(stream.over, true);
  }));
});

test("many pieces of one byte with gaps between them are put in order", () => {
  const whole = pattern(1000);
  const stream = new ReceiveStream(1000);
  for (let at = 1; at < 1000; at += 2) stream.receive(at, whole.slice(at, at + 1), false);
  assert.is(stream.received, 0);
  for (let at = 0; at < 1000; at += 2) stream.receive(at, whole.slice(at, at + 1), false);
  assert.ok(isSame(drain(stream), whole));
});

/** What the receiver should hold of the bytes, kept byte by byte. */
class Model {
  readonly held = new Set<number>();
  read = 0;

  get received(): number {
    let at = this.read;
    while (this.held.has(at)) at++;
    return at;
  }
}

test("whatever arrives beyond gaps, it holds what a set of offsets would hold", () => {
  const size = 400;
  const whole = pattern(size);
  const piece = fc.tuple(fc.nat(size - 1), fc.oneof(fc.constant(1), fc.nat(60)), fc.boolean());
  fc.assert(fc.property(fc.array(piece, { maxLength: 300 }), (pieces) => {
    const [model, stream] = [new Model(), new ReceiveStream(size)];
    for (const [start, length, reads] of pieces) {
      const stop = Math.min(start + length, size);
      stream.receive(start, whole.slice(start, stop), false);
      for (let at = Math.max(start, model.read); at < stop; at++) model.held.add(at);
      assert.is(stream.received, model.received);
      const { memory } = stream;
      assert.ok(memory >= model.held.size, `${memory} for ${model.held.size} bytes`);
      if (!reads) continue;
      assert.equal([...drain(stream)], [...whole.subarray(model.read, model.received)]);
      const { received } = model;
      for (; model.read < received; model.read++) model.held.delete(model.read);
      if (model.held.size === 0) assert.is(stream.memory, 0);
    }
  }));
});

test("a piece that is repeated behind 1,000 gaps looks at few of them", () => {
  const size = 64 * 1024;
  const stream = new ReceiveStream(size);
  for (let at = 0; at < 1000; at++) stream.receive(2 * at + 1, pattern(1), false);
  const { memory } = stream;
  // A search from the front would look at 1,000 million of them, for seconds.
  for (let at = 0; at < 1_000_000; at++) stream.receive(1999, pattern(1), false);
  assert.is(stream.memory, memory);
});

for (
  const [what, pieces] of [
    ["more bytes than there was credit for", [[60, 5, false]]],
    ["bytes beyond its end", [[0, 10, true], [8, 3, false]]],
    ["bytes beyond its end", [[0, 10, true], [0, 9, true]]],
    ["an end before bytes", [[5, 10, false], [0, 12, true]]],
  ] as const
) {
  test(`receive() refuses ${what}: ${JSON.stringify(pieces)}`, () => {
    const stream = new ReceiveStream(64);
    const error = thrownBy(() => {
      for (const [at, length, end] of pieces) stream.receive(at, pattern(length), end);
    });
    assert.is(error.code, "bad-frame");
    assert.match(error.message, what);
  });
}

test("receive() refuses bytes with too many gaps", () => {
  const stream = new ReceiveStream(10_000);
  for (let i = 1; i <= 1024; i++) stream.receive(2 * i, pattern(1), false);
  assert.match(thrownBy(() => stream.receive(3000, pattern(1), false)).message, "too many gaps");
});

test("of a large window, credit is due each 256 KiB", () => {
  const stream = new ReceiveStream(4 * MiB);
  stream.receive(0, pattern(256 * KiB - 1), false);
  stream.receive(256 * KiB - 1, pattern(1), false);
  stream.read();
  assert.is(stream.creditDue, false);
  stream.read();
  assert.is(stream.creditDue, true);
});

test("credit is due when a quarter of the window has been read, and then raises the limit", () => {
  const stream = new ReceiveStream(100);
  stream.receive(0, pattern(24), false);
  stream.read();
  assert.is(stream.creditDue, false);
  stream.receive(24, pattern(1), false);
  assert.is(stream.creditDue, false);
  stream.read();
  assert.is(stream.creditDue, true);
  assert.is(stream.giveCredit(), 125);
  assert.is(stream.creditDue, false);
  stream.widen(200);
  assert.is(stream.limit, 125);
  assert.is(stream.giveCredit(), 225);
});

for (const cuts of [[5], [2, 3], [1, 2, 3], [5, 2000], [2000, 3]]) {
  test(`readExactly() takes its bytes out of chunks of ${cuts}`, () => {
    const stream = new ReceiveStream(4096);
    const whole = pattern(cuts.reduce((sum, length) => sum + length));
    let at = 0;
    for (const length of cuts) {
      stream.receive(at, whole.slice(at, at + length), false);
      at += length;
    }
    assert.is(stream.readExactly(at + 1), undefined);
    assert.equal(stream.readExactly(4), whole.slice(0, 4));
    assert.equal(stream.readExactly(0), new Uint8Array());
    assert.ok(isSame(drain(stream), whole.slice(4)));
  });
}

test("stop() drops what comes, and is over with the end", () => {
  const stream = new ReceiveStream(100);
  stream.receive(0, pattern(10), false);
  stream.stop();
  assert.is(stream.read(), undefined);
  stream.receive(10, pattern(10), false);
  assert.is(stream.over, false);
  stream.receive(20, pattern(0), true);
  assert.is(stream.read(), undefined);
  assert.is(stream.over, true);
});

test.run();
