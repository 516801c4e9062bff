import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { pattern } from "../testing/bytes.ts";
import { thrownBy } from "../testing/failure.ts";
import { ReceiveHalf } from "./receive_half.ts";
import { RetransmitBudget } from "./retransmit_budget.ts";
import { SendHalf } from "./send_half.ts";

const test = suite("SendHalf");

/** One that has such a credit and a share for itself. */
function halfWith(credit: number): SendHalf {
  return new SendHalf(credit, new RetransmitBudget(() => {}));
}

test("rewinds anywhere and pieces of any size give the other end the same bytes", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("write" as const), size: fc.nat(100) }),
    fc.record({ do: fc.constant("take" as const), size: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constantFrom("lose" as const, "credit" as const, "rewind" as const) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const whole = pattern(8000);
    const half = halfWith(64);
    const other = new ReceiveHalf(64);
    const read: number[] = [];
    let written = 0;
    const credit = () => half.credit(other.received, other.giveCredit());
    const take = (size: number, isLost = false) => {
      const piece = half.take(size);
      if (!piece) return false;
      assert.ok(piece.bytes.length <= size);
      if (!isLost) other.receive(piece.offset, piece.bytes, piece.end);
      for (let chunk = other.read(); chunk; chunk = other.read()) read.push(...chunk);
      return true;
    };
    let isLossy = false;
    for (const step of steps) {
      if (step.do === "write") {
        half.write(whole.slice(written, written += step.size));
      } else if (step.do === "take") take(step.size, isLossy);
      // What follows is lost, until all is sent again.
      else if (step.do === "lose") isLossy = true;
      else if (step.do === "credit") credit();
      else {
        half.rewind();
        isLossy = false;
      }
      assert.ok(half.sent <= other.limit);
    }
    half.end();
    half.rewind();
    for (credit(); take(50); credit());
    assert.equal(read, [...whole.slice(0, written)]);
    assert.is(other.over, true);
    assert.is(half.waiting, 0);
  }));
});

test("what is sent again is what was sent, whatever the writer does to its buffer", () => {
  const half = halfWith(100);
  const bytes = pattern(10);
  half.write(bytes);
  half.take(10);
  bytes.fill(0);
  half.rewind();
  assert.equal(half.take(100)!.bytes, pattern(10));
});

test("the end goes with the last bytes, or alone, and again after a rewind", () => {
  const half = halfWith(100);
  half.write(pattern(10));
  assert.is(half.take(10)!.end, false);
  half.end();
  assert.equal(half.take(10), { offset: 10, bytes: new Uint8Array(), end: true });
  assert.is(half.take(10), undefined);
  half.credit(4, 100);
  half.rewind();
  assert.equal(half.take(10), { offset: 4, bytes: pattern(10).slice(4), end: true });
});

test("nothing beyond the credit is sent, and older credit takes none back", () => {
  const half = halfWith(10);
  half.write(pattern(30));
  assert.is(half.take(100)!.bytes.length, 10);
  assert.is(half.ready, false);
  half.credit(0, 25);
  half.credit(0, 5);
  assert.is(half.take(100)!.bytes.length, 15);
  assert.is(half.ready, false);
});

test("no more than 4 MiB are sent ahead of what has arrived, whatever the credit", () => {
  const half = halfWith(10);
  half.write(new Uint8Array(10 * 1024 * 1024));
  half.credit(0, Number.MAX_SAFE_INTEGER);
  assert.is(half.take(Infinity)!.bytes.length, 4 * 1024 * 1024);
  assert.is(half.ready, false);
  half.credit(1000, Number.MAX_SAFE_INTEGER);
  assert.is(half.take(Infinity)!.bytes.length, 1000);
});

test("credit() refuses what was never sent", () => {
  const half = halfWith(10);
  half.write(pattern(5));
  half.take(3);
  const error = thrownBy(() => half.credit(4, 10));
  assert.is(error.code, "bad-frame");
  assert.match(error.message, "4 bytes were received of 3 sent");
});

test("stop() ends where it is, finish() sends nothing more", () => {
  const half = halfWith(10);
  half.write(pattern(30));
  half.take(4);
  half.stop();
  assert.equal(half.take(100), { offset: 4, bytes: new Uint8Array(), end: true });
  half.rewind();
  assert.is(half.ready, true);
  half.finish();
  assert.is(half.over, true);
  assert.is(half.ready, false);
  assert.is(half.take(10), undefined);
});

test.run();
