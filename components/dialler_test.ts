import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { LighthouseError } from "../wire/mod.ts";
import {
  type Dialling,
  type DiallingEffect,
  type DiallingEvent,
  IDLE,
  stepDialling,
} from "./dialler.ts";

const test = suite("dialler");

const offline = new LighthouseError("host-offline", "The host is not connected to this relay");
const noAnswer = new LighthouseError("no-answer", "The host did not answer in time");
const lost = new LighthouseError("connection-lost", "The other side fell silent");
const badConfig = new LighthouseError("bad-config", "The attribute relay is missing");
const unsupported = new LighthouseError("unsupported", "This browser has no WebRTC");

const LOOKING = "Looking for the host …";
const LOOKING_AGAIN = "The connection was lost. Looking for the host …";
const OFFLINE = "The host is offline. This page connects as soon as it is back.";

/** Each state that the machine can be in, with failures behind it where it can have them. */
const states = {
  idle: IDLE,
  closed: { ...IDLE, reason: "Closed" },
  signalling: { state: "signalling", reason: LOOKING, failures: 0, dialling: true },
  connecting: {
    state: "connecting",
    reason: "The host has answered …",
    failures: 2,
    error: undefined,
    dialling: true,
  },
  connected: {
    state: "connected",
    reason: "Connected",
    failures: 2,
    error: undefined,
    dialling: false,
  },
  offline: {
    state: "offline",
    reason: OFFLINE,
    failures: 1,
    error: offline,
    dialling: false,
  },
  "offline, dialling": {
    state: "offline",
    reason: OFFLINE,
    failures: 1,
    error: offline,
    dialling: true,
  },
  failed: {
    state: "failed",
    reason: noAnswer.message,
    failures: 3,
    error: noAnswer,
    dialling: false,
  },
  "failed, dialling": {
    state: "failed",
    reason: noAnswer.message,
    failures: 3,
    error: noAnswer,
    dialling: true,
  },
  "failed for good": {
    state: "failed",
    reason: badConfig.message,
    failures: 1,
    error: badConfig,
    dialling: false,
  },
} satisfies Record<string, Dialling>;

type State = keyof typeof states;

/** What an event leads to: the state and the effect; a state left out stays as it is. */
type Outcome = { now: Dialling; effect: DiallingEffect };

const dial: DiallingEffect = { do: "dial" };
const nothing: DiallingEffect = { do: "nothing" };
const looking: Outcome = { now: states.signalling, effect: dial };

function failure(error: LighthouseError, failures: number, isFinal = false): Outcome {
  const isOffline = error.code === "host-offline";
  return {
    now: {
      state: isOffline ? "offline" : "failed",
      reason: isOffline ? OFFLINE : error.message,
      failures,
      error,
      dialling: false,
    },
    effect: isFinal ? nothing : { do: "pause", failures },
  };
}

/** The states that an event changes; in all others nothing happens. */
const table: [event: DiallingEvent, outcomes: Partial<Record<State, Outcome>>][] = [
  [{ type: "connect" }, {
    idle: looking,
    closed: looking,
    offline: looking,
    failed: looking,
    "failed for good": looking,
    // The attempt that is under way is made visible.
    "offline, dialling": { now: states.signalling, effect: nothing },
    "failed, dialling": { now: states.signalling, effect: nothing },
  }],
  [{ type: "retry" }, {
    offline: { now: states["offline, dialling"], effect: dial },
    failed: { now: states["failed, dialling"], effect: dial },
  }],
  [{ type: "answered" }, {
    signalling: { now: { ...states.connecting, failures: 0 }, effect: nothing },
    connecting: { now: states.connecting, effect: nothing },
    "offline, dialling": { now: { ...states.connecting, failures: 1 }, effect: nothing },
    "failed, dialling": { now: { ...states.connecting, failures: 3 }, effect: nothing },
  }],
  [{ type: "opened" }, {
    connecting: { now: states.connected, effect: nothing },
    signalling: { now: { ...states.connected, failures: 0 }, effect: nothing },
    "offline, dialling": { now: { ...states.connected, failures: 1 }, effect: nothing },
    "failed, dialling": { now: { ...states.connected, failures: 3 }, effect: nothing },
  }],
  [{ type: "failed", error: offline }, {
    signalling: failure(offline, 1),
    connecting: failure(offline, 3),
    "offline, dialling": failure(offline, 2),
    "failed, dialling": failure(offline, 4),
  }],
  [{ type: "failed", error: noAnswer }, {
    signalling: failure(noAnswer, 1),
    connecting: failure(noAnswer, 3),
    "offline, dialling": failure(noAnswer, 2),
    "failed, dialling": failure(noAnswer, 4),
  }],
  [{ type: "failed", error: unsupported }, {
    signalling: failure(unsupported, 1, true),
    connecting: failure(unsupported, 3, true),
    "offline, dialling": failure(unsupported, 2, true),
    "failed, dialling": failure(unsupported, 4, true),
  }],
  [
    { type: "refused", error: badConfig },
    Object.fromEntries(
      Object.entries(states).map(([name, { failures }]) => {
        return [name, failure(badConfig, failures + 1, true)];
      }),
    ),
  ],
  [{ type: "lost", error: lost, lasted: 4999 }, { connected: failure(lost, 3) }],
  [{ type: "lost", error: lost, lasted: 5000 }, {
    connected: { now: { ...states.signalling, reason: LOOKING_AGAIN }, effect: dial },
  }],
  [
    { type: "close" },
    Object.fromEntries(
      Object.keys(states).map((name) => [
        name,
        { now: states.closed, effect: { do: "hang-up" } },
      ]),
    ),
  ],
];

/** A state without members that are undefined, which mean the same as none. */
function plain(now: Dialling): Dialling {
  const { error, ...rest } = now;
  return error ? { ...rest, error } : rest;
}

for (const [event, outcomes] of table) {
  const name = [event.type, "error" in event && event.error.code, "lasted" in event && event.lasted]
    .filter(Boolean).join(" ");
  for (const state of Object.keys(states) as State[]) {
    const before = states[state];
    const { now, effect } = outcomes[state] ?? { now: before, effect: nothing };
    test(`${state}: ${name} → ${now.state}, ${effect.do}`, () => {
      const [after, todo] = stepDialling(before, event);
      assert.equal(plain(after), plain(now));
      assert.equal(todo, effect);
      if (!outcomes[state]) assert.is(after, before);
    });
  }
}

/** Steps through events from the beginning. */
function walk(...events: DiallingEvent[]): [Dialling, DiallingEffect] {
  return events.reduce<[Dialling, DiallingEffect]>(
    ([now], event) => stepDialling(now, event),
    [IDLE, nothing],
  );
}

test("failures add up until a connection has lasted", () => {
  const attempt: DiallingEvent[] = [{ type: "retry" }, { type: "failed", error: noAnswer }];
  const start: DiallingEvent[] = [{ type: "connect" }, { type: "failed", error: noAnswer }];
  assert.equal(walk(...start, ...attempt, ...attempt)[1], { do: "pause", failures: 3 });

  const brief: DiallingEvent[] = [
    { type: "retry" },
    { type: "answered" },
    { type: "opened" },
    { type: "lost", error: lost, lasted: 100 },
  ];
  assert.equal(walk(...start, ...attempt, ...brief)[1], { do: "pause", failures: 3 });

  const long: DiallingEvent[] = [...brief.slice(0, 3), { type: "lost", error: lost, lasted: 9999 }];
  const [now, effect] = walk(...start, ...attempt, ...long, { type: "failed", error: noAnswer });
  assert.is(now.failures, 1);
  assert.equal(effect, { do: "pause", failures: 1 });
});

test("no error is shown of a connection that is open, however it came about", () => {
  const before: DiallingEvent[] = [{ type: "connect" }, { type: "failed", error: offline }];
  assert.is(
    walk(...before, { type: "retry" }, { type: "answered" }, { type: "opened" })[0].error,
    undefined,
  );
  assert.is(walk(...before, { type: "retry" }, { type: "opened" })[0].error, undefined);
});

test("an attempt that ends after close() changes nothing", () => {
  const closed = walk({ type: "connect" }, { type: "close" });
  for (
    const late of [
      { type: "answered" },
      { type: "opened" },
      { type: "failed", error: noAnswer },
      { type: "lost", error: lost, lasted: 1 },
      { type: "retry" },
    ] as DiallingEvent[]
  ) {
    assert.equal(stepDialling(closed[0], late), [closed[0], nothing]);
  }
});

test.run();
