import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { newStream } from "../testing/stream.ts";
import { INITIAL_LIMITS } from "./hello.ts";
import type { Stream } from "./stream.ts";
import { ENDLESS } from "./memory_budget.ts";
import { Windows } from "./windows.ts";

const test = suite("Windows");

const MiB = 1024 * 1024;

/** Long enough for every two calls of `widen` to lie within one of them. */
const SLOW = 60_000;

/** A stream that has such a window. */
function streamWith(window: number): Stream {
  return newStream({ window });
}

/** Asks twice, as does a reader that keeps up. */
function widen(windows: Windows, window: number): number {
  const stream = streamWith(window);
  windows.widen(stream, SLOW);
  return windows.widen(stream, SLOW);
}

test("the first credit widens nothing, since it says nothing about the reader's speed", () => {
  assert.is(
    new Windows(ENDLESS).widen(streamWith(INITIAL_LIMITS.credit), SLOW),
    INITIAL_LIMITS.credit,
  );
});

test("a window read within a few round trips doubles, up to 4 MiB", () => {
  assert.is(widen(new Windows(ENDLESS), INITIAL_LIMITS.credit), 2 * INITIAL_LIMITS.credit);
  assert.is(widen(new Windows(ENDLESS), 3 * MiB), 4 * MiB);
  assert.is(widen(new Windows(ENDLESS), 4 * MiB), 4 * MiB);
});

test("a window that is read slowly stays", () => {
  const windows = new Windows(ENDLESS);
  const stream = streamWith(INITIAL_LIMITS.credit);
  windows.widen(stream, -1);
  assert.is(windows.widen(stream, -1), INITIAL_LIMITS.credit);
});

test("all windows share 16 MiB, and get back what a stream leaves", () => {
  const windows = new Windows(ENDLESS);
  for (let i = 0; i < 8; i++) assert.is(widen(windows, 2 * MiB), 4 * MiB);
  assert.is(widen(windows, 2 * MiB), 2 * MiB);
  windows.release(streamWith(4 * MiB));
  assert.is(widen(windows, 2 * MiB), 4 * MiB);
});

test.run();
