import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { LighthouseError } from "../../wire/mod.ts";
import {
  type ConnectionEffect,
  type ConnectionEvent,
  type ConnectionState,
  IDLE,
  stepConnection,
} from "./connection_state.ts";

const test = suite("connection_state");

const offline = new LighthouseError("host-offline", "The host is not connected to this relay");
const noAnswer = new LighthouseError("no-answer", "The host did not answer in time");
const lost = new LighthouseError("connection-lost", "The other side fell silent");
const badConfig = new LighthouseError("bad-config", "The attribute relay is missing");
const revoked = new LighthouseError("device-revoked", "The host has removed this browser");
const notPaired = new LighthouseError("not-paired", "This browser is not paired");
const unsupported = new LighthouseError("unsupported", "This browser has no WebRTC");

const spent = new LighthouseError("relay-budget", "The budget is spent");

const RELAYED = "Connected through the relay, slowly";
const LOOKING = "Looking for the host …";
const LOOKING_AGAIN = "The connection was lost. Looking for the host …";
const OFFLINE = "The host is offline. This page connects as soon as it is back.";

/** Each state that the machine can be in, with failures behind it where it can have them. */
const states = {
  idle: IDLE,
  closed: { ...IDLE, reason: "Closed" },
  signalling: {
    state: "signalling",
    reason: LOOKING,
    failures: 0,
    relayed: false,
    dialling: true,
    silent: false,
    lost: false,
    resting: false,
  },
  connecting: {
    state: "connecting",
    reason: "The host has answered …",
    failures: 2,
    relayed: false,
    error: undefined,
    dialling: true,
    silent: false,
    lost: false,
    resting: false,
  },
  connected: {
    state: "connected",
    reason: "Connected",
    failures: 2,
    relayed: false,
    error: undefined,
    dialling: false,
    silent: false,
    lost: false,
    resting: false,
  },
  "connected, silent, dialling": {
    state: "connected",
    reason: "Connected",
    failures: 2,
    relayed: false,
    error: undefined,
    dialling: true,
    silent: true,
    lost: false,
    resting: false,
  },
  "connected, silent": {
    state: "connected",
    reason: "Connected",
    failures: 2,
    relayed: false,
    error: undefined,
    dialling: false,
    silent: true,
    lost: false,
    resting: false,
  },
  "connected, lost": {
    state: "connected",
    reason: "Connected",
    failures: 2,
    relayed: false,
    error: undefined,
    dialling: true,
    silent: true,
    lost: true,
    resting: false,
  },
  relayed: {
    state: "connected",
    reason: RELAYED,
    failures: 2,
    relayed: true,
    dialling: false,
    silent: false,
    lost: false,
    resting: false,
  },
  "relayed, silent, dialling": {
    state: "connected",
    reason: RELAYED,
    failures: 2,
    relayed: true,
    dialling: true,
    silent: true,
    lost: false,
    resting: false,
  },
  "relayed, lost": {
    state: "connected",
    reason: RELAYED,
    failures: 2,
    relayed: true,
    dialling: true,
    silent: true,
    lost: true,
    resting: false,
  },
  resting: {
    state: "connected",
    reason: RELAYED,
    failures: 2,
    relayed: true,
    dialling: false,
    silent: false,
    lost: false,
    resting: true,
  },
  "resting, dialling": {
    state: "connected",
    reason: RELAYED,
    failures: 2,
    relayed: true,
    dialling: true,
    silent: true,
    lost: true,
    resting: true,
  },
  offline: {
    state: "offline",
    reason: OFFLINE,
    failures: 1,
    relayed: false,
    error: offline,
    dialling: false,
    silent: false,
    lost: false,
    resting: false,
  },
  "offline, dialling": {
    state: "offline",
    reason: OFFLINE,
    failures: 1,
    relayed: false,
    error: offline,
    dialling: true,
    silent: false,
    lost: false,
    resting: false,
  },
  failed: {
    state: "failed",
    reason: noAnswer.message,
    failures: 3,
    relayed: false,
    error: noAnswer,
    dialling: false,
    silent: false,
    lost: false,
    resting: false,
  },
  "failed, dialling": {
    state: "failed",
    reason: noAnswer.message,
    failures: 3,
    relayed: false,
    error: noAnswer,
    dialling: true,
    silent: false,
    lost: false,
    resting: false,
  },
  "not paired": {
    state: "failed",
    reason: notPaired.message,
    failures: 1,
    relayed: false,
    error: notPaired,
    dialling: false,
    silent: false,
    lost: false,
    resting: false,
  },
  "budget spent": {
    state: "failed",
    reason: spent.message,
    failures: 1,
    relayed: false,
    error: spent,
    dialling: false,
    silent: false,
    lost: false,
    resting: false,
  },
  "failed for good": {
    state: "failed",
    reason: badConfig.message,
    failures: 1,
    relayed: false,
    error: badConfig,
    dialling: false,
    silent: false,
    lost: false,
    resting: false,
  },
} satisfies Record<string, ConnectionState>;

type State = keyof typeof states;

/** What an event leads to: the state and the effect; a state left out stays as it is. */
type Outcome = { now: ConnectionState; effect: ConnectionEffect };

const dial: ConnectionEffect = { do: "dial" };
const nothing: ConnectionEffect = { do: "nothing" };
const stop: ConnectionEffect = { do: "stop" };
const looking: Outcome = { now: states.signalling, effect: dial };

function failure(error: LighthouseError, failures: number, isFinal = false): Outcome {
  const isOffline = error.code === "host-offline";
  return {
    now: {
      state: isOffline ? "offline" : "failed",
      reason: isOffline ? OFFLINE : error.message,
      failures,
      relayed: false,
      error,
      dialling: false,
      silent: false,
      lost: false,
      resting: false,
    },
    effect: isFinal ? nothing : { do: "pause", failures },
  };
}

/** A failure that only people can change. */
function slowly(error: LighthouseError, failures: number): Outcome {
  return { now: failure(error, failures).now, effect: { do: "pause", failures, slow: true } };
}

const dialAndWatch: ConnectionEffect = { do: "restore", dial: true };
/** The attempt that is under way goes on. */
const watch: ConnectionEffect = { do: "restore", dial: false };
const afterLong = { ...states["connected, lost"], failures: 0 };
const afterBrief = { ...afterLong, failures: 3 };
const heard: Outcome = { now: { ...states.connected, failures: 0 }, effect: stop };
/** An attempt beside a silent connection has failed: the page shows nothing of it. */
const stillSilent: Outcome = {
  now: { ...states["connected, silent"], failures: 3 },
  effect: { do: "pause", failures: 3 },
};

const stillRelayed: Outcome = {
  now: { ...states["relayed, silent, dialling"], dialling: false, failures: 3 },
  effect: { do: "pause", failures: 3 },
};

/** The states that an event changes; in all others nothing happens. */
const table: [event: ConnectionEvent, outcomes: Partial<Record<State, Outcome>>][] = [
  [{ type: "connect" }, {
    idle: looking,
    closed: looking,
    offline: looking,
    failed: looking,
    "not paired": looking,
    "budget spent": looking,
    "failed for good": looking,
    // The attempt that is under way is made visible.
    "offline, dialling": { now: states.signalling, effect: nothing },
    "failed, dialling": { now: states.signalling, effect: nothing },
  }],
  [{ type: "retry" }, {
    offline: { now: states["offline, dialling"], effect: dial },
    failed: { now: states["failed, dialling"], effect: dial },
    "not paired": { now: { ...states["not paired"], dialling: true }, effect: dial },
    "budget spent": { now: { ...states["budget spent"], dialling: true }, effect: dial },
    "connected, silent": { now: states["connected, silent, dialling"], effect: dial },
  }],
  [{ type: "unused" }, {
    relayed: { now: states.resting, effect: { do: "rest" } },
  }],
  [{ type: "wanted" }, {
    resting: { now: states["resting, dialling"], effect: dialAndWatch },
  }],
  // Whoever looks at the page often does not make it ask often; another network needs no budget.
  [{ type: "woken" }, {
    offline: { now: states["offline, dialling"], effect: dial },
    failed: { now: states["failed, dialling"], effect: dial },
    "budget spent": { now: { ...states["budget spent"], dialling: true }, effect: dial },
    "connected, silent": { now: states["connected, silent, dialling"], effect: dial },
    resting: { now: states["resting, dialling"], effect: dialAndWatch },
  }],
  [{ type: "silent" }, {
    connected: { now: states["connected, silent, dialling"], effect: dial },
    relayed: { now: states["relayed, silent, dialling"], effect: dial },
  }],
  [{ type: "heard" }, {
    "connected, silent": heard,
    "connected, silent, dialling": heard,
    "relayed, silent, dialling": { now: { ...states.relayed, failures: 0 }, effect: stop },
  }],
  [{ type: "answered" }, {
    signalling: { now: { ...states.connecting, failures: 0 }, effect: nothing },
    connecting: { now: states.connecting, effect: nothing },
    "offline, dialling": { now: { ...states.connecting, failures: 1 }, effect: nothing },
    "failed, dialling": { now: { ...states.connecting, failures: 3 }, effect: nothing },
  }],
  [
    { type: "doubted", error: spent },
    Object.fromEntries(
      ([
        "signalling",
        "connecting",
        "connected, lost",
        "relayed, lost",
        "resting, dialling",
        "offline, dialling",
        "failed, dialling",
      ] as const).map((name) => {
        const { failures } = states[name];
        const now = { ...states["budget spent"], failures, dialling: true };
        return [name, { now, effect: nothing }];
      }),
    ),
  ],
  [{ type: "opened", relayed: false }, {
    connecting: { now: states.connected, effect: nothing },
    signalling: { now: { ...states.connected, failures: 0 }, effect: nothing },
    "offline, dialling": { now: { ...states.connected, failures: 1 }, effect: nothing },
    "failed, dialling": { now: { ...states.connected, failures: 3 }, effect: nothing },
    "connected, silent, dialling": { now: states.connected, effect: nothing },
    "connected, lost": { now: states.connected, effect: nothing },
    "relayed, silent, dialling": { now: states.connected, effect: nothing },
    "relayed, lost": { now: states.connected, effect: nothing },
    resting: { now: states.connected, effect: nothing },
    "resting, dialling": { now: states.connected, effect: nothing },
    // The attempt was stopped too late.
    connected: { now: states.connected, effect: nothing },
    "connected, silent": { now: states.connected, effect: nothing },
    relayed: { now: states.connected, effect: nothing },
  }],
  [{ type: "opened", relayed: true }, {
    connecting: { now: states.relayed, effect: nothing },
    signalling: { now: { ...states.relayed, failures: 0 }, effect: nothing },
    "offline, dialling": { now: { ...states.relayed, failures: 1 }, effect: nothing },
    "failed, dialling": { now: { ...states.relayed, failures: 3 }, effect: nothing },
    "connected, silent, dialling": { now: states.relayed, effect: nothing },
    "connected, lost": { now: states.relayed, effect: nothing },
    "relayed, silent, dialling": { now: states.relayed, effect: nothing },
    "relayed, lost": { now: states.relayed, effect: nothing },
    resting: { now: states.relayed, effect: nothing },
    "resting, dialling": { now: states.relayed, effect: nothing },
    connected: { now: states.relayed, effect: nothing },
    "connected, silent": { now: states.relayed, effect: nothing },
    relayed: { now: states.relayed, effect: nothing },
  }],
  [{ type: "moved" }, {
    relayed: { now: states.connected, effect: nothing },
    // The attempt in place of the silent way is not needed any more.
    "relayed, silent, dialling": { now: states.connected, effect: stop },
    "relayed, lost": { now: states.connected, effect: stop },
    resting: { now: states.connected, effect: nothing },
    "resting, dialling": { now: states.connected, effect: stop },
  }],
  [{ type: "failed", error: offline }, {
    signalling: failure(offline, 1),
    connecting: failure(offline, 3),
    "offline, dialling": failure(offline, 2),
    "failed, dialling": failure(offline, 4),
    "connected, silent, dialling": stillSilent,
    "connected, lost": failure(offline, 3),
    "relayed, silent, dialling": stillRelayed,
    "relayed, lost": failure(offline, 3),
    "resting, dialling": failure(offline, 3),
  }],
  [{ type: "failed", error: noAnswer }, {
    signalling: failure(noAnswer, 1),
    connecting: failure(noAnswer, 3),
    "offline, dialling": failure(noAnswer, 2),
    "failed, dialling": failure(noAnswer, 4),
    "connected, silent, dialling": stillSilent,
    "connected, lost": failure(noAnswer, 3),
    "relayed, silent, dialling": stillRelayed,
    "relayed, lost": failure(noAnswer, 3),
    "resting, dialling": failure(noAnswer, 3),
  }],
  [{ type: "failed", error: notPaired }, {
    signalling: slowly(notPaired, 1),
    connecting: slowly(notPaired, 3),
    "offline, dialling": slowly(notPaired, 2),
    "failed, dialling": slowly(notPaired, 4),
    "connected, silent, dialling": stillSilent,
    "connected, lost": slowly(notPaired, 3),
    "relayed, silent, dialling": stillRelayed,
    "relayed, lost": slowly(notPaired, 3),
    "resting, dialling": slowly(notPaired, 3),
  }],
  [{ type: "failed", error: spent }, {
    signalling: slowly(spent, 1),
    connecting: slowly(spent, 3),
    "offline, dialling": slowly(spent, 2),
    "failed, dialling": slowly(spent, 4),
    "connected, silent, dialling": stillSilent,
    "connected, lost": slowly(spent, 3),
    "relayed, silent, dialling": stillRelayed,
    "relayed, lost": slowly(spent, 3),
    "resting, dialling": slowly(spent, 3),
  }],
  [{ type: "failed", error: revoked }, {
    signalling: failure(revoked, 1, true),
    connecting: failure(revoked, 3, true),
    "offline, dialling": failure(revoked, 2, true),
    "failed, dialling": failure(revoked, 4, true),
    "connected, silent, dialling": stillSilent,
    "connected, lost": failure(revoked, 3, true),
    "relayed, silent, dialling": stillRelayed,
    "relayed, lost": failure(revoked, 3, true),
    "resting, dialling": failure(revoked, 3, true),
  }],
  [{ type: "failed", error: unsupported }, {
    signalling: failure(unsupported, 1, true),
    connecting: failure(unsupported, 3, true),
    "offline, dialling": failure(unsupported, 2, true),
    "failed, dialling": failure(unsupported, 4, true),
    "connected, silent, dialling": stillSilent,
    "connected, lost": failure(unsupported, 3, true),
    "relayed, silent, dialling": stillRelayed,
    "relayed, lost": failure(unsupported, 3, true),
    "resting, dialling": failure(unsupported, 3, true),
  }],
  [
    { type: "refused", error: badConfig },
    Object.fromEntries(
      Object.entries(states).map(([name, { failures }]) => {
        return [name, failure(badConfig, failures + 1, true)];
      }),
    ),
  ],
  [{ type: "lost", error: lost, lasted: 999 }, {
    connected: { now: afterBrief, effect: dialAndWatch },
    "connected, silent": { now: afterBrief, effect: dialAndWatch },
    "connected, silent, dialling": { now: afterBrief, effect: watch },
    relayed: { now: { ...states["relayed, lost"], failures: 3 }, effect: dialAndWatch },
    "relayed, silent, dialling": {
      now: { ...states["relayed, lost"], failures: 3 },
      effect: watch,
    },
  }],
  [{ type: "lost", error: lost, lasted: 1000 }, {
    connected: { now: afterLong, effect: dialAndWatch },
    "connected, silent": { now: afterLong, effect: dialAndWatch },
    "connected, silent, dialling": { now: afterLong, effect: watch },
    relayed: { now: { ...states["relayed, lost"], failures: 0 }, effect: dialAndWatch },
    "relayed, silent, dialling": {
      now: { ...states["relayed, lost"], failures: 0 },
      effect: watch,
    },
  }],
  [{ type: "lost", error: revoked, lasted: 1000 }, {
    connected: { now: failure(revoked, 3).now, effect: stop },
    "connected, silent": { now: failure(revoked, 3).now, effect: stop },
    "connected, silent, dialling": { now: failure(revoked, 3).now, effect: stop },
    relayed: { now: failure(revoked, 3).now, effect: stop },
    "relayed, silent, dialling": { now: failure(revoked, 3).now, effect: stop },
  }],
  [{ type: "overdue" }, {
    "connected, lost": {
      now: { ...states.signalling, reason: LOOKING_AGAIN, failures: 2 },
      effect: nothing,
    },
    "relayed, lost": {
      now: { ...states.signalling, reason: LOOKING_AGAIN, failures: 2 },
      effect: nothing,
    },
    "resting, dialling": { now: { ...states.signalling, failures: 2 }, effect: nothing },
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
function plain(now: ConnectionState): ConnectionState {
  const { error, ...rest } = now;
  return error ? { ...rest, error } : rest;
}

for (const [event, outcomes] of table) {
  const name = [
    event.type,
    "error" in event && event.error.code,
    "lasted" in event && event.lasted,
    "relayed" in event && event.relayed && "relayed",
  ]
    .filter(Boolean).join(" ");
  for (const state of Object.keys(states) as State[]) {
    const before = states[state];
    const { now, effect } = outcomes[state] ?? { now: before, effect: nothing };
    test(`${state}: ${name} → ${now.state}, ${effect.do}`, () => {
      const [after, todo] = stepConnection(before, event);
      assert.equal(plain(after), plain(now));
      assert.equal(todo, effect);
      if (!outcomes[state]) assert.is(after, before);
    });
  }
}

/** Steps through events from the beginning. */
function walk(...events: ConnectionEvent[]): [ConnectionState, ConnectionEffect] {
  return events.reduce<[ConnectionState, ConnectionEffect]>(
    ([now], event) => stepConnection(now, event),
    [IDLE, nothing],
  );
}

test("failures add up until a connection has lasted", () => {
  const attempt: ConnectionEvent[] = [{ type: "retry" }, { type: "failed", error: noAnswer }];
  const start: ConnectionEvent[] = [{ type: "connect" }, { type: "failed", error: noAnswer }];
  assert.equal(walk(...start, ...attempt, ...attempt)[1], { do: "pause", failures: 3 });

  const brief: ConnectionEvent[] = [
    { type: "retry" },
    { type: "answered" },
    { type: "opened", relayed: false },
    { type: "lost", error: lost, lasted: 100 },
  ];
  const failed: ConnectionEvent = { type: "failed", error: noAnswer };
  assert.equal(walk(...start, ...attempt, ...brief, failed)[1], { do: "pause", failures: 4 });

  const long: ConnectionEvent[] = [...brief.slice(0, 3), {
    type: "lost",
    error: lost,
    lasted: 9999,
  }];
  const [now, effect] = walk(...start, ...attempt, ...long, failed);
  assert.is(now.failures, 1);
  assert.equal(effect, { do: "pause", failures: 1 });
});

test("brief connections follow each other at once 20 times, then after a pause", () => {
  const brief: ConnectionEvent[] = [
    { type: "opened", relayed: false },
    { type: "lost", error: lost, lasted: 100 },
  ];
  const events: ConnectionEvent[] = [{ type: "connect" }, ...Array(20).fill(brief).flat()];
  assert.equal(walk(...events)[1], dialAndWatch);
  assert.equal(walk(...events, ...brief)[1], { do: "pause", failures: 21 });
  const longer: ConnectionEvent = { type: "lost", error: lost, lasted: 1000 };
  assert.equal(walk(...events, { type: "opened", relayed: false }, longer)[1], dialAndWatch);
});

test("no error is shown of a connection that is open, however it came about", () => {
  const before: ConnectionEvent[] = [{ type: "connect" }, { type: "failed", error: offline }];
  assert.is(
    walk(...before, { type: "retry" }, { type: "answered" }, { type: "opened", relayed: false })[0]
      .error,
    undefined,
  );
  assert.is(
    walk(...before, { type: "retry" }, { type: "opened", relayed: false })[0].error,
    undefined,
  );
});

test("a silent connection is replaced, and failures beside it count until something is heard", () => {
  const open: ConnectionEvent[] = [{ type: "connect" }, { type: "answered" }, {
    type: "opened",
    relayed: false,
  }];
  const attempt: ConnectionEvent[] = [{ type: "failed", error: noAnswer }, { type: "retry" }];
  const silent: ConnectionEvent[] = [...open, { type: "silent" }, ...attempt, ...attempt];
  assert.is(walk(...silent)[0].state, "connected");
  assert.equal(walk(...silent, { type: "failed", error: noAnswer })[1], {
    do: "pause",
    failures: 3,
  });
  const [now, effect] = walk(...silent, { type: "heard" });
  assert.equal(plain(now), { ...plain(states.connected), failures: 0 });
  assert.equal(effect, stop);
  // The attempt that was stopped may end late.
  assert.equal(stepConnection(now, { type: "failed", error: noAnswer }), [now, nothing]);
});

test("a loss shows when it is not made good in time, or cannot be", () => {
  const before: ConnectionEvent[] = [
    { type: "connect" },
    { type: "opened", relayed: false },
    { type: "lost", error: lost, lasted: 9999 },
  ];
  const seen = (...events: ConnectionEvent[]) => {
    const { state, reason } = walk(...before, ...events)[0];
    return [state, reason];
  };
  const connected = ["connected", "Connected"];
  assert.equal(seen(), connected);
  assert.equal(seen({ type: "answered" }), connected);
  assert.equal(seen({ type: "answered" }, { type: "opened", relayed: false }), connected);
  assert.equal(seen({ type: "opened", relayed: false }, { type: "overdue" }), connected);
  assert.equal(seen({ type: "overdue" }), ["signalling", LOOKING_AGAIN]);
  assert.equal(seen({ type: "overdue" }, { type: "opened", relayed: false }), connected);
  assert.equal(seen({ type: "failed", error: offline }), ["offline", OFFLINE]);
});

for (const code of ["device-revoked", "pairing-used", "pairing-expired", "wrong-origin"] as const) {
  test(`${code} ends it until somebody asks for more`, () => {
    const events: ConnectionEvent[] = [
      { type: "connect" },
      { type: "failed", error: new LighthouseError(code, "No") },
    ];
    assert.equal(walk(...events, { type: "retry" })[1], nothing);
    assert.equal(walk(...events, { type: "woken" })[1], nothing);
    assert.equal(walk(...events, { type: "connect" })[1], dial);
  });
}

for (const code of ["not-paired", "host-key-changed", "clock-skew"] as const) {
  test(`${code} is tried again after long pauses alone`, () => {
    const events: ConnectionEvent[] = [
      { type: "connect" },
      { type: "failed", error: new LighthouseError(code, "No") },
    ];
    assert.equal(walk(...events)[1], { do: "pause", failures: 1, slow: true });
    assert.equal(walk(...events, { type: "woken" })[1], nothing);
    assert.equal(walk(...events, { type: "retry" })[1], dial);
  });
}

test("where the budget is spent, an attempt that is under way begins anew in another network", () => {
  const [now, effect] = walk({ type: "connect" }, { type: "doubted", error: spent });
  assert.equal(effect, nothing);
  assert.equal(stepConnection(now, { type: "woken" }), [now, dial]);
});

test("an attempt that ends after close() changes nothing", () => {
  const closed = walk({ type: "connect" }, { type: "close" });
  for (
    const late of [
      { type: "answered" },
      { type: "opened", relayed: false },
      { type: "failed", error: noAnswer },
      { type: "lost", error: lost, lasted: 1 },
      { type: "overdue" },
      { type: "retry" },
      { type: "silent" },
      { type: "heard" },
      { type: "moved" },
      { type: "unused" },
      { type: "wanted" },
    ] as ConnectionEvent[]
  ) {
    assert.equal(stepConnection(closed[0], late), [closed[0], nothing]);
  }
});

test.run();
