import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { Upgrade } from "./upgrade.ts";

const test = suite("upgrade");

/** The attempt before, which has failed. */
const NEVER = Promise.reject(new Error("No"));
NEVER.catch(() => {});

/** Attempts that the test brings to an end. */
function setUp() {
  let bytes = 0;
  let isUsed = true;
  const timers = new ManualTimers();
  const attempts: (PromiseWithResolvers<void> & { signal: AbortSignal })[] = [];
  const upgrade = new Upgrade({
    dial: (signal) => {
      const attempt = { signal, ...Promise.withResolvers<void>() };
      attempts.push(attempt);
      return attempt.promise;
    },
    // The session is used all the time, unless a test says otherwise.
    bytes: () => isUsed ? ++bytes : bytes,
    startTimer: timers.start,
  });
  return {
    upgrade,
    timers,
    attempts,
    /** Lets the pause end. @returns Its milliseconds. */
    async pass() {
      await until(() => timers.running.length === 1);
      const [ms] = timers.running;
      timers.expire(ms!);
      return ms!;
    },
    use(used: boolean) {
      isUsed = used;
    },
    async fail() {
      attempts.at(-1)!.reject(new Error("No"));
      await until(() => timers.running.length === 1);
    },
  };
}

test("attempts follow each other after longer and longer pauses, five minutes at most", async () => {
  const { upgrade, timers, attempts, pass, fail } = setUp();
  upgrade.start(NEVER);
  const pauses: number[] = [];
  for (let i = 0; i < 9; i++) {
    pauses.push(await pass());
    assert.equal([attempts.length, timers.running], [i + 1, []]);
    await fail();
  }
  assert.ok(pauses[0]! >= 2_500 && pauses[0]! <= 5_000);
  assert.ok(pauses[1]! >= 5_000 && pauses[1]! <= 10_000);
  assert.ok(pauses[8]! >= 150_000 && pauses[8]! <= 300_000);
});

test("the first that succeeds is the last", async () => {
  const { upgrade, timers, attempts, pass } = setUp();
  upgrade.start(NEVER);
  await pass();
  attempts[0]!.resolve();
  await until(() => attempts[0]!.signal.aborted);
  upgrade.hurry();
  assert.equal([attempts.length, timers.running], [1, []]);
});

test("an attempt follows a long pause only if bytes have moved in it", async () => {
  const { upgrade, attempts, use, pass, fail } = setUp();
  use(false);
  upgrade.start(NEVER);
  for (let i = 0; i < 6; i++) {
    await pass();
    await fail();
  }
  assert.is(attempts.length, 6);
  for (let i = 0; i < 3; i++) assert.ok(await pass() >= 150_000);
  assert.is(attempts.length, 6);
  use(true);
  await pass();
  assert.is(attempts.length, 7);
});

test("pauses go on where they were when the relay carries the session again", async () => {
  const { upgrade, timers, attempts, pass, fail } = setUp();
  upgrade.start(NEVER);
  for (let i = 0; i < 5; i++) {
    await pass();
    await fail();
  }
  upgrade.stop();
  upgrade.start(NEVER);
  await until(() => timers.running.length === 1);
  assert.ok(await pass() >= 80_000);
  attempts.at(-1)!.resolve();
  await until(() => attempts.at(-1)!.signal.aborted);
  upgrade.start(NEVER);
  assert.ok(await pass() <= 5_000);
});

test("somebody's look leads to an attempt, another network to short pauses, too", async () => {
  const { upgrade, timers, attempts, pass, fail } = setUp();
  upgrade.hurry();
  assert.is(attempts.length, 0);
  upgrade.start(NEVER);
  for (let i = 0; i < 6; i++) {
    await pass();
    await fail();
  }
  upgrade.hurry();
  assert.equal([attempts.length, timers.running], [7, []]);
  // One at a time.
  upgrade.hurry();
  assert.is(attempts.length, 7);
  await fail();
  assert.ok(await pass() >= 150_000);
  await fail();
  upgrade.forget();
  upgrade.hurry();
  await fail();
  assert.ok(await pass() <= 5_000);
});

test("after its end nothing is tried, and what was under way is given up", async () => {
  const { upgrade, timers, attempts, pass, fail } = setUp();
  upgrade.start(NEVER);
  await pass();
  upgrade.stop();
  assert.ok(attempts[0]!.signal.aborted);
  attempts[0]!.reject(new Error("No"));
  upgrade.hurry();
  await Promise.resolve();
  assert.equal([attempts.length, timers.running], [1, []]);
  // The relay carries the session again.
  upgrade.start(NEVER);
  upgrade.hurry();
  assert.is(attempts.length, 2);
  await fail();
});

test("while a direct connection opens, only another network leads to an attempt", async () => {
  const { upgrade, timers, attempts, fail } = setUp();
  const opening = Promise.withResolvers<void>();
  upgrade.start(opening.promise);
  assert.equal(timers.running, []);
  upgrade.hurry();
  assert.is(attempts.length, 1);
  opening.reject(new Error("No"));
  await fail();
  assert.equal([attempts.length, timers.running.length], [1, 1]);
});

test.run();
