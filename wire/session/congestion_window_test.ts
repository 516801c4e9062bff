import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { CongestionWindow } from "./congestion_window.ts";

const test = suite("Pace");

const KiB = 1024;

/** Runs full windows over a path, one after the other. @returns The window after them. */
function run(pace: CongestionWindow, rounds: number, timeOf: (bytes: number) => number): number {
  let { now, total } = runs.get(pace) ?? { now: 1, total: 0 };
  for (let i = 0; i < rounds; i++) {
    const bytes = pace.room;
    pace.sent(bytes, now);
    now += timeOf(bytes);
    pace.acked(total += bytes, now);
  }
  runs.set(pace, { now, total });
  return pace.window;
}

/** Where each run has ended: the next one of the same pace goes on there. */
const runs = new WeakMap<CongestionWindow, { now: number; total: number }>();

test("room is what the window leaves", () => {
  const pace = new CongestionWindow();
  const { window } = pace;
  pace.sent(1000, 0);
  assert.is(pace.room, window - 1000);
  pace.sent(window, 0);
  assert.is(pace.room, -1000);
  pace.acked(1000, 50);
  assert.is(pace.room, 0);
});

test("the window grows on a path that does not queue, up to a bound", () => {
  const window = run(new CongestionWindow(), 100, () => 50);
  assert.ok(window >= 512 * KiB, `${window}`);
  assert.is(run(new CongestionWindow(), 1000, () => 50), window);
});

test("the window rests where the queue holds half of the path's own time", () => {
  // 2000 bytes a millisecond, 50 ms there and back.
  const window = run(new CongestionWindow(), 100, (bytes) => Math.max(50, bytes / 2000));
  assert.is(Math.round(window), 2000 * 75);
});

test("the window shrinks when the path becomes slower, down to a bound", () => {
  const pace = new CongestionWindow();
  let elapsed = 0;
  const window = run(pace, 200, (bytes) => {
    elapsed += 50;
    return elapsed < 5000 ? 50 : Math.max(50, bytes / 100);
  });
  assert.is(window, 64 * KiB);
});

test("where the other end is near the window stays larger, and largest where no streams are shared", () => {
  const pace = new CongestionWindow();
  // A path of 1 ms whose ends take 1000 bytes a millisecond.
  const rest = () => Math.round(run(pace, 200, (bytes) => Math.max(1, bytes / 1000)));
  pace.sent(100, 0);
  pace.acked(100, 1);
  runs.set(pace, { now: 1, total: 100 });
  assert.is(rest(), 256 * KiB);
  pace.isShared = true;
  assert.is(rest(), 96 * KiB);
});

test("a window that is not used up does not grow", () => {
  const pace = new CongestionWindow();
  const { window } = pace;
  let now = 0;
  for (let i = 1; i <= 20; i++) {
    pace.sent(100, now);
    pace.acked(100 * i, now += 50);
  }
  assert.is(pace.window, window);
});

test("an ACK of more than was sent is refused, an old one changes nothing", () => {
  const pace = new CongestionWindow();
  pace.sent(100, 0);
  assert.is(pace.acked(101, 10), false);
  assert.is(pace.acked(60, 10), true);
  const { room } = pace;
  assert.is(pace.acked(50, 10), true);
  assert.is(pace.room, room);
});

test.run();
