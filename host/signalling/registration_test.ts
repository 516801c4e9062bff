import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import {
  type Phase,
  type Registration,
  type RegistrationEffect,
  type RegistrationEvent,
  startRegistration,
  stepRegistration,
} from "./registration.ts";

const test = suite("registration");

const read = (holder?: string): RegistrationEvent => ({ type: "read", holder });
const written: RegistrationEvent = { type: "written" };
const proved: RegistrationEvent = { type: "proved" };
const offline: RegistrationEvent = { type: "offline" };
const silent: RegistrationEvent = { type: "silent" };
const resumed: RegistrationEvent = { type: "resumed" };
const check: RegistrationEvent = { type: "check" };
const challenged: RegistrationEvent = { type: "challenged" };
const conflict: RegistrationEvent = {
  type: "failed",
  kind: "conflict",
  message: "somebody else is changing it",
};
const throttled: RegistrationEvent = { type: "failed", kind: "transient", message: "throttled" };
const denied: RegistrationEvent = { type: "failed", kind: "owner", message: "access denied" };

interface Start {
  mine?: string[];
  takesOver?: boolean;
}

/** The phase and the effect after each event, the start first. */
function walk(events: RegistrationEvent[], { mine = [], takesOver = true }: Start = {}) {
  let [state, effect] = startRegistration("own", new Set(mine), takesOver);
  const steps: [Phase, RegistrationEffect["do"]][] = [[state.phase, effect.do]];
  for (const event of events) {
    [state, effect] = stepRegistration(state, event);
    steps.push([state.phase, effect.do]);
  }
  return { steps, state, effect };
}

const walks: {
  name: string;
  start?: Start;
  path: [event: RegistrationEvent, phase: Phase, effect: RegistrationEffect["do"]][];
}[] = [
  {
    name: "a host that finds nobody registered writes, proves and is online",
    path: [
      [read(undefined), "writing", "write"],
      [written, "proving", "probe"],
      [proved, "online", "idle"],
      [check, "online", "probe"],
      [proved, "online", "idle"],
    ],
  },
  {
    name: "a host that starts takes the place of another, and tells it",
    path: [
      [read("other"), "writing", "write"],
      [written, "proving", "probe"],
      [proved, "online", "announce"],
      [check, "online", "probe"],
    ],
  },
  {
    name: "a host that finds its own id needs no write",
    path: [[read("own"), "proving", "probe"], [proved, "online", "idle"]],
  },
  {
    name: "a new connection of the same process takes the old one's place without a word",
    start: { mine: ["old", "own"], takesOver: false },
    path: [
      [read("old"), "writing", "write"],
      [written, "proving", "probe"],
      [proved, "online", "idle"],
    ],
  },
  {
    name: "a write that failed and took effect all the same is proved, not repeated",
    path: [
      [read(undefined), "writing", "write"],
      [throttled, "reading", "pause"],
      [resumed, "reading", "read"],
      [read("own"), "proving", "probe"],
      [proved, "online", "idle"],
    ],
  },
  {
    name: "a write that met a conflict is tried again on what is read then",
    path: [
      [read("a"), "writing", "write"],
      [conflict, "reading", "pause"],
      [resumed, "reading", "read"],
      [read("b"), "writing", "write"],
      [written, "proving", "probe"],
      [proved, "online", "announce"],
    ],
  },
  {
    name: "warm instances that still serve the old environment only delay the proof",
    path: [
      [read("gone"), "writing", "write"],
      [written, "proving", "probe"],
      [offline, "proving", "pause"],
      [resumed, "proving", "probe"],
      [silent, "proving", "pause"],
      [resumed, "proving", "probe"],
      [proved, "online", "announce"],
    ],
  },
  {
    name: "six probes that prove nothing lead back to the registry",
    path: [
      [read("own"), "proving", "probe"],
      ...Array.from({ length: 5 }, () =>
        [
          [offline, "proving", "pause"],
          [resumed, "proving", "probe"],
        ] as [RegistrationEvent, Phase, RegistrationEffect["do"]][]).flat(),
      [offline, "reading", "pause"],
      [resumed, "reading", "read"],
      [read("own"), "proving", "probe"],
    ],
  },
  {
    name: "a check that finds nobody leads to a new registration",
    path: [
      [read("own"), "proving", "probe"],
      [proved, "online", "idle"],
      [check, "online", "probe"],
      [offline, "reading", "read"],
      [read(undefined), "writing", "write"],
    ],
  },
  {
    name: "a host that lost its place to one that answers gives way",
    path: [
      [read("own"), "proving", "probe"],
      [proved, "online", "idle"],
      [check, "online", "probe"],
      [silent, "reading", "read"],
      [read("other"), "asking", "probe"],
      [silent, "asking", "probe"],
      [silent, "replaced", "stop"],
    ],
  },
  {
    name: "a host that lost its place to one that is gone takes it back",
    path: [
      [read("own"), "proving", "probe"],
      [proved, "online", "idle"],
      [challenged, "reading", "read"],
      [read("other"), "asking", "probe"],
      [offline, "writing", "write"],
      [written, "proving", "probe"],
      [proved, "online", "announce"],
    ],
  },
  {
    name: "a challenge that is not true changes nothing",
    path: [
      [read("own"), "proving", "probe"],
      [proved, "online", "idle"],
      [challenged, "reading", "read"],
      [read("own"), "proving", "probe"],
      [proved, "online", "idle"],
    ],
  },
  {
    name: "a host that was registered and asks a stale instance asks again",
    start: { takesOver: false },
    path: [
      [read("other"), "asking", "probe"],
      [proved, "asking", "pause"],
      [resumed, "asking", "probe"],
      [silent, "replaced", "stop"],
    ],
  },
  {
    name: "a host that has written does not take over a second time",
    path: [
      [read("a"), "writing", "write"],
      [written, "proving", "probe"],
      [throttled, "reading", "pause"],
      [resumed, "reading", "read"],
      [read("b"), "asking", "probe"],
    ],
  },
  {
    name: "a host that was replaced stays so",
    start: { takesOver: false },
    path: [
      [read("other"), "asking", "probe"],
      [silent, "asking", "probe"],
      [silent, "replaced", "stop"],
      [proved, "replaced", "stop"],
      [check, "replaced", "stop"],
      [throttled, "replaced", "stop"],
    ],
  },
];
for (const { name, start, path } of walks) {
  test(name, () => {
    const { steps } = walk(path.map(([event]) => event), start);
    assert.equal(steps, [["reading", "read"], ...path.map(([, ...step]) => step)]);
  });
}

const upTo: [phase: Phase, events: RegistrationEvent[], start?: Start][] = [
  ["reading", []],
  ["writing", [read(undefined)]],
  ["proving", [read("own")]],
  ["asking", [read("other")], { takesOver: false }],
  ["online", [read("own"), proved, check]],
];
const failures: [name: string, event: RegistrationEvent, first: number, longest: number][] = [
  ["a conflict", conflict, 500, 2_000],
  ["throttling", throttled, 500, 30_000],
  ["access denied", denied, 30_000, 30_000],
];
for (const [phase, events, start] of upTo) {
  for (const [name, event, first, longest] of failures) {
    test(`${name} while ${phase} leads back to reading, after a pause`, () => {
      const before = walk(events, start);
      assert.is(before.state.phase, phase);
      const { state, effect } = walk([...events, event], start);
      assert.is(state.phase, "reading");
      assert.is(state.trouble, (event as { message: string }).message);
      assert.equal(effect, { do: "pause", failures: 1, first, longest });
    });
  }
}

test("failures are counted until something works, and the trouble is shown until it is over", () => {
  const { state } = walk([throttled, resumed, throttled, resumed, denied]);
  assert.is(state.failures, 3);
  assert.is(state.trouble, "access denied");
  const after = walk([throttled, resumed, read(undefined), written, proved]).state;
  assert.is(after.failures, 0);
  assert.is(after.trouble, undefined);
});

test("the announcement goes to the one that was registered before", () => {
  const { effect } = walk([read("other"), written, proved]);
  assert.equal(effect, { do: "announce", to: "other" });
});

test("stepRegistration() does not change the state that it is given", () => {
  const [state] = startRegistration("own", new Set(), true);
  Object.freeze(state);
  stepRegistration(state, read("other"));
  assert.is(state.phase, "reading");
});

// Two hosts race. The registry is LAPTOP_ID with a revision; each step of a host is one event of its
// machine, and the steps of both are tried in every order.

interface World {
  holder: string | undefined;
  revision: number;
  hosts: Host[];
}

interface Host {
  state: Registration;
  effect: RegistrationEffect;
  /** The revision that it read. */
  seen: number;
  /** Whether it was told that another took over, and has not looked yet. */
  challenged: boolean;
}

function startWorld(holder: string | undefined): World {
  const start = (own: string): Host => {
    const [state, effect] = startRegistration(own, new Set([own]), true);
    return { state, effect, seen: -1, challenged: false };
  };
  return { holder, revision: 0, hosts: [start("a"), start("b")] };
}

/** The world after one host has carried out its effect. `fails`: the write reports a failure. */
function advance(world: World, index: number, { fails = false } = {}): World {
  const next: World = { ...world, hosts: world.hosts.map((host) => ({ ...host })) };
  const host = next.hosts[index]!;
  const step = (event: RegistrationEvent) => {
    [host.state, host.effect] = stepRegistration(host.state, event);
  };
  switch (host.effect.do) {
    case "read":
      host.seen = next.revision;
      step(read(next.holder));
      break;
    case "write":
      if (host.seen !== next.revision) {
        step(conflict);
        break;
      }
      next.holder = host.state.own;
      next.revision++;
      step(fails ? throttled : written);
      break;
    case "probe": {
      const reached = next.hosts.find(({ state }) => state.own === next.holder);
      const isGone = !reached || reached.state.phase === "replaced";
      step(reached === host ? proved : isGone ? offline : silent);
      break;
    }
    case "pause":
      step(resumed);
      break;
    case "announce": {
      const { to } = host.effect;
      const told = next.hosts.find(({ state }) => state.own === to);
      if (told) told.challenged = true;
      step(check);
      break;
    }
    case "idle":
      step(host.challenged ? challenged : check);
      host.challenged = false;
      break;
    case "stop":
      break;
  }
  return next;
}

/** Whether one host is online, is proved to be, and the other has given way. */
function isSettled({ hosts, holder }: World): boolean {
  const winner = hosts.find(({ state }) => state.phase === "online");
  return winner?.state.own === holder && winner?.effect.do === "idle" &&
    hosts.some(({ state }) => state.phase === "replaced");
}

/** Both in turn until nothing changes any more. */
function settle(world: World): World {
  for (let turns = 0; turns < 200 && !isSettled(world); turns++) world = advance(world, turns % 2);
  return world;
}

for (const holder of [undefined, "gone", "a"]) {
  test(`of two hosts that race where ${holder ?? "nobody"} is registered, one ends online and one replaced`, () => {
    const depth = 13;
    let worlds = 0;
    for (let order = 0; order < 2 ** depth; order++) {
      let world = startWorld(holder);
      for (let at = 0; at < depth; at++) world = advance(world, (order >> at) & 1);
      const phases = settle(world).hosts.map(({ state }) => state.phase).sort();
      assert.equal(phases, ["online", "replaced"], `order ${order.toString(2)}`);
      worlds++;
    }
    assert.is(worlds, 8192);
  });
}

test("two hosts that race settle where one's write took effect and was reported as failed", () => {
  const depth = 11;
  for (let order = 0; order < 2 ** depth; order++) {
    for (const failing of [0, 1]) {
      let world = startWorld("gone");
      let hasFailed = false;
      for (let at = 0; at < depth; at++) {
        const index = (order >> at) & 1;
        const fails = index === failing && !hasFailed;
        if (fails && world.hosts[index]!.effect.do === "write") {
          hasFailed = world.hosts[index]!.seen === world.revision;
        }
        world = advance(world, index, { fails });
      }
      const phases = settle(world).hosts.map(({ state }) => state.phase).sort();
      assert.equal(phases, ["online", "replaced"], `order ${order.toString(2)}`);
    }
  }
});

test.run();
