import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { backoff } from "./backoff.ts";

const test = suite("backoff");

const bounds = { first: 1000, longest: 30_000 };

for (
  const [failures, shortest, longest] of [
    [1, 500, 1000],
    [2, 1000, 2000],
    [3, 2000, 4000],
    [5, 8000, 16_000],
    [6, 15_000, 30_000],
    [7, 15_000, 30_000],
    [2000, 15_000, 30_000],
  ] as const
) {
  test(`backoff() after ${failures} failures lies between ${shortest} and ${longest} ms`, () => {
    assert.is(backoff(failures, { ...bounds, random: 0 }), shortest);
    assert.is(backoff(failures, { ...bounds, random: 0.5 }), (shortest + longest) / 2);
    assert.is(backoff(failures, { ...bounds, random: 1 }), longest);
  });
}

test("backoff() draws a random number of its own", () => {
  const waits = Array.from({ length: 50 }, () => backoff(1, bounds));
  assert.ok(waits.every((ms) => ms >= 500 && ms <= 1000), waits.join());
  assert.ok(new Set(waits).size > 1);
});

test.run();
