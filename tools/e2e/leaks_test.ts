// Many requests between a real Chromium and a real host leave nothing behind at either end.
import * as assert from "uvu/assert";
import { leaked, runLeaks } from "../bench/leaks.ts";
import { suite } from "../testing/suite.ts";

const test = suite("leaks", { deadline: 180_000 });

test("10,000 requests in a row and 256 at once leave nothing behind, by count", async () => {
  assert.equal(leaked(await runLeaks({ inRow: 10_000, atOnce: 256 })), []);
});

test.run();
