import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { RelayedBucket } from "./relayed_pace.ts";

const test = suite("relayed pace");

const PACE = { rate: 10, burst: 20 };

/** Takes what there is until a time, and returns how many. */
function takeUntil(bucket: RelayedBucket, from: number, to: number): number {
  let taken = 0;
  for (let now = from; now <= to; now += 10) {
    while (bucket.wait(now) === 0) {
      bucket.take(now);
      taken++;
    }
  }
  return taken;
}

test("the burst may go at once, and then as many a second as the rate says", () => {
  const bucket = new RelayedBucket(PACE, 0);
  assert.is(takeUntil(bucket, 0, 0), 20);
  assert.is(Math.round(bucket.wait(0)), 100);
  assert.is(takeUntil(bucket, 0, 10_000), 100);
});

test("a pause fills the bucket up to the burst, and no more", () => {
  const bucket = new RelayedBucket(PACE, 0);
  takeUntil(bucket, 0, 0);
  assert.is(takeUntil(bucket, 60_000, 60_000), 20);
});

test("a throttled message halves the rate once for all of its second, and it grows back", () => {
  const bucket = new RelayedBucket(PACE, 0);
  for (let i = 0; i < 10; i++) bucket.throttled(i * 50);
  assert.is(Math.round(bucket.rate), 5);
  assert.ok(bucket.wait(450) > 150, "the bucket is empty");
  bucket.throttled(2000);
  assert.ok(bucket.rate < 4);
  bucket.wait(30_000);
  assert.is(bucket.rate, PACE.rate);
});

test("the rate stays above nothing, however much is throttled", () => {
  const bucket = new RelayedBucket(PACE, 0);
  for (let i = 1; i < 100; i++) bucket.throttled(i * 1001);
  assert.ok(bucket.wait(100_000) <= 2000);
});

test("a token that was not there yet delays the next", () => {
  const bucket = new RelayedBucket({ rate: 10, burst: 1 }, 0);
  bucket.take(0);
  bucket.take(0);
  assert.is(Math.round(bucket.wait(0)), 200);
});

test("a clock that goes back gives nothing", () => {
  const bucket = new RelayedBucket({ rate: 10, burst: 1 }, 5000);
  bucket.take(5000);
  assert.is(Math.round(bucket.wait(0)), 100);
});

test.run();
