import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { type LaneAction, LanePolicy, LANES, type SessionSample } from "./lanes.ts";

const test = suite("lanes");

const KiB = 1024;

/** Looks ten times a second while so many KiB a second move. @returns what was advised, once each change. */
function watch(
  seconds: number,
  rate: number,
  look: Partial<SessionSample> = {},
  policy = new LanePolicy(),
) {
  const from = look.now ?? 0;
  const advice: LaneAction[] = [];
  for (let now = from + 100; now <= from + seconds * 1000; now += 100) {
    advice.push(policy.decide({
      ...{ shortestRoundTrip: 50, carriers: 1 },
      ...look,
      ...{ now, bytes: (look.bytes ?? 0) + rate * KiB * (now - from) / 1000 },
    }));
  }
  return advice.filter((each, index) => each !== advice[index - 1]);
}

test("lanes are added as soon as 256 KiB have moved over a long path within half a second", () => {
  const policy = new LanePolicy();
  assert.equal(watch(0.2, 1000, {}, policy), ["keep"]);
  assert.equal(watch(0.1, 1000, { now: 200, bytes: 200 * KiB }, policy), ["add"]);
});

test("no lanes are added on a short path, for little, or where there are all", () => {
  assert.equal(watch(60, 4000, { shortestRoundTrip: 10 }), ["keep"]);
  assert.equal(watch(60, 500), ["keep"]);
  assert.equal(watch(60, 4000, { carriers: LANES }), ["keep"]);
  assert.equal(watch(60, 4000, { carriers: 0, shortestRoundTrip: Infinity }), ["keep"]);
});

test("lanes that came to nothing, or are lost, are tried again after a pause", () => {
  const policy = new LanePolicy();
  const times: number[] = [];
  for (let now = 100; now <= 40_000; now += 100) {
    const look = { now, bytes: now * 4 * KiB, shortestRoundTrip: 50, carriers: 1 };
    if (policy.decide(look) === "add") times.push(now);
  }
  assert.equal(times, [100, 15_100, 30_100]);
});

test("lanes are closed when nothing large has moved for a minute", () => {
  const policy = new LanePolicy();
  watch(2, 4000, {}, policy);
  const idle = { now: 2000, bytes: 8000 * KiB, carriers: LANES };
  assert.equal(watch(60, 100, idle, policy), ["keep"]);
  const later = { ...idle, now: 62_500, bytes: 14_050 * KiB };
  assert.equal(watch(1, 100, later, policy), ["shed"]);
  assert.equal(watch(60, 100, { ...later, now: 63_500, carriers: 1 }, policy), ["keep"]);
});

test.run();
