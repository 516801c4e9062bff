import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  answerReport,
  Carrier,
  type ErrorCode,
  HOST_LIVENESS,
  LighthouseError,
  type NetworkReport,
  reportIn,
  serveRequest,
  Session,
} from "../../wire/mod.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import type { MemoryChannel } from "../../wire/testing/channel_pair.ts";
import { acceptPage } from "../../wire/testing/session_pair.ts";
import { Identities } from "../identity/identity.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { MemoryPeer } from "../testing/memory_peer.ts";
import { MemoryStore } from "../testing/memory_store.ts";
import { Connection } from "./connection.ts";
import { CurrentView } from "./connection_view.ts";
import { diagnosisOf } from "./diagnosis.ts";
import { measure } from "./stats.ts";
import type { OpenedConnection } from "./open_way.ts";
import type { ConnectionSettings, DialAsDeviceOptions } from "./dial_as_device.ts";
import type { PageEventsOptions } from "./page_events.ts";
import type { Peer } from "./peer.ts";

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
const REST_MS = 180_000;
const NEVER_ANSWERED = Uint8Array.of(0);
const RELAYED = "Connected through the relay, slowly";
const PROOF = new Uint8Array(32);

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
  const told: unknown[] = [];
  const looks: PromiseWithResolvers<NetworkReport>[] = [];
  const lanes: (PromiseWithResolvers<Peer> & { signal: AbortSignal })[] = [];
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
    dialLane: (_session, { signal }) => {
      const attempt = { signal, ...Promise.withResolvers<Peer>() };
      lanes.push(attempt);
      return attempt.promise;
    },
    openQuic: () => Promise.reject(new Error("no QUIC in this test")),
    onPageEvents: (options) => {
      events = options;
    },
    onPairing: (heard) => {
      hearPairing = heard;
    },
    probeNetwork: () => {
      const look = Promise.withResolvers<NetworkReport>();
      looks.push(look);
      return look.promise;
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
    told,
    looks,
    lanes,
    get events() {
      return events!;
    },
    hear: (relay: string) => hearPairing!(relay),
    /** Lets the pause before the next attempt at a better way end, once there is one. */
    async endPause() {
      const pause = () => timers.running.find((ms) => ms < REST_MS);
      await until(() => pause() !== undefined);
      timers.expire(pause()!);
    },
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
      options.onAnswer({ proof: new Uint8Array(32) });
      const accepted = acceptPage(new Carrier(peer.far));
      resolve({ way: peer, channel: await peer.channel, proof: PROOF });
      hosts.push(await accepted);
      await until(() => view.now.state === "connected" && connection.way === peer);
    },
    /** The newest attempt opens the way through the relay. @returns That, and what becomes of the other. */
    async openRelayed() {
      const { options, resolve } = attempts.at(-1)!;
      const direct = Promise.withResolvers<OpenedConnection>();
      direct.promise.catch(() => {});
      options.signal.addEventListener("abort", () => direct.reject(options.signal.reason));
      const way = new MemoryPeer();
      way.open();
      options.onAnswer({ proof: new Uint8Array(32) });
      way.path = "relayed";
      const accepted = acceptPage(new Carrier(way.far), {
        onStream: async (stream) => {
          if ((await stream.head)[0] === NEVER_ANSWERED[0]) return;
          await serveRequest(stream, ({ headers }) => {
            told.push(reportIn(headers));
            return Promise.resolve(answerReport({ nat: "endpoint-dependent" }));
          });
        },
      });
      resolve({ way, channel: await way.channel, proof: PROOF, direct: direct.promise });
      hosts.push(await accepted);
      await until(() => view.now.reason === RELAYED);
      return { way, direct };
    },
    /** The newest host goes on over another channel. */
    async resume(far: MemoryChannel) {
      const carrier = new Carrier(far);
      hosts.at(-1)!.accept(carrier, await carrier.hello, false);
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

test("requests follow the HELLO at once: the host has them before the page hears of it", async () => {
  using page = setUp();
  const { connection, view, attempts } = page;
  connection.connect(SETTINGS);
  const request = view.session().then((session) => session.open(Uint8Array.of(7)));
  const peer = new MemoryPeer();
  peer.open();
  const carrier = new Carrier(peer.far);
  attempts[0]!.resolve({ way: peer, channel: await peer.channel, proof: PROOF });
  const hello = await carrier.hello;
  await request;
  assert.is.not(view.now.state, "connected");
  const heads: Promise<Uint8Array>[] = [];
  const host = new Session({
    role: "host",
    id: hello.session,
    liveness: HOST_LIVENESS,
    onStream: ({ head }) => heads.push(head),
  });
  page.hosts.push(host);
  host.accept(carrier, hello, true);
  await until(() => heads.length === 1);
  assert.equal([...await heads[0]!], [7]);
  await until(() => view.now.state === "connected");
});

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
  assert.is(connection.way, undefined);
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
  attempt!.options.onAnswer({ proof: new Uint8Array(32) });
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

test("a session through the relay says so, and moves to the direct connection that opens later", async () => {
  using page = setUp();
  const { connection, view, states } = page;
  connection.connect(SETTINGS);
  const { way, direct } = await page.openRelayed();
  assert.is(connection.way, way);
  const { session } = connection;
  const peer = new MemoryPeer();
  peer.open();
  const resumed = page.resume(peer.far);
  direct.resolve({ way: peer, channel: await peer.channel, proof: PROOF });
  await resumed;
  await until(() => view.now.reason === "Connected");
  assert.is(connection.way, peer);
  assert.is(connection.session, session);
  assert.equal(states, ["signalling", "connecting", "connected", "connected"]);
  // Nothing is left to try. Where the host has closed the other way before its HELLO came, an attempt began.
  page.events.onWake();
  assert.is(page.lanes.length, 0);
  assert.ok(page.attempts.slice(1).every(({ options }) => options.signal.aborted));
});

test("a page whose session goes through the relay looks at its network, and tells host and user", async () => {
  using page = setUp();
  const { connection, view, looks, told } = page;
  await connection.look();
  connection.connect(SETTINGS);
  const { report, onReport } = page.attempts[0]!.options;
  assert.equal(report!("v=0\r\n"), { candidates: [], stun: "off" });
  onReport!({ stun: "answers" });
  await page.openRelayed();
  await until(() => looks.length === 1);
  assert.equal(view.now.networks, { page: { way: "relayed" }, host: { stun: "answers" } });
  looks[0]!.resolve({ candidates: ["mdns"], stun: "silent" });
  const seen = { candidates: ["mdns"], stun: "silent", way: "relayed" };
  await until(() => view.now.networks?.host?.nat !== undefined);
  assert.equal(told, [seen]);
  assert.equal(view.now.networks, { page: seen, host: { nat: "endpoint-dependent" } });
  assert.equal(diagnosisOf(view.now).cause, "page-no-udp");
});

test("an attempt that fails between page and host makes the page look, and others do not", async () => {
  using page = setUp();
  const { connection, view, looks, told } = page;
  connection.connect(SETTINGS);
  await page.fail("host-offline");
  assert.is(looks.length, 0);
  page.events.onWake();
  await page.fail("connection-failed");
  assert.is(looks.length, 1);
  looks[0]!.resolve({ candidates: [] });
  await until(() => view.now.networks?.page.candidates !== undefined);
  assert.equal(view.now.networks, { page: { candidates: [], way: "none" } });
  assert.equal(told, []);
});

test("a session through the relay tries for a direct connection, again and again and on waking", async () => {
  using page = setUp();
  const { connection, view, lanes, timers } = page;
  connection.connect(SETTINGS);
  const { direct } = await page.openRelayed();
  direct.reject(new LighthouseError("connection-failed", "No"));
  await page.endPause();
  lanes[0]!.reject(new LighthouseError("connection-failed", "No"));
  await until(() => timers.running.length === 2);
  assert.is(view.now.reason, RELAYED);
  page.events.onWake();
  assert.is(lanes.length, 2);
  const peer = new MemoryPeer();
  lanes[1]!.resolve(peer);
  await until(() => view.now.reason === "Connected");
  assert.is(connection.way, peer);
  assert.equal([timers.running, page.attempts.length], [[], 1]);
});

test("where the relay does not bring the HELLO, the direct connection still counts", async () => {
  using page = setUp();
  const { connection, view, attempts } = page;
  connection.connect(SETTINGS);
  const [way, peer] = [new MemoryPeer(), new MemoryPeer()];
  way.open();
  const direct = Promise.withResolvers<OpenedConnection>();
  const channel = await way.channel;
  attempts[0]!.resolve({ way, channel, proof: PROOF, direct: direct.promise });
  way.far.close();
  await until(() => way.isClosed);
  assert.is(view.now.state, "signalling");
  peer.open();
  const accepted = acceptPage(new Carrier(peer.far));
  direct.resolve({ way: peer, channel: await peer.channel, proof: PROOF });
  page.hosts.push(await accepted);
  await until(() => view.now.reason === "Connected");
  assert.is(connection.way, peer);
});

test("where neither way brings the HELLO, the attempt fails", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  const way = new MemoryPeer();
  way.open();
  const error = new LighthouseError("connection-failed", "No");
  const direct = Promise.reject(error);
  direct.catch(() => {});
  page.attempts[0]!.resolve({ way, channel: await way.channel, proof: PROOF, direct });
  way.far.close();
  await until(() => page.view.now.state === "failed");
  assert.is(page.view.now.error!.code, "connection-lost");
});

test("the relay's end is made good by another attempt, and the one before is given up", async () => {
  using page = setUp();
  const { connection, view, attempts, timers } = page;
  connection.connect(SETTINGS);
  const { way } = await page.openRelayed();
  page.pass(5_000);
  way.far.close();
  await until(() => attempts.length === 2);
  assert.ok(attempts[0]!.options.signal.aborted);
  assert.equal(timers.running, [UNSEEN_MS]);
  assert.is(view.now.reason, RELAYED);
  await page.open();
  assert.is(view.now.reason, "Connected");
});

test("closing gives up the direct connection that is still opening", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  const { direct } = await page.openRelayed();
  page.connection.close();
  await failureOf(direct.promise);
  assert.equal([page.timers.running, page.lanes.length], [[], 0]);
});

test("a session through the relay that nobody uses rests, and the next request opens the way", async () => {
  using page = setUp();
  const { connection, view, timers, states, attempts } = page;
  connection.connect(await knownDevice());
  const { direct } = await page.openRelayed();
  direct.reject(new LighthouseError("connection-failed", "No"));
  // What is open may be silent for as long as it likes.
  const stream = connection.session!.open(NEVER_ANSWERED);
  await page.endPause();
  page.lanes[0]!.reject(new LighthouseError("connection-failed", "No"));
  await until(() => timers.running.length === 1);
  assert.not(timers.running.includes(REST_MS));
  stream.reset(new LighthouseError("aborted", "Over"));
  await until(() => timers.running.includes(REST_MS));
  timers.expire(REST_MS);
  assert.equal([timers.running, connection.isResting, view.now.reason], [[], true, RELAYED]);
  assert.is((await page.hosts[0]!.closed).code, "closed");
  assert.is((await measure(connection)).path, "relayed");

  // Somebody's request, which may go with the offer.
  const answered = (await view.session()).open(Uint8Array.of(8)).closed;
  assert.equal([timers.running, attempts.length, view.now.reason], [[UNSEEN_MS], 2, RELAYED]);
  connection.session!.open(Uint8Array.of(9));
  assert.is(attempts.length, 2);
  await page.openRelayed();
  await answered;
  assert.equal(states, ["signalling", "connecting", "connected"]);
});

test("a page that rests dials when somebody looks at it, and shows what comes of it", async () => {
  using page = setUp();
  const { connection, view, timers, attempts, states } = page;
  connection.connect(SETTINGS);
  await page.openRelayed();
  timers.expire(REST_MS);
  page.events.onWake();
  assert.equal([attempts.length, view.now.state], [2, "connected"]);
  timers.expire(UNSEEN_MS);
  assert.equal([view.now.state, view.now.reason], ["signalling", "Looking for the host …"]);
  await page.fail("host-offline");
  assert.equal(states.slice(2), ["connected", "signalling", "offline"]);
});

test("the browser keeps whether the host was reached through the relay", async () => {
  using page = setUp();
  const store = new MemoryStore();
  const hostKey = new Uint8Array(65).with(0, 4) as Uint8Array<ArrayBuffer>;
  const identities = new Identities({ store, relay: RELAY.href, origin: "x", pinned: hostKey });
  await identities.current();
  page.connection.connect({ ...SETTINGS, identities });
  const { direct } = await page.openRelayed();
  const needsRelay = () => store.records.get(RELAY.href)!.needsRelay;
  await until(() => needsRelay() === true);
  direct.reject(new LighthouseError("connection-failed", "No"));
  await page.endPause();
  page.lanes[0]!.resolve(new MemoryPeer());
  await until(() => needsRelay() === false);
});

/** The senders of offers. */
const PAIRED = { kind: "paired", time: 1 } as const;
const STRANGER = { kind: "stranger", time: 1 } as const;

/** Settings of a device with a secret for its next offer. */
async function knownDevice(): Promise<ConnectionSettings> {
  const store = new MemoryStore();
  const identities = new Identities({
    store,
    relay: RELAY.href,
    origin: "https://me.example",
  });
  await identities.open({ hostKey: new Uint8Array(65), secret: new Uint8Array(32) });
  const device = { id: "1", name: "a phone" };
  await identities.paired(await identities.current(), device, new Uint8Array(32));
  await identities.keepResumption(new Uint8Array(32));
  return { ...SETTINGS, identities };
}

test("with a secret, requests are there for the offer, and are sent again if it was not taken", async () => {
  using page = setUp();
  const settings = await knownDevice();
  page.connection.connect(settings);
  const session = await page.view.session();
  assert.is.not(page.view.now.state, "connected");
  session.open(Uint8Array.of(7));
  const early = page.attempts[0]!.options.early!;
  const messages = await early.take(3000, PAIRED);
  assert.ok(messages!.length > 0);
  assert.equal(await early.take(3000, PAIRED), messages);
  assert.is(await settings.identities.takeEarlySecret(), undefined);
  assert.is(page.connection.session!.streams, 1);
  early.answered(undefined);
  await page.open();
  await until(() => page.hosts[0]!.streams === 1 || page.connection.session!.streams === 0);
});

test("requests for an offer that nobody got fail as those do that wait", async () => {
  using page = setUp();
  page.connection.connect(await knownDevice());
  const stream = (await page.view.session()).open(Uint8Array.of(7));
  const early = page.attempts[0]!.options.early!;
  assert.ok(await early.take(3000, PAIRED));
  const failure = failureOf(stream.head);
  early.failed(true);
  await page.fail("host-offline");
  assert.is((await failure).code, "refused");
  assert.is((await failureOf(page.view.session())).code, "host-offline");
  // The secret counts still.
  page.timers.expire(page.timers.running[0]!);
  page.connection.session!.open(Uint8Array.of(8)).head.catch(() => {});
  assert.ok(await page.attempts[1]!.options.early!.take(3000, PAIRED));
});

test("requests wait for the next attempt if the host may have got the offer", async () => {
  using page = setUp();
  page.connection.connect(await knownDevice());
  const stream = (await page.view.session()).open(Uint8Array.of(7));
  const first = page.attempts[0]!.options.early!;
  const messages = await first.take(3000, PAIRED);
  await page.fail("no-answer");
  const failed = await Promise.race([stream.head.catch((error) => error), undefined]);
  assert.is(failed, undefined);
  page.timers.expire(page.timers.running[0]!);
  const second = page.attempts[1]!.options.early!;
  assert.is(second, first);
  assert.not.equal(await second.take(3000, PAIRED), messages);
  stream.reset(new LighthouseError("aborted", "Over"));
});

/** Settings of a page that the host does not know. */
function stranger(): ConnectionSettings {
  const pinned = new Uint8Array(65).with(0, 4) as Uint8Array<ArrayBuffer>;
  const store = new MemoryStore();
  const identities = new Identities({ store, relay: RELAY.href, origin: "x", pinned });
  return { ...SETTINGS, identities };
}

test("a stranger's requests are there for the offer, under one secret until the host has answered", async () => {
  using page = setUp();
  page.connection.connect(stranger());
  const stream = (await page.view.session()).open(Uint8Array.of(7));
  const first = page.attempts[0]!.options.early!;
  // Not for a device that was paired meanwhile.
  assert.is(await first.take(3000, PAIRED), undefined);
  assert.ok((await first.take(3000, STRANGER))!.length > 0);
  const { fresh, since } = first.secret;
  assert.is(fresh!.length, 32);
  assert.is(since, undefined);
  await page.fail("no-answer");
  page.timers.expire(page.timers.running[0]!);
  const second = page.attempts[1]!.options.early!;
  assert.ok(await second.take(3000, { ...STRANGER, time: 2 }));
  assert.equal(second.secret.fresh, fresh);
  assert.is(second.secret.since, 1);
  second.answered(undefined);
  await page.fail("no-answer");
  page.timers.expire(page.timers.running[0]!);
  const third = page.attempts[2]!.options.early!;
  assert.ok(await third.take(3000, STRANGER));
  assert.not.equal(third.secret.fresh, fresh);
  stream.reset(new LighthouseError("aborted", "Over"));
});

test("requests that a stranger's offer has brought fail at once where only people can help", async () => {
  using page = setUp();
  page.connection.connect(stranger());
  const stream = (await page.view.session()).open(Uint8Array.of(7));
  assert.ok(await page.attempts[0]!.options.early!.take(3000, STRANGER));
  await page.fail("host-key-changed");
  assert.is((await failureOf(stream.head)).code, "host-key-changed");
});

test("without a secret, requests wait for the connection", async () => {
  using page = setUp();
  page.connection.connect(SETTINGS);
  await new Promise((resolve) => setTimeout(resolve, 0));
  const waits = Promise.race([page.view.session(), undefined]);
  assert.is(await waits, undefined);
  assert.is(await page.attempts[0]!.options.early!.take(3000, PAIRED), undefined);
});

test.run();
