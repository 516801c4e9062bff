import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { isSame, pattern } from "../testing/bytes.ts";
import { thrownBy } from "../testing/failure.ts";
import { ReceiveHalf } from "./receive_half.ts";

const test = suite("ReceiveHalf");

/** All that can be read now. */
function drain(half: ReceiveHalf): Uint8Array {
  const bytes: number[] = [];
  for (let chunk = half.read(); chunk; chunk = half.read()) bytes.push(...chunk);
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
    const half = new ReceiveHalf(300);
    const read: number[] = [];
    for (const [index, [start, length]] of [...pieces, [size, 0] as const].entries()) {
      const [at, stop] = [Math.min(start, size), Math.min(start + length, size)];
      half.receive(at, whole.slice(at, stop), stop === size);
      if (index % 3 === 0) read.push(...drain(half));
    }
    read.push(...drain(half));
    assert.equal(read, [...whole]);
    assert.is(half.received, size);
    assert.is(half.over, true);
  }));
});

test("many pieces of one byte with gaps between them are put in order", () => {
  const whole = pattern(1000);
  const half = new ReceiveHalf(1000);
  for (let at = 1; at < 1000; at += 2) half.receive(at, whole.slice(at, at + 1), false);
  assert.is(half.received, 0);
  for (let at = 0; at < 1000; at += 2) half.receive(at, whole.slice(at, at + 1), false);
  assert.ok(isSame(drain(half), whole));
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
    const half = new ReceiveHalf(64);
    const error = thrownBy(() => {
      for (const [at, length, end] of pieces) half.receive(at, pattern(length), end);
    });
    assert.is(error.code, "bad-frame");
    assert.match(error.message, what);
  });
}

test("receive() refuses bytes with too many gaps", () => {
  const half = new ReceiveHalf(10_000);
  for (let i = 1; i <= 1024; i++) half.receive(2 * i, pattern(1), false);
  assert.match(thrownBy(() => half.receive(3000, pattern(1), false)).message, "too many gaps");
});

test("credit is due when a quarter of the window has been read, and then raises the limit", () => {
  const half = new ReceiveHalf(100);
  half.receive(0, pattern(24), false);
  half.read();
  assert.is(half.creditDue, false);
  half.receive(24, pattern(1), false);
  assert.is(half.creditDue, false);
  half.read();
  assert.is(half.creditDue, true);
  assert.is(half.giveCredit(), 125);
  assert.is(half.creditDue, false);
  half.widen(200);
  assert.is(half.limit, 125);
  assert.is(half.giveCredit(), 225);
});

test("stop() drops what comes, and is over with the end", () => {
  const half = new ReceiveHalf(100);
  half.receive(0, pattern(10), false);
  half.stop();
  assert.is(half.read(), undefined);
  half.receive(10, pattern(10), false);
  assert.is(half.over, false);
  half.receive(20, pattern(0), true);
  assert.is(half.read(), undefined);
  assert.is(half.over, true);
});

test.run();
