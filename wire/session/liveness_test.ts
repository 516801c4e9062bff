import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { Liveness, type LivenessRules } from "./liveness.ts";

const test = suite("Liveness");

const RULES: LivenessRules = {
  busy: { look: 2, silent: 6 },
  idle: { look: 4, silent: 12 },
  dead: 30,
};

/** A day: a look that never comes within a test. */
const NEVER = { look: 86_400_000, silent: 86_400_000 };

/** What a watched carrier says, and what it was told. */
class Owner {
  busy = false;
  heard = false;
  rtt: number | undefined;
  events: string[] = [];
  isBusy = () => this.busy;
  takeHeard = () => this.heard;
  roundTripTime = () => this.rtt;
  ping = () => void this.events.push("ping");
  onSilence = (silent: boolean) => void this.events.push(silent ? "silent" : "heard");
  onDeath = () => void this.events.push("dead");

  /** Whether it has been told this. */
  was(event: string): boolean {
    return this.events.includes(event);
  }
}

for (const busy of [true, false]) {
  test(`silence shows, then death, with pings all along, ${busy ? "busy" : "idle"}`, async () => {
    const owner = new Owner();
    owner.busy = busy;
    const liveness = new Liveness(RULES, owner);
    await until(() => owner.was("dead"));
    liveness.stop();
    const { silent, look } = busy ? RULES.busy : RULES.idle;
    const looks = Math.ceil(silent / look);
    const before = Array.from({ length: looks - 1 }, () => "ping");
    assert.equal(owner.events.slice(0, looks), [...before, "silent"]);
    assert.is(owner.events.filter((event) => event === "silent").length, 1);
  });
}

test("a sign of life ends the silence, and no death follows", async () => {
  const owner = new Owner();
  const liveness = new Liveness(RULES, owner);
  await until(() => owner.was("silent"));
  owner.heard = true;
  await until(() => owner.was("heard"));
  const { length } = owner.events;
  await until(() => owner.events.length > length + 12);
  liveness.stop();
  assert.equal([...new Set(owner.events.slice(length))], ["ping"]);
});

test("a long round trip is no silence", async () => {
  const owner = new Owner();
  owner.rtt = 86_400_000;
  const liveness = new Liveness(RULES, owner);
  await until(() => owner.was("dead"));
  liveness.stop();
  assert.is(owner.was("silent"), false);
});

test("probe() asks at once and looks as often as when busy", async () => {
  const owner = new Owner();
  const liveness = new Liveness({ ...RULES, idle: NEVER }, owner);
  liveness.probe();
  assert.equal(owner.events, ["ping"]);
  await until(() => owner.was("silent"));
  liveness.stop();
});

test("nudge() makes the next look come sooner", async () => {
  const owner = new Owner();
  const liveness = new Liveness({ ...RULES, idle: NEVER }, owner);
  owner.busy = true;
  liveness.nudge();
  await until(() => owner.was("ping"));
  liveness.stop();
});

test("stop() ends it", async () => {
  const owner = new Owner();
  new Liveness(RULES, owner).stop();
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.equal(owner.events, []);
});

test("where PINGs cost, one is sent after half of the silence that counts", async () => {
  const owner = new Owner();
  owner.busy = true;
  const busy = { look: 2, silent: 20 };
  const liveness = new Liveness({ busy, idle: NEVER, dead: 60_000, isSparing: true }, owner);
  await until(() => owner.was("silent"));
  liveness.stop();
  assert.equal(owner.events, ["ping", "silent"]);
});

test("where PINGs cost, an idle end that has sent one soon knows that nobody answers", async () => {
  const owner = new Owner();
  const busy = { look: 2, silent: 8 };
  const idle = { look: 20, silent: 40 };
  const liveness = new Liveness({ busy, idle, dead: 60_000, isSparing: true }, owner);
  await until(() => owner.was("silent"));
  liveness.stop();
  assert.equal(owner.events, ["ping", "ping", "silent"], "the second one as a busy end");
});

test("where PINGs cost, a busy end that has sent one waits for the answer as a busy one", async () => {
  const owner = new Owner();
  owner.busy = true;
  const busy = { look: 2, silent: 20 };
  const liveness = new Liveness({ busy, idle: NEVER, dead: 60_000, isSparing: true }, owner);
  await until(() => owner.was("ping"));
  owner.busy = false;
  await until(() => owner.was("silent"));
  liveness.stop();
  assert.equal(owner.events, ["ping", "silent"]);
});

test("where PINGs cost, the silence before an idle end became busy does not count", async () => {
  const owner = new Owner();
  const busy = { look: 2, silent: 12 };
  const idle = { look: 12, silent: 86_400_000 };
  const liveness = new Liveness({ busy, idle, dead: 60_000, isSparing: true }, owner);
  await new Promise((resolve) => setTimeout(resolve, 30));
  owner.busy = true;
  liveness.nudge();
  await until(() => owner.was("silent"));
  liveness.stop();
  assert.equal(owner.events, ["ping", "silent"]);
});

test.run();
