// The throttles of all routes, for each setting that the owner may give.
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { DEFAULT_THROTTLE_SETTINGS, DEFAULT_THROTTLES, throttlesOf } from "./throttles.ts";

const test = suite("throttles");

test("connects leave room beside a hundred forged ones a second, and hosts have their own", () => {
  assert.equal(DEFAULT_THROTTLES, {
    $connect: { rate: 200, burst: 400 },
    $disconnect: { rate: 10, burst: 20 },
    sendSignal: { rate: 10, burst: 20 },
    hostSignal: { rate: 10, burst: 40 },
  });
  assert.equal(throttlesOf(DEFAULT_THROTTLE_SETTINGS), DEFAULT_THROTTLES);
});

test("messages and connects are set apart", () => {
  assert.equal(throttlesOf({ throttleRate: 1, throttleBurst: 2, connectRate: 200 }), {
    $connect: { rate: 200, burst: 400 },
    $disconnect: { rate: 1, burst: 2 },
    sendSignal: { rate: 1, burst: 2 },
    hostSignal: { rate: 1, burst: 4 },
  });
  const { $connect, sendSignal } = throttlesOf({ ...DEFAULT_THROTTLE_SETTINGS, connectRate: 10 });
  assert.equal([$connect, sendSignal], [{ rate: 10, burst: 20 }, { rate: 10, burst: 20 }]);
});

test("no throttle is above what AWS grants an account", () => {
  const most = throttlesOf({ throttleRate: 10_000, throttleBurst: 5_000, connectRate: 500 });
  for (const { rate, burst } of Object.values(most)) assert.ok(rate <= 10_000 && burst <= 5_000);
});

test.run();
