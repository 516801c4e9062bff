import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { CongestionWindow, METERED, PACED, PathWindow } from "./congestion_window.ts";

const test = suite("congestion window");

const KiB = 1024;

/** Runs full windows over a path, one after the other. @returns The window after them. */
function run(pace: CongestionWindow, rounds: number, timeOf: (bytes: number) => number): number {
  let { now, total } = runs.get(pace) ?? { now: 1, total: 0 };
  for (let i = 0; i < rounds; i++) {
    const bytes = pace.window;
    pace.sent(bytes, now);
    now += timeOf(bytes);
    pace.acked(total += bytes, now);
  }
  runs.set(pace, { now, total });
  return pace.window;
}

/** Where each run has ended: the next one of the same pace goes on there. */
const runs = new WeakMap<CongestionWindow, { now: number; total: number }>();

test("there is room until the window is full, and again after an ACK", () => {
  const pace = new CongestionWindow();
  pace.sent(pace.window - 1, 0);
  assert.is(pace.hasRoom, true);
  pace.sent(1, 0);
  assert.is(pace.hasRoom, false);
  pace.acked(1000, 50);
  assert.is(pace.hasRoom, true);
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

test("a window that was filled doubles, also where an ACK tells of other messages, too", () => {
  const path = new PathWindow();
  const carrier = new CongestionWindow();
  carrier.join(path);
  // The second one fills the window, and the third leaves it open.
  carrier.sent(32 * KiB, 0);
  carrier.sent(32 * KiB, 0);
  carrier.acked(32 * KiB, 50);
  carrier.sent(KiB, 50);
  carrier.acked(65 * KiB, 100);
  assert.is(path.size, 128 * KiB);
});

test("an ACK of more than was sent is refused, an old one changes nothing", () => {
  const pace = new CongestionWindow();
  pace.sent(100, 0);
  assert.is(pace.acked(101, 10), false);
  assert.is(pace.acked(60, 10), true);
  pace.sent(pace.window - 40, 10);
  assert.is(pace.acked(50, 10), true);
  assert.is(pace.hasRoom, false);
});

/** A path of 33 ms there and back that takes 10 Mbit/s. */
const NARROW = { roundTrip: 33, rate: 1250, queue: 0 };

/**
 * Moves bytes for some seconds over carriers that share a path, in turn, each message as large as it may be.
 *
 * @param link `rate` in bytes a millisecond; `queue`: the time that others take of each round trip.
 * @returns The bytes that were on their way at most in the last second, and the rate in that second.
 */
function share(path: PathWindow, count: number, link: Partial<typeof NARROW> = {}, seconds = 10) {
  const { roundTrip, rate, queue } = { ...NARROW, ...link };
  const carriers = Array.from(
    { length: count },
    () => ({ window: new CongestionWindow(), acked: 0 }),
  );
  for (const carrier of carriers) {
    carrier.window.join(path);
    // The HELLO.
    carrier.window.sent(100, 0);
    carrier.window.acked(carrier.acked = 100, roundTrip);
  }
  const due: { at: number; carrier: typeof carriers[number]; bytes: number }[] = [];
  const last = (seconds - 1) * 1000;
  let free = 0;
  let most = 0;
  let sent = 0;
  for (let now = roundTrip; now <= seconds * 1000; now++) {
    while (due.length > 0 && due[0]!.at <= now) {
      const { carrier, bytes } = due.shift()!;
      carrier.window.acked(carrier.acked += bytes, now);
    }
    for (let at = 0; carriers.some(({ window }) => window.hasRoom); at++) {
      const carrier = carriers[at % count]!;
      if (!carrier.window.hasRoom) continue;
      const bytes = Math.min(16 * KiB, path.message);
      carrier.window.sent(bytes, now);
      // Each message waits for those before it.
      free = Math.max(free, now) + bytes / rate;
      due.push({ at: free + queue + roundTrip, carrier, bytes });
      if (now > last) sent += bytes;
    }
    if (now > last) most = Math.max(most, path.flying);
  }
  return { most, rate: sent / 1000 };
}

for (const count of [1, 8]) {
  test(`on a narrow path, bytes of ${count} carriers queue for half of its round trip`, () => {
    const { most, rate } = share(new PathWindow(), count);
    assert.ok(most < 1250 * 33 * 1.9, `${most} bytes`);
    assert.ok(rate > 0.9 * 1250, `${rate} bytes/ms`);
  });
}

test("over 1 Mbit/s, a few small messages are on their way", () => {
  const path = new PathWindow();
  const { most } = share(path, 8, { rate: 125 });
  assert.ok(most < 10 * KiB, `${most} bytes`);
  assert.is(path.message, KiB);
});

test("eight carriers fill a long path together", () => {
  const { rate } = share(new PathWindow(), 8, { rate: 20_000, roundTrip: 100 }, 20);
  assert.ok(rate > 15_000, `${rate} bytes/ms`);
});

test("where others fill the queue, the path keeps the window that it has filled before", () => {
  const path = new PathWindow();
  share(path, 1);
  const { most } = share(path, 1, { queue: 200 });
  assert.ok(most > 0.9 * 1250 * 33, `${most} bytes`);
});

test("over a transport that paces itself, the window grows as fast as the path allows, up to 8 MiB", () => {
  const pace = new CongestionWindow(PACED);
  assert.is(pace.window, 128 * KiB);
  assert.is(run(pace, 5, () => 100), 4096 * KiB);
  assert.is(run(pace, 20, () => 100), 8192 * KiB);
});

test("there, its bytes queue for less than a round trip, and it holds more than come between two ACKs", () => {
  const rest = run(new CongestionWindow(PACED), 100, (bytes) => Math.max(50, bytes / 2000));
  assert.ok(rest > 2000 * 50 && rest < 2000 * 100, `${rest} bytes`);
  const pace = new CongestionWindow(PACED);
  pace.sent(100, 0);
  pace.acked(100, 100);
  runs.set(pace, { now: 100, total: 100 });
  assert.is(run(pace, 200, (bytes) => Math.max(100, bytes / 10)), 16 * KiB);
});

test("where each message costs, the window is 1 MiB", () => {
  assert.is(
    run(new CongestionWindow(METERED), 100, (bytes) => Math.max(50, bytes / 100)),
    1024 * KiB,
  );
});

test("over a transport that paces itself, the window doubles while the rate grows, whatever the round trip", () => {
  // Each round trip takes a fifth longer than the one before, and brings twice as much.
  let time = 100;
  const rounds = (pace: CongestionWindow) => run(pace, 5, () => time *= 1.2);
  assert.is(rounds(new CongestionWindow(PACED)), 128 * KiB * 2 ** 5);
  time = 100;
  assert.ok(rounds(new CongestionWindow()) < 128 * KiB * 2 ** 5);
});

/** A path after some round trips of full windows, which take that many milliseconds. */
function runPath(rounds: number, time: number) {
  const path = new PathWindow();
  const carrier = new CongestionWindow(PACED);
  carrier.join(path);
  run(carrier, rounds, () => time);
  return { path, carrier, size: path.size, ...runs.get(carrier)! };
}

test("the path's window shrinks where its bytes queue, also if something else limits the transfer", () => {
  const { path, carrier, size, ...begun } = runPath(7, 50);
  let { now, total } = begun;
  for (let i = 0; i < 10; i++) {
    carrier.sent(size / 2, now);
    carrier.acked(total += size / 2, now += 100);
  }
  assert.ok(path.size < size / 2, `${path.size} of ${size} bytes`);
  // Small messages, whose ACKs the other end holds back, do not.
  const rest = path.size;
  for (let i = 0; i < 10; i++) {
    carrier.sent(100, now);
    carrier.acked(total += 100, now += 100);
  }
  assert.is(path.size, rest);
});

test("where the other end is near, the mean round trip counts, and not the shortest", () => {
  const { path, carrier, size, ...begun } = runPath(8, 1);
  let { now, total } = begun;
  for (let i = 0; i < 50; i++) {
    const bytes = Math.ceil(path.size / 4);
    // The last one arrives as soon as the others do.
    for (const at of [0, 13, 26, 39]) carrier.sent(bytes, now + at);
    now += 40;
    for (let k = 0; k < 4; k++) carrier.acked(total += bytes, now);
  }
  assert.ok(path.size < size / 2, `${path.size} of ${size} bytes`);
});

test("a carrier that is closed leaves nothing on the path", () => {
  const path = new PathWindow();
  const [one, other] = [new CongestionWindow(), new CongestionWindow()];
  one.sent(64 * KiB, 0);
  for (const carrier of [one, other]) carrier.join(path);
  assert.is(other.hasRoom, false);
  one.leave();
  one.leave();
  assert.is(other.hasRoom, true);
  assert.is(path.flying, 0);
});

test("messages are not bounded where the other end is near", () => {
  const path = new PathWindow();
  const carrier = new CongestionWindow();
  carrier.join(path);
  assert.is(path.message, 8 * KiB);
  carrier.sent(100, 0);
  carrier.acked(100, 1);
  assert.is(path.message, Infinity);
});

test.run();
