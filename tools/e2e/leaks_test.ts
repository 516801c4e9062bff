// Many requests between a real Chromium and a real host leave nothing behind at either end.
import * as assert from "uvu/assert";
import { runLeaks, SLACK } from "../bench/leaks.ts";
import { suite } from "../testing/suite.ts";

const test = suite("leaks", { deadline: 180_000 });

test("10,000 requests in a row and 256 at once leave nothing behind, by count", async () => {
  const { page, host } = await runLeaks({ inRow: 10_000, atOnce: 256 });
  // Of these, one is one too many; other parts of the browser and of Node.js have none of their own.
  const { ReadableStream, WritableStream, Response, AbortSignal } = page;
  for (const left of [ReadableStream, WritableStream, Response, AbortSignal, host.Stream]) {
    assert.ok(left! <= 0, JSON.stringify({ page, host }));
  }
  for (const [kind, left] of [...Object.entries(page), ...Object.entries(host)]) {
    assert.ok(left <= SLACK, `${left} more of ${kind}`);
  }
});

test.run();
