// The figures of a transfer from when its bytes arrived.
import * as assert from "uvu/assert";
import { suite } from "../../testing/suite.ts";
import { type Arrival, rateIn, recoveryFrom, Timeline } from "./timeline.ts";

const test = suite("timeline");
const MiB = 1024 ** 2;

/** Arrivals of `rate` MiB/s, a multiple of 25, one each 10 ms, from one time to another. */
function flow(from: number, until: number, rate: number, before: Arrival[] = []): Arrival[] {
  const arrivals = [...before];
  for (let at = from + 10; at <= until; at += 10) {
    arrivals.push([at, (arrivals.at(-1)?.[1] ?? 0) + rate * MiB / 100]);
  }
  return arrivals;
}

test("rateIn() leaves out a slow start", () => {
  const arrivals = flow(3000, 8000, 200, flow(0, 3000, 25));
  assert.is(rateIn(arrivals, { from: 3000, until: 8000 }), 200);
});

test("rateIn() counts the time in which nothing came", () => {
  const arrivals = flow(0, 4000, 200);
  assert.is(rateIn(arrivals, { from: 3000, until: 8000 }), 40);
  assert.is(rateIn([], { from: 3000, until: 8000 }), 0);
});

/** 200 MiB/s until 5,000 ms, then 3 s of blackout. */
const BEFORE = flow(0, 5000, 200);
const BLACKOUT = { from: 5000, until: 8000 };

test("recoveryFrom() finds the first byte and half of the rate", () => {
  // Nothing for 300 ms, an eighth of the rate for a second, then all of it: it takes 220 ms to make up half.
  const arrivals = flow(9300, 12_000, 200, flow(8300, 9300, 25, BEFORE));
  assert.equal(recoveryFrom(arrivals, BLACKOUT), { firstByte: 310, halfRate: 1520 });
});

test("recoveryFrom() takes the rate right before the blackout, not that of the start", () => {
  const slow = flow(3000, 5000, 50, flow(0, 3000, 200));
  const arrivals = flow(8000, 12_000, 50, slow);
  assert.equal(recoveryFrom(arrivals, BLACKOUT), { firstByte: 10, halfRate: 250 });
});

test("recoveryFrom() does not count what was on its way when the blackout began", () => {
  const arrivals = flow(5000, 5050, 200, BEFORE);
  assert.equal(recoveryFrom(arrivals, BLACKOUT), { firstByte: undefined, halfRate: undefined });
});

test("recoveryFrom() has no half rate where it never came back", () => {
  const arrivals = flow(8000, 16_000, 25, BEFORE);
  assert.equal(recoveryFrom(arrivals, BLACKOUT), { firstByte: 10, halfRate: undefined });
});

test("a Timeline sums what arrives, and starts anew", () => {
  const timeline = new Timeline();
  for (let count = 0; count < 1000; count++) timeline.add(3);
  assert.is(timeline.arrivals.at(-1)![1], 3000);
  const times = timeline.arrivals.map(([at]) => at);
  assert.is(new Set(times).size, times.length);
  timeline.restart();
  timeline.add(5);
  assert.equal(timeline.arrivals.map(([, bytes]) => bytes), [5]);
});

test.run();
