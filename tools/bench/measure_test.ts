// Medians and percentiles.
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { durations, median, percentile, spread } from "./measure.ts";

const test = suite("measure");

/** 1 to 100, shuffled: sorting them as text gives a wrong order. */
const HUNDRED = Array.from({ length: 100 }, (_, i) => (i * 37) % 100 + 1);

test("percentile() is the nearest rank", () => {
  assert.is(percentile(HUNDRED, 50), 50);
  assert.is(percentile(HUNDRED, 99), 99);
  assert.is(percentile(HUNDRED, 100), 100);
  assert.is(percentile([7], 1), 7);
  assert.is(percentile([3, 1, 2], 50), 2);
  assert.is(percentile([1, 2], 51), 2);
});

test("median() is the middle, or the mean of the two in the middle", () => {
  assert.is(median([9, 100, 1]), 9);
  assert.is(median([4, 1, 10, 2]), 3);
});

test("spread() and durations() leave the samples as they were", () => {
  const samples = [3, 1, 2];
  assert.equal(spread(samples), { median: 2, least: 1, most: 3, samples: 3 });
  assert.equal(durations(samples), { p50: 2, p99: 3, most: 3, samples: 3 });
  assert.equal(samples, [3, 1, 2]);
});

test("figures without samples are refused", () => {
  assert.throws(() => median([]), /there is no sample/);
  assert.throws(() => percentile([], 50), /there is no sample/);
});

test.run();
