import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { OfferLimits, WINDOW_MS } from "./offer_limits.ts";

const test = suite("offer_limits");

const START = 1_795_651_200_000;

/** Limits whose clocks stand still until the test moves them. */
class Setup {
  now = START;
  senders = [{ id: "phone" }, { id: "laptop" }];
  readonly limits = new OfferLimits({
    senders: () => this.senders,
    clock: () => this.now,
    steady: () => this.now,
  });
  #tags = 0;

  /** Judges an offer with a new tag. */
  judge(id: string, time = this.now) {
    return this.limits.judge(id, { time, tag: `tag ${this.#tags++}` });
  }
}

const windows: [title: string, uptime: number, skew: number, isInTime: boolean][] = [
  ["the host's time", 0, 0, true],
  ["before the host's start", 0, -1, false],
  ["the start of the window", WINDOW_MS, -WINDOW_MS, true],
  ["before the window", 2 * WINDOW_MS, -WINDOW_MS - 1, false],
  ["the end of the window", 0, WINDOW_MS, true],
  ["after the window", 0, WINDOW_MS + 1, false],
];
for (const [title, uptime, skew, isInTime] of windows) {
  test(`the time window: ${title}`, () => {
    const at = new Setup();
    at.now += uptime;
    assert.is(at.limits.isInTime(at.now + skew), isInTime);
    assert.is(at.judge("phone", at.now + skew), isInTime ? "open" : "skewed");
  });
}

type Take = (at: Setup) => boolean;
const buckets: [title: string, burst: number, refillMs: number, take: Take][] = [
  ["offers of a sender", 40, 500, (at) => at.judge("phone") === "open"],
  ["skewed offers of a sender", 4, 5000, (at) => at.judge("phone", 1) === "skewed"],
  ["offers of strangers", 40, 50, (at) => at.limits.takeStranger()],
  ["plain refusals", 10, 200, (at) => at.limits.takeRefusal()],
];
for (const [title, burst, refillMs, take] of buckets) {
  test(`${title}: ${burst} at once, then one in ${refillMs} ms`, () => {
    const at = new Setup();
    for (let i = 0; i < burst; i++) assert.is(take(at), true, `number ${i}`);
    assert.is(take(at), false);
    at.now += refillMs - 1;
    assert.is(take(at), false);
    at.now += 1;
    assert.is(take(at), true);
    assert.is(take(at), false);
    for (const [other, , , takeOther] of buckets) {
      if (other !== title) assert.is(takeOther(at), true, `takes nothing from ${other}`);
    }
    assert.is(at.judge("laptop"), "open", "takes nothing from another sender");
  });
}

test("a replay is ignored, and takes nothing from its sender's limit", () => {
  const at = new Setup();
  const offer = { time: at.now, tag: "once" };
  assert.is(at.limits.judge("phone", offer), "open");
  for (let i = 0; i < 100; i++) assert.is(at.limits.judge("phone", offer), "ignore");
  for (let i = 0; i < 39; i++) assert.is(at.judge("phone"), "open");
});

test("an offer is remembered until it is out of the time window", () => {
  const at = new Setup();
  const offer = { time: at.now + WINDOW_MS, tag: "ahead" };
  assert.is(at.limits.judge("phone", offer), "open");
  at.now += 2 * WINDOW_MS - 1;
  assert.is(at.limits.judge("phone", offer), "ignore");
  assert.is(at.limits.remembered, 1);
  at.now += 2;
  assert.is(at.limits.judge("phone", offer), "skewed");
  assert.is(at.judge("phone"), "open");
  assert.is(at.limits.remembered, 1, "the first is forgotten");
});

test("offers above the limit are refused 20 times at once and 5 times a second, and not remembered", () => {
  const at = new Setup();
  /** How often the phone's offers come to each verdict. */
  const judge = (count: number) => {
    const verdicts = Array.from({ length: count }, () => at.judge("phone"));
    return ["open", "busy", "ignore"].map((each) => verdicts.filter((one) => one === each).length);
  };
  assert.equal(judge(70), [40, 20, 10]);
  at.now += 1_000;
  assert.equal(judge(10), [2, 5, 3]);
  assert.is(at.limits.remembered, 42);
  assert.is(at.judge("laptop"), "open");
  assert.is(at.limits.takeRefusal(), true);
});

test("an offer above the limit may come again", () => {
  const at = new Setup();
  for (let i = 0; i < 40; i++) at.judge("phone");
  const offer = { time: at.now, tag: "late" };
  assert.is(at.limits.judge("phone", offer), "busy");
  at.now += 500;
  assert.is(at.limits.judge("phone", offer), "open");
  assert.is(at.limits.judge("phone", offer), "ignore");
});

test("what is remembered has a bound, however fast new offers come", () => {
  const at = new Setup();
  at.senders = Array.from({ length: 8 }, (_, index) => ({ id: `device ${index}` }));
  for (let tick = 0; tick < 1_200; tick++) {
    at.now += 1_000;
    for (const { id } of at.senders) {
      // Each in time and new; some are from ahead.
      for (let i = 0; i < 20; i++) at.judge(id, at.now + i * 1_000);
    }
    // A stranger's is remembered only once the limit of all strangers has let it through.
    for (let i = 0; i < 100; i++) {
      if (at.limits.takeStranger()) at.limits.isNew({ enc: `${tick} ${i}`, time: at.now });
    }
    const seconds = 2 * WINDOW_MS / 1_000;
    const bound = 8 * (40 + 2 * seconds) + 40 + 20 * seconds;
    assert.ok(at.limits.remembered <= bound, `${at.limits.remembered} after ${tick} s`);
  }
});

test("skewed offers are not remembered", () => {
  const at = new Setup();
  for (let i = 0; i < 100; i++) at.judge("phone", 1);
  assert.is(at.limits.remembered, 0);
});

test("the limit of a deleted sender is forgotten when a new one offers", () => {
  const at = new Setup();
  for (const id of ["phone", "laptop"]) {
    for (let i = 0; i < 40; i++) at.judge(id);
    assert.is(at.judge(id), "busy");
  }
  at.senders = [{ id: "phone" }, { id: "tablet" }];
  assert.is(at.judge("tablet"), "open");
  assert.is(at.judge("phone"), "busy", "a present one's is kept");
  assert.is(at.judge("laptop"), "open", "a deleted one's is forgotten");
});

test.run();
