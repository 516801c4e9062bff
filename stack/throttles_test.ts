// The throttles of all routes, for each setting that the owner may give.
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { DEFAULT_THROTTLE, DEFAULT_THROTTLES, type Throttle, throttlesOf } from "./throttles.ts";

const test = suite("throttles");

test("connects leave room beside a hundred forged ones a second, and hosts beside all pages", () => {
  assert.equal(DEFAULT_THROTTLES, {
    $connect: { rate: 200, burst: 400 },
    $disconnect: { rate: 10, burst: 20 },
    sendSignal: { rate: 10, burst: 20 },
    hostSignal: { rate: 20, burst: 40 },
  });
  assert.equal(throttlesOf(DEFAULT_THROTTLE), DEFAULT_THROTTLES);
});

test("a tenth of the pages' throttle is a tenth of all", () => {
  assert.equal(throttlesOf({ rate: 1, burst: 2 }), {
    $connect: { rate: 20, burst: 40 },
    $disconnect: { rate: 1, burst: 2 },
    sendSignal: { rate: 1, burst: 2 },
    hostSignal: { rate: 2, burst: 4 },
  });
});

/** Pages' throttles, and those of `$connect` and `hostSignal`. */
const large: [pages: Throttle, connect: Throttle, host: Throttle][] = [
  [{ rate: 25, burst: 250 }, { rate: 500, burst: 5_000 }, { rate: 50, burst: 500 }],
  [{ rate: 26, burst: 251 }, { rate: 500, burst: 5_000 }, { rate: 52, burst: 502 }],
  [{ rate: 10_000, burst: 5_000 }, { rate: 500, burst: 5_000 }, { rate: 10_000, burst: 5_000 }],
];
for (const [pages, connect, host] of large) {
  test(`no throttle is above what AWS grants an account: ${JSON.stringify(pages)}`, () => {
    const throttles = throttlesOf(pages);
    assert.equal([throttles.$connect, throttles.hostSignal], [connect, host]);
    assert.equal([throttles.sendSignal, throttles.$disconnect], [pages, pages]);
  });
}

test.run();
