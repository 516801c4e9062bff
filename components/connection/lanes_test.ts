import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { type LaneAction, LanePolicy, LANES, Lanes, type SessionSample } from "./lanes.ts";

const test = suite("lanes");

const KiB = 1024;

/** Of a session over one connection on a long path. */
const LONG = { shortestRoundTrip: 50, carriers: 1, relayed: false, paced: 0 };

/** Samples ten times a second while that many KiB a second move. @returns Each change of the action. */
function watch(
  seconds: number,
  rate: number,
  sample: Partial<SessionSample> = {},
  policy = new LanePolicy(),
) {
  const from = sample.now ?? 0;
  const actions: LaneAction[] = [];
  for (let now = from + 100; now <= from + seconds * 1000; now += 100) {
    const bytes = (sample.bytes ?? 0) + rate * KiB * (now - from) / 1000;
    actions.push(policy.decide({ ...LONG, ...sample, now, bytes }));
  }
  return actions.filter((each, index) => each !== actions[index - 1]);
}

test("lanes are added as soon as 256 KiB have moved over a long path within half a second", () => {
  const policy = new LanePolicy();
  assert.equal(watch(0.2, 1000, {}, policy), [0]);
  assert.equal(watch(0.1, 1000, { now: 200, bytes: 200 * KiB }, policy), [7]);
});

test("no lanes are added on a short path, for little, or where there are all", () => {
  assert.equal(watch(60, 4000, { shortestRoundTrip: 10 }), [0]);
  assert.equal(watch(60, 500), [0]);
  assert.equal(watch(60, 4000, { carriers: LANES }), [0]);
  assert.equal(watch(60, 4000, { relayed: true }), [0]);
  assert.equal(watch(60, 4000, { carriers: 0, shortestRoundTrip: Infinity }), [0]);
});

test("over QUIC, an upload gets one more, and the others where it stays slow for two seconds", () => {
  const paced = 1;
  assert.equal(watch(60, 500, { paced }), [0]);
  const fast = new LanePolicy();
  assert.equal(watch(0.2, 10_000, { paced }, fast), [0, 1]);
  assert.equal(watch(60, 10_000, { paced: 2, carriers: 3, now: 200, bytes: 2000 * KiB }, fast), [
    0,
  ]);
  const slow = new LanePolicy();
  assert.equal(watch(0.2, 3000, { paced }, slow), [0, 1]);
  const later = { paced: 2, carriers: 3, now: 200, bytes: 600 * KiB };
  assert.equal(watch(1.8, 3000, later, slow), [0]);
  assert.equal(watch(0.1, 3000, { ...later, now: 2000, bytes: 6000 * KiB }, slow), [6]);
});

test("where QUIC has come, lanes of another kind are closed when nothing large is sent", () => {
  const policy = new LanePolicy();
  watch(2, 4000, {}, policy);
  const idle = { now: 2000, bytes: 8000 * KiB, paced: 1, carriers: 1 + LANES };
  assert.equal(watch(58, 100, idle, policy), [0]);
  assert.equal(watch(3, 100, { ...idle, now: 60_000, bytes: 13_800 * KiB }, policy), [0, "shed"]);
  const only = { now: 63_000, bytes: 14_100 * KiB, paced: 1, carriers: 2 };
  assert.equal(watch(60, 100, only, policy), [0]);
});

test("where QUIC has come, an upload need not wait for the pause after lanes of another kind", () => {
  const policy = new LanePolicy();
  watch(2, 4000, {}, policy);
  const upload = { now: 2000, bytes: 8000 * KiB, paced: 1, carriers: 2 };
  assert.equal(watch(0.2, 4000, upload, policy), [0, 1]);
});

test("where QUIC is lost, what was received before is no large transfer", () => {
  const policy = new LanePolicy();
  watch(2, 100, { paced: 1, carriers: 2 }, policy);
  assert.equal(watch(2, 100, { now: 2000, bytes: 50_000 * KiB }, policy), [0]);
});

test("lanes that came to nothing, or are lost, are tried again after a pause", () => {
  const policy = new LanePolicy();
  const times: number[] = [];
  for (let now = 100; now <= 40_000; now += 100) {
    const sample = { ...LONG, now, bytes: now * 4 * KiB };
    if (policy.decide(sample) !== 0) times.push(now);
  }
  assert.equal(times, [100, 15_100, 30_100]);
});

test("lanes are closed when nothing large has moved for a minute", () => {
  const policy = new LanePolicy();
  watch(2, 4000, {}, policy);
  const idle = { now: 2000, bytes: 8000 * KiB, carriers: LANES };
  assert.equal(watch(60, 100, idle, policy), [0]);
  const later = { ...idle, now: 62_500, bytes: 14_050 * KiB };
  assert.equal(watch(1, 100, later, policy), ["shed"]);
  assert.equal(watch(60, 100, { ...later, now: 63_500, carriers: 1 }, policy), [0]);
});

/** A session whose lanes are dialled by the test, sampled when the test says so. */
function setUpLanes() {
  const timers = new ManualTimers();
  const session = {
    bytes: 0,
    traffic: { sent: 0, received: 0 },
    shortestRoundTrip: 50,
    carriers: 1,
    pacedCarriers: 0,
    busy: true,
    sheds: 0,
    shed: () => void session.sheds++,
  };
  const signals: AbortSignal[] = [];
  let now = 0;
  const lanes = new Lanes(session, {
    dial: (signal) => {
      signals.push(signal);
      return Promise.reject(new Error("The host is full"));
    },
    isRelayed: () => false,
    startTimer: timers.start,
    now: () => now,
  });
  return {
    session,
    signals,
    timers,
    lanes,
    sample(ms = 100) {
      now += ms;
      timers.expire(100);
    },
  };
}

test("a busy session is sampled until it is idle, and lanes are dialled for all that it may have", () => {
  const { session, signals, timers, lanes, sample } = setUpLanes();
  lanes.watch();
  lanes.watch();
  assert.equal(timers.running, [100]);
  session.bytes = 256 * KiB;
  sample();
  assert.is(signals.length, LANES - 1);
  session.carriers = LANES;
  session.busy = false;
  for (let at = 0; at < 5; at++) sample();
  assert.is(session.sheds, 0);
  sample(60_000);
  assert.is(session.sheds, 1);
  session.carriers = 1;
  sample();
  assert.equal(timers.running, []);
  lanes.watch();
  assert.equal(timers.running, [100]);
});

test("after the end no lane is dialled any more, and attempts under way are given up", () => {
  const { session, signals, timers, lanes, sample } = setUpLanes();
  lanes.watch();
  session.bytes = 256 * KiB;
  sample();
  lanes.stop();
  assert.ok(signals.every(({ aborted }) => aborted));
  lanes.watch();
  assert.equal(timers.running, []);
});

test.run();
