import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { seededRandom } from "../../tools/testing/random.ts";
import { OfferClock, STEP_MS, WINDOW_MS } from "./offer_clock.ts";

const test = suite("offer_clock");

const START = 1_795_651_200_000;
const DAY = 86_400_000;

/** A machine whose clocks stand still until the test moves them. */
class Machine {
  wall = START;
  steady = 5_000.25;

  startHost(): OfferClock {
    return new OfferClock({ clock: () => this.wall, steady: () => this.steady });
  }

  /** Lets time pass. */
  run(ms: number): void {
    this.wall += ms;
    this.steady += ms;
  }
}

const jumps: [what: string, uptime: number, jump: number][] = [
  ["ahead by an hour at the start", 0, -3_600_000],
  ["ahead by ten days, found out after a minute", 60_000, -10 * DAY],
  ["ahead by a day, found out after a week", 7 * DAY, -DAY],
  ["ahead by a second", 1_000, -1_000],
  ["ahead by ten minutes, found out after an hour", 3_600_000, -600_000],
  ["behind by a minute", 10_000, 60_000],
  ["behind since 1970", 10_000, 20_000 * DAY],
  ["in order, and the machine sleeps for a night", 3_600_000, 8 * 3_600_000],
];
for (const [what, uptime, jump] of jumps) {
  test(`pages are let in at once when the clock was ${what}`, () => {
    const at = new Machine();
    const clock = at.startHost();
    at.run(uptime);
    at.wall += jump;
    assert.is(clock.now(), at.wall);
    assert.is(clock.isInTime(at.wall), true);
    at.run(WINDOW_MS);
    for (const skew of [-WINDOW_MS, 0, WINDOW_MS]) {
      assert.is(clock.isInTime(at.wall + skew), true, `${skew}`);
    }
    for (const skew of [-WINDOW_MS - 1, WINDOW_MS + 1]) {
      assert.is(clock.isInTime(at.wall + skew), false, `${skew}`);
    }
  });
}

for (const jump of [-5_000, -60_000, -WINDOW_MS, -STEP_MS]) {
  test(`a page is let in with the time that it is told when the clock was ahead by ${-jump} ms`, () => {
    const at = new Machine();
    const clock = at.startHost();
    at.wall += jump;
    assert.is(clock.isInTime(at.wall), false, "the previous process may have answered that one");
    const told = clock.now();
    assert.is(told, START);
    for (const ms of [0, 1_000, -jump]) {
      at.run(ms);
      assert.is(clock.isInTime(told), true);
    }
    assert.is(clock.now(), at.wall, "the clock shows the time of the start again, and goes on");
    at.run(1_000);
    assert.is(clock.isInTime(at.wall), true);
  });
}

test("an offer of the start's own millisecond is in time, by the machine's real clocks", () => {
  for (let round = 0; round < 200; round++) {
    const clock = new OfferClock({ clock: Date.now, steady: () => performance.now() });
    const time = Date.now();
    const until = performance.now() + round / 50;
    while (performance.now() < until);
    assert.is(clock.isInTime(time), true);
  }
});

test("the time that a page is told is whole milliseconds, and in time", () => {
  const at = new Machine();
  const clock = at.startHost();
  at.steady += 0.5;
  at.wall += 1_000;
  clock.now();
  at.wall -= 1_500;
  assert.is(clock.now() % 1, 0);
  assert.is(clock.isInTime(clock.now()), true);
});

test("an offer from before a restart counts at no time, however the clock is corrected", () => {
  const random = seededRandom(4);
  const between = (from: number, to: number) => Math.floor(from + random() * (to - from));
  for (let round = 0; round < 2_000; round++) {
    const at = new Machine();
    // Answered by the previous process, in a window around its clock; not from ahead of it.
    const recorded = START - between(1, 2 * WINDOW_MS);
    at.run(between(0, 5_000));
    const clock = at.startHost();
    for (let step = 0; step < 20; step++) {
      at.run(between(0, 90_000));
      if (step % 5 === 1) at.wall += between(-WINDOW_MS, WINDOW_MS);
      if (at.wall < START - STEP_MS) break;
      assert.is(clock.isInTime(recorded), false, `round ${round}, step ${step}`);
      assert.is(clock.isInTime(clock.now()), true);
    }
  }
});

test.run();
