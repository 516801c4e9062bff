import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ReplayCache } from "./replay_cache.ts";
import { TokenBucket } from "./token_bucket.ts";

const test = suite("replay_cache");

test("a key counts once for its life, and is forgotten then", () => {
  const replays = new ReplayCache(100);
  assert.is(replays.add("a", 0), true);
  assert.is(replays.add("b", 50), true);
  for (const now of [0, 50, 99]) assert.is(replays.add("a", now), false);
  assert.is(replays.size, 2);
  assert.is(replays.add("c", 100), true);
  assert.is(replays.size, 2);
  assert.is(replays.add("a", 100), true);
  assert.is(replays.add("b", 149), false);
  replays.add("d", 1000);
  assert.is(replays.size, 1);
});

test("a bucket takes so many at once, then so many a second, and never more than at once", () => {
  let now = 0;
  const bucket = new TokenBucket(3, 2, () => now);
  const takeAll = () => {
    let taken = 0;
    while (bucket.take()) taken++;
    return taken;
  };
  assert.is(takeAll(), 3);
  now += 499;
  assert.is(takeAll(), 0);
  now += 1;
  assert.is(takeAll(), 1);
  now += 1_000_000;
  assert.is(takeAll(), 3);
});

test.run();
