import fc from "fast-check";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { pattern } from "../testing/bytes.ts";
import { thrownBy } from "../testing/failure.ts";
import { ReceiveStream } from "./receive_stream.ts";
import { ENDLESS } from "./memory_budget.ts";
import { RetransmitBudget } from "./retransmit_budget.ts";
import { SendStream } from "./send_stream.ts";

const test = suite("SendStream");

/** One that has such a credit and a budget for itself. */
function streamWith(credit: number): SendStream {
  return new SendStream(credit, new RetransmitBudget(() => {}, ENDLESS), () => {});
}

test("rewinds anywhere and pieces of any size give the other end the same bytes", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("write" as const), size: fc.nat(100) }),
    fc.record({ do: fc.constant("take" as const), size: fc.integer({ min: 1, max: 60 }) }),
    fc.record({ do: fc.constantFrom("lose" as const, "credit" as const, "rewind" as const) }),
  );
  fc.assert(fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
    const whole = pattern(8000);
    const stream = streamWith(64);
    const other = new ReceiveStream(64);
    const read: number[] = [];
    let written = 0;
    const credit = () => stream.credit(other.received, other.giveCredit());
    const take = (size: number, isLost = false) => {
      const piece = stream.take(size);
      if (!piece) return false;
      assert.ok(piece.bytes.length <= size);
      if (!isLost) other.receive(piece.offset, piece.bytes, piece.end);
      for (let chunk = other.read(); chunk; chunk = other.read()) read.push(...chunk);
      return true;
    };
    let isLossy = false;
    for (const step of steps) {
      if (step.do === "write") {
        stream.queue(whole.slice(written, written += step.size));
      } else if (step.do === "take") take(step.size, isLossy);
      // What follows is lost, until all is sent again.
      else if (step.do === "lose") isLossy = true;
      else if (step.do === "credit") credit();
      else {
        stream.rewind();
        isLossy = false;
      }
      assert.ok(stream.sent <= other.limit);
    }
    stream.end();
    stream.rewind();
    for (credit(); take(50); credit());
    assert.equal(read, [...whole.slice(0, written)]);
    assert.is(other.over, true);
    assert.is(stream.waiting, 0);
  }));
});

test("bytes sent again equal those sent before, whatever the writer does to its buffer", () => {
  const stream = streamWith(100);
  const bytes = pattern(10);
  stream.queue(bytes);
  stream.take(10);
  bytes.fill(0);
  stream.rewind();
  assert.equal(stream.take(100)!.bytes, pattern(10));
});

test("what was written in small parts leaves in one piece", () => {
  const stream = streamWith(10_000);
  for (let at = 0; at < 1000; at++) stream.write(Uint8Array.of(at));
  stream.end();
  const { bytes, end } = stream.take(600)!;
  assert.is(bytes.length, 600);
  assert.is(end, false);
  assert.equal([bytes[0], bytes[300], bytes[599]], [0, 300 & 255, 599 & 255]);
  assert.equal([...stream.take(600)!.bytes.subarray(0, 2)], [600 & 255, 601 & 255]);
  assert.is(stream.ready, false);
});

test("small pieces of which nothing arrives are sent again in few, and in little time", () => {
  const count = 200_000;
  const stream = streamWith(count);
  for (let at = 0; at < count; at++) {
    stream.write(Uint8Array.of(at));
    stream.take(100);
  }
  stream.credit(count / 2, count);
  stream.rewind();
  let pieces = 0;
  for (let at = count / 2; stream.ready; pieces++) {
    const { offset, bytes } = stream.take(16_384)!;
    assert.is(offset, at);
    assert.ok(bytes.every((byte, index) => byte === ((offset + index) & 255)));
    at += bytes.length;
  }
  assert.ok(pieces <= 1 + count / 1024, `${pieces} pieces`);
});

test("the end goes with the last bytes or after them, and again after a rewind", () => {
  const stream = streamWith(100);
  stream.queue(pattern(10));
  assert.is(stream.take(10)!.end, false);
  stream.end();
  assert.equal(stream.take(10), { offset: 10, bytes: new Uint8Array(), end: true });
  assert.is(stream.take(10), undefined);
  stream.credit(4, 100);
  stream.rewind();
  assert.equal(stream.take(10), { offset: 4, bytes: pattern(10).slice(4), end: true });
});

test("nothing beyond the credit is sent, and older credit changes nothing", () => {
  const stream = streamWith(10);
  stream.queue(pattern(30));
  assert.is(stream.take(100)!.bytes.length, 10);
  assert.is(stream.ready, false);
  stream.credit(0, 25);
  stream.credit(0, 5);
  assert.is(stream.take(100)!.bytes.length, 15);
  assert.is(stream.ready, false);
});

test("no more than 4 MiB are sent ahead of the bytes that have arrived, whatever the credit", () => {
  const stream = streamWith(10);
  stream.queue(new Uint8Array(10 * 1024 * 1024));
  stream.credit(0, Number.MAX_SAFE_INTEGER);
  assert.is(stream.take(Infinity)!.bytes.length, 4 * 1024 * 1024);
  assert.is(stream.ready, false);
  stream.credit(1000, Number.MAX_SAFE_INTEGER);
  assert.is(stream.take(Infinity)!.bytes.length, 1000);
});

test("credit() refuses more than was sent", () => {
  const stream = streamWith(10);
  stream.queue(pattern(5));
  stream.take(3);
  const error = thrownBy(() => stream.credit(4, 10));
  assert.is(error.code, "bad-frame");
  assert.match(error.message, "4 bytes were received of 3 sent");
});

test("stop() ends where it is, finish() sends nothing more", () => {
  const stream = streamWith(10);
  stream.queue(pattern(30));
  stream.take(4);
  stream.stop();
  assert.equal(stream.take(100), { offset: 4, bytes: new Uint8Array(), end: true });
  stream.rewind();
  assert.is(stream.ready, true);
  stream.finish();
  assert.is(stream.over, true);
  assert.is(stream.ready, false);
  assert.is(stream.take(10), undefined);
});

for (
  const [sizes, waits] of [
    [[16_384], [false]],
    [[16_385], [true]],
    [[10_000, 6384], [false, false]],
    [[10_000, 6385], [false, true]],
    [[0], [false]],
  ] as [number[], boolean[]][]
) {
  test(`writes of ${sizes} bytes wait: ${waits}`, () => {
    const stream = streamWith(0);
    assert.equal(sizes.map((size) => stream.write(pattern(size)) instanceof Promise), waits);
  });
}

test("a write is done when all but 16 KiB have been sent, and then the chunk is the writer's", async () => {
  const stream = streamWith(100_000);
  const bytes = pattern(20_000);
  let isDone = false;
  const written = Promise.resolve(stream.write(bytes)).then(() => isDone = true);
  stream.take(3615);
  await Promise.resolve();
  assert.not(isDone);
  stream.take(1);
  await written;
  bytes.fill(0);
  assert.equal(stream.take(100_000)!.bytes, pattern(20_000).slice(3616));
});

for (
  const [what, end] of [
    ["stop() and refuseWrites()", (stream: SendStream) => {
      stream.stop();
      stream.refuseWrites("why");
    }],
    ["finish()", (stream: SendStream) => stream.finish()],
  ] as const
) {
  test(`${what} ends a write that waits`, async () => {
    const stream = streamWith(0);
    const written = stream.write(pattern(20_000));
    end(stream);
    await written;
    assert.is(stream.waiting, 0);
  });
}

test("write() refuses chunks that are no Uint8Array", () => {
  assert.throws(() => streamWith(0).write("text"), /no Uint8Array/);
});

test.run();
