import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { Carrier, type ErrorCode, LighthouseError, type Session } from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { acceptPage } from "../../wire/testing/session_pair.ts";
import { Identities } from "../identity/identity.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { MemoryPeer } from "../testing/memory_peer.ts";
import { MemoryStore } from "../testing/memory_store.ts";
import { Connection } from "./connection.ts";
import { CurrentView } from "./connection_view.ts";
import type { OpenedConnection } from "./dial.ts";
import type { ConnectionSettings, DialAsDeviceOptions } from "./dial_as_device.ts";
import type { PageEventsOptions } from "./page_events.ts";

const test = suite("connection");

const RELAY = new URL("wss://relay.example/prod");
const SETTINGS: ConnectionSettings = {
  relay: RELAY,
  ice: { iceServers: [] },
  name: "Chrome",
  identities: new Identities({
    store: new MemoryStore(),
    relay: RELAY.href,
    origin: "https://me.example",
  }),
};
const UNSEEN_MS = 2_000;

/** One attempt, which the test brings to an end. */
interface Attempt extends PromiseWithResolvers<OpenedConnection> {
  options: DialAsDeviceOptions;
}

/** A connection in a page whose browser and host are the test. */
function setUp() {
  const timers = new ManualTimers();
  const attempts: Attempt[] = [];
  const hosts: Session[] = [];
  const peers: MemoryPeer[] = [];
  const states: string[] = [];
  let events: PageEventsOptions | undefined;
  let hearPairing: ((relay: string) => void) | undefined;
  let now = 0;
  const view = new CurrentView();
  view.addEventListener("statechange", () => states.push(view.now.state));
  const connection = new Connection(view, {
    dial: (_settings, options) => {
      const attempt = { options, ...Promise.withResolvers<OpenedConnection>() };
      options.signal.addEventListener("abort", () => attempt.reject(options.signal.reason));
      attempts.push(attempt);
      return attempt.promise;
    },
    dialLane: () => Promise.resolve(),
    onPageEvents: (options) => {
      events = options;
    },
    onPairing: (heard) => {
      hearPairing = heard;
    },
    startTimer: timers.start,
    now: () => now,
  });
  const page = {
    connection,
    view,
    timers,
    attempts,
    hosts,
    peers,
    states,
    get events() {
      return events!;
    },
    hear: (relay: string) => hearPairing!(relay),
    pass: (ms: number) => {
      now += ms;
    },
    /** The newest attempt succeeds. */
    async open() {
      const { options, resolve } = attempts.at(-1)!;
      const peer = new MemoryPeer();
      peers.push(peer);
      peer.open();
      options.onDevice({ id: "1", name: "a phone" });
      options.onAnswer();
      const accepted = acceptPage(new Carrier(peer.far));
      resolve({ peer, channel: await peer.channel, proof: new Uint8Array(32) });
      hosts.push(await accepted);
      await until(() => view.now.state === "connected" && connection.peer === peer);
    },
    /** The newest attempt fails. */
    async fail(code: ErrorCode) {
      attempts.at(-1)!.reject(new LighthouseError(code, "No"));
      await until(() => view.now.error?.code === code);
    },
    [Symbol.dispose]() {
      connection.close();
      for (const host of hosts) host.close();
    },
  };
  return page;
}

test("an attempt leads to a connection, and the view follows it", async () => {
  using page = setUp();
  const { connection, view, states } = page;
  assert.not(connection.isWanted);
  connection.connect(SETTINGS);
  assert.ok(connection.isWanted);
  await page.open();
  assert.equal(states, ["signalling", "connecting", "connected"]);
  assert.is(view.now.device!.name, "a phone");
  assert.is(view.now.session, connection.session);
  connection.connect(SETTINGS);
  assert.is(page.attempts.length, 1);
  connection.close();
  assert.is(view.now.state, "idle");
  assert.is(connection.session, undefined);
  assert.is(connection.peer, undefined);
  assert.not(connection.isWanted);
});

test("after a failure, it tries again when the pause is over, or the browser says that things changed", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  await page.fail("host-offline");
  assert.is(page.view.now.state, "offline");
  assert.is(page.timers.running.length, 1);
  page.timers.expire(page.timers.running[0]!);
  assert.is(page.attempts.length, 2);
  page.attempts.at(-1)!.reject(new LighthouseError("no-answer", "No"));
  await until(() => page.view.now.error?.code === "no-answer");
  page.events.onWake();
  assert.is(page.attempts.length, 3);
  // The pause of the failure before does not start another attempt.
  assert.equal(page.timers.running, []);
});

for (
  const [code, waits] of [["not-paired", true], ["device-revoked", false]] as const
) {
  test(`after ${code}, it ${waits ? "pauses for long" : "does not try again"}, and another page's pairing helps`, async () => {
    using page = setUp();
    page.connection.connect(SETTINGS);
    const { session } = page.connection;
    await page.fail(code);
    assert.is(page.timers.running.some((ms) => ms >= 30_000), waits);
    // Where no attempt follows, requests do not wait for one.
    assert.is(page.connection.session === session, waits);
    page.events.onWake();
    page.hear("wss://other.example/prod");
    assert.is(page.attempts.length, 1);
    page.hear(RELAY.href);
    assert.is(page.attempts.length, 2);
  });
}

test("a loss is made good by another attempt, and shows only where that takes long", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  await page.open();
  const { session } = page.connection;
  page.pass(5_000);
  page.peers[0]!.far.close();
  await until(() => page.attempts.length === 2);
  assert.equal(page.timers.running, [UNSEEN_MS]);
  assert.is(page.view.now.state, "connected");
  page.timers.expire(UNSEEN_MS);
  assert.is(page.view.now.state, "signalling");
  assert.is(page.connection.session, session);
  await page.open();
  assert.is(page.view.now.state, "connected");
});

test("a page that goes says goodbye, and connects when it comes back", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  await page.open();
  page.events.onHide();
  assert.is(page.view.now.state, "idle");
  await until(() => page.hosts[0]!.carriers === 0);
  page.events.onRestore();
  assert.is(page.attempts.length, 2);
  await page.open();
});

test("an attempt that is given up counts for nothing, even where it succeeds", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  const [attempt] = page.attempts;
  page.connection.close();
  assert.ok(attempt!.options.signal.aborted);
  attempt!.options.onAnswer();
  assert.is(page.view.now.state, "idle");
  page.connection.connect(SETTINGS);
  await page.open();
  assert.equal(page.states, ["signalling", "idle", "signalling", "connecting", "connected"]);
});

test("connecting anew ends the session, and forgets the device's name until the host says it", async () => {
  using page = setUp();
  page.connection.renew();
  assert.is(page.attempts.length, 0);
  page.connection.connect(SETTINGS);
  await page.open();
  const { session } = page.connection;
  page.connection.renew();
  assert.is(page.view.now.device, undefined);
  assert.is.not(page.connection.session, session);
  await page.open();
  assert.is(page.view.now.device!.name, "a phone");
});

test("a wrong setting is shown, and nothing is attempted", async () => {
  using page = setUp();
  const error = new LighthouseError("bad-config", "The relay attribute is not a URL");
  page.connection.refuse(error);
  assert.is(page.view.now.error, error);
  assert.is(await failureOf(page.view.session()), error);
  assert.is(page.attempts.length, 0);
});

test("the host's clock is known at the next attempt", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  page.attempts[0]!.options.onSkew(3_600_000);
  await page.fail("no-answer");
  page.events.onWake();
  assert.is(page.attempts[1]!.options.skew, 3_600_000);
});

test.run();
