import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ByteWriter } from "../bytes.ts";
import { newStream } from "../testing/stream.ts";
import { Scheduler } from "./scheduler.ts";
import type { Stream } from "./stream.ts";

const test = suite("Scheduler");

/** A stream that has sent at least `bytes` bytes. */
function streamThatSent(bytes: number): Stream {
  const stream = newStream();
  stream.begin(1, 2 * bytes + 100);
  stream.sendHead(new Uint8Array(bytes));
  do stream.writeData(new ByteWriter(bytes + 100)); while (stream.sent < bytes);
  return stream;
}

const small = () => streamThatSent(0);
const large = () => streamThatSent(64 * 1024);

/** Takes turns, each stream going to the end of its queue after its own. */
function turns(scheduler: Scheduler, count: number): Stream[] {
  return Array.from({ length: count }, () => {
    const stream = scheduler.next()!;
    scheduler.add(stream);
    return stream;
  });
}

test("streams of a kind take turns", () => {
  const scheduler = new Scheduler();
  const [a, b, c] = [small(), small(), small()];
  for (const stream of [a, b, c, a]) scheduler.add(stream);
  assert.is(scheduler.size, 3);
  assert.ok(turns(scheduler, 6).every((stream, index) => stream === [a, b, c][index % 3]));
});

test("a stream that has sent little goes before one that has sent much", () => {
  const scheduler = new Scheduler();
  const [much, little] = [large(), small()];
  scheduler.add(much);
  scheduler.add(little);
  assert.is(scheduler.next(), little);
  assert.is(scheduler.next(), much);
  assert.is(scheduler.next(), undefined);
});

test("a large transfer has its turn among many small ones", () => {
  const scheduler = new Scheduler();
  const much = large();
  scheduler.add(much);
  for (let i = 0; i < 20; i++) scheduler.add(small());
  const taken = turns(scheduler, 90);
  assert.is(taken.filter((stream) => stream === much).length, 10);
});

test("while large streams rest, only small ones have turns", () => {
  const scheduler = new Scheduler();
  const [much, little] = [large(), small()];
  for (let turn = 0; turn < 20; turn++) {
    scheduler.add(much);
    scheduler.add(little);
    assert.equal([scheduler.small, scheduler.size], [1, 2]);
    assert.is(scheduler.next(true), little);
  }
  assert.is(scheduler.next(true), undefined);
  assert.is(scheduler.next(), much);
});

test("a stream that was deleted has no turn", () => {
  const scheduler = new Scheduler();
  const [much, little] = [large(), small()];
  for (const stream of [much, little]) {
    scheduler.add(stream);
    scheduler.delete(stream);
  }
  assert.is(scheduler.size, 0);
  assert.is(scheduler.next(), undefined);
});

test.run();
