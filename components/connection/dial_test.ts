import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  type Acceptance,
  type Channel,
  derivePairingKeys,
  type EarlySecret,
  fingerprintOf,
  generateKeyPair,
  importResumptionSecret,
  importTagKey,
  LighthouseError,
  makeEarlySecret,
  openOffer,
  parseSignal,
  rawPublicKey,
  type Refusal,
  RelayedChannel,
  type SealedOffer,
  toBase64url,
} from "../../wire/mod.ts";
import { parseSendSignal } from "../../wire/signal/envelope.ts";
import type { EarlySender } from "../../wire/signal/seal.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { MemoryPeer } from "../testing/memory_peer.ts";
import { dial, type DialOptions, type DialPlatform, type DialSettings } from "./dial.ts";
import type { RelaySocketOptions } from "./relay_socket.ts";

const test = suite("dial");

const ANSWER_MS = 10_000;
const OPEN_MS = 15_000;
const OPEN_BESIDE_MS = 5_000;
const DIRECT_MS = 2_000;
const FORGED_MS = 2_000;
const NOW = 1_000_000;
const host = await generateKeyPair();
const keys = await generateKeyPair();
const device = await rawPublicKey(keys);
const identity = {
  hostKey: await rawPublicKey(host),
  keys,
  sender: { kind: "stranger" },
} as const;
const ACCEPTANCE: Acceptance = { time: NOW, sdp: "v=0\r\nanswer" };
const RELAYED: Acceptance = { ...ACCEPTANCE, relayed: { rate: 10, burst: 20 } };

/** One attempt, whose relay and host are the test. */
function start(
  settings: Partial<DialSettings> = {},
  options: Partial<DialOptions> = {},
  platform: Partial<DialPlatform> = {},
) {
  const timers = new ManualTimers();
  const peer = new MemoryPeer();
  const end = new AbortController();
  const sent: string[] = [];
  const calls: string[] = [];
  let relay: RelaySocketOptions | undefined;
  let onRelayed = (_ct: string) => {};
  const send = (text: string) => {
    const signal = parseSignal(parseSendSignal(text).data);
    if (signal.type === "relayed") onRelayed(signal.ct);
    else sent.push(text);
  };
  const dialled = dial(
    {
      relay: new URL("wss://relay.example/prod"),
      ice: { iceServers: [] },
      name: "Chrome on Android",
      ...settings,
    },
    {
      identity,
      skew: 0,
      onSkew: (skew) => calls.push(`skew ${skew}`),
      onDevice: ({ name }) => Promise.resolve(void calls.push(`device ${name}`)),
      onIceServers: (servers) => {
        if (servers) calls.push(`${servers.length} ICE servers`);
      },
      report: (sdp) => ({ stun: sdp.includes("offer") ? "silent" : "off" }),
      onReport: (report) => {
        if (report) calls.push(`host's STUN ${report.stun}`);
      },
      onAnswer: () => calls.push("answer"),
      signal: end.signal,
      platform: {
        createPeer: () => peer,
        openRelaySocket: (_url, options) => {
          relay = options;
          return { send, close: () => calls.push("hang up") };
        },
        startTimer: timers.start,
        now: () => NOW,
        origin: "https://page.example",
        ...platform,
      },
      ...options,
    },
  );
  dialled.catch(() => {});
  const attempt = {
    dialled,
    timers,
    peer,
    end,
    sent,
    calls,
    /** The relay brings a signal. */
    say: (data: unknown) => relay!.onMessage(JSON.stringify({ data })),
    tell: (text: string) => relay!.onMessage(text),
    fail: (error: LighthouseError) => relay!.onFailure(error),
    /** Waits for that many offers, and opens the newest. */
    async opened(count = 1) {
      await until(() => sent.length >= count);
      const signal = parseSignal(parseSendSignal(sent.at(-1)!).data) as SealedOffer;
      return { signal, ...await openOffer(signal, { host, device }) };
    },
    async accept(answer = ACCEPTANCE, count = 1) {
      const sealed = await (await attempt.opened(count)).sealAnswer(answer);
      attempt.say(sealed.signal);
      return sealed;
    },
    /** Answers, and gives the host's end of the channel through the relay. */
    async acceptRelayed() {
      const { relayedKeys } = await attempt.accept(RELAYED);
      const channel = new RelayedChannel({
        send: (ct) => attempt.say({ type: "relayed", v: 1, ct }),
        waits: true,
      });
      channel.start(await relayedKeys!(), { rate: 10, burst: 20 });
      onRelayed = (ct) => channel.receive(ct);
      return channel;
    },
    async refuse(refused: Refusal["refused"], time = NOW, count = 1) {
      attempt.say(await (await attempt.opened(count)).sealRefusal({ time, refused }));
    },
  };
  return attempt;
}

const signalOf = (ct: string) => ({ type: "sealed-answer", v: 1, ct });
const FORGERY = signalOf("A".repeat(200));

test("the device belongs to the site that the settings name", async () => {
  const attempt = start({ origin: "https://a.example" });
  const { offer } = await attempt.opened();
  assert.is(offer.origin, "https://a.example");
});

test("an attempt offers, takes the answer, opens the channel, and hangs up", async () => {
  const attempt = start({ host: "pi" });
  const { offer } = await attempt.opened();
  const { ephemeral, ...others } = offer;
  assert.equal(others, {
    sdp: "v=0\r\noffer",
    origin: "https://page.example",
    report: { stun: "silent" },
  });
  assert.is(ephemeral!.length, 65);
  assert.is(parseSendSignal(attempt.sent[0]!).host, "pi");
  const { proof } = await attempt.accept({
    ...ACCEPTANCE,
    device: { id: "1", name: "a phone" },
    iceServers: [{ urls: ["stun:a.example"] }],
    report: { stun: "answers" },
  });
  await until(() => attempt.calls.includes("answer"));
  assert.equal(attempt.calls, [
    "device a phone",
    "1 ICE servers",
    "host's STUN answers",
    "answer",
    "hang up",
  ]);
  assert.is(attempt.peer.accepted, ACCEPTANCE.sdp);
  assert.equal(attempt.timers.running, [OPEN_MS]);
  attempt.peer.open();
  const opened = await attempt.dialled;
  assert.equal(opened.proof, proof);
  assert.is(opened.way, attempt.peer);
  assert.not(attempt.peer.isClosed);
  assert.equal(attempt.timers.running, []);
});

const own = await fingerprintOf(identity.hostKey);
const failures: [
  what: string,
  code: string,
  act: (attempt: ReturnType<typeof start>) => unknown,
][] = [
  ["a relay that reports that the host is offline", "host-offline", async ({ opened, tell }) => {
    await opened();
    tell('{"error":{"code":"host-offline","message":"Gone"}}');
  }],
  ["a relay that reports what only the host can know", "relay-failed", async ({ opened, tell }) => {
    await opened();
    tell('{"error":{"code":"device-revoked","message":"Gone"}}');
  }],
  ["a relay that cannot be reached", "relay-unreachable", ({ fail }) => {
    fail(new LighthouseError("relay-unreachable", "No network"));
  }],
  ["a refusal that the host has sealed", "device-revoked", ({ refuse }) => {
    return refuse({ code: "device-revoked", message: "No" });
  }],
  ["an unsealed refusal", "not-paired", async ({ opened, say }) => {
    await opened();
    say({ type: "refused", code: "not-paired", message: "Who?", hostKey: own });
  }],
  ["an unsealed refusal that must be sealed", "bad-seal", async ({ opened, say }) => {
    await opened();
    say({ type: "refused", code: "device-revoked", message: "No" });
  }],
  ["an answer that does not come", "no-answer", async ({ opened, timers }) => {
    await opened();
    timers.expire(ANSWER_MS);
  }],
  ["a forged answer that stays the only one", "bad-seal", async ({ opened, say, timers }) => {
    await opened();
    say(FORGERY);
    await until(() => timers.running.includes(FORGED_MS));
    timers.expire(FORGED_MS);
  }],
  ["a channel that does not open", "connection-failed", async ({ accept, timers }) => {
    await accept();
    await until(() => timers.running.includes(OPEN_MS));
    timers.expire(OPEN_MS);
  }],
  ["a clock that the host never agrees with", "clock-skew", async ({ refuse }) => {
    await refuse({ code: "clock-skew", message: "No" });
    await refuse({ code: "clock-skew", message: "No" }, NOW, 2);
  }],
];
for (const [what, code, act] of failures) {
  test(`${what} ends the attempt with ${code}, and leaves nothing open`, async () => {
    const attempt = start();
    // The socket is opened in a later turn.
    await until(() => attempt.timers.running.length > 0);
    await act(attempt);
    assert.is((await failureOf(attempt.dialled)).code, code);
    assert.ok(attempt.peer.isClosed);
    assert.ok(attempt.calls.includes("hang up"));
    assert.equal(attempt.timers.running, []);
  });
}

test("what others say before the host's own answer changes nothing", async () => {
  const attempt = start();
  await attempt.opened();
  attempt.tell("no JSON");
  attempt.say("no signal");
  attempt.say({ type: "answer", sdp: "v=0" });
  attempt.say(FORGERY);
  attempt.say(FORGERY);
  await until(() => attempt.timers.running.includes(FORGED_MS));
  assert.equal(attempt.timers.running, [ANSWER_MS, FORGED_MS]);
  await attempt.accept();
  attempt.peer.open();
  await attempt.dialled;
  assert.equal(attempt.timers.running, []);
});

test("a clock that differs costs one more offer, by the host's clock", async () => {
  const attempt = start();
  const hostTime = NOW + 3_600_000;
  await attempt.refuse({ code: "clock-skew", message: "No" }, hostTime);
  const { signal } = await attempt.opened(2);
  assert.is(signal.time, hostTime);
  assert.equal(attempt.calls, ["skew 3600000"]);
  await attempt.accept(ACCEPTANCE, 2);
  attempt.peer.open();
  await attempt.dialled;
  const next = start({}, { skew: 3_600_000 });
  assert.is((await next.opened()).signal.time, hostTime);
  next.end.abort();
});

test("while pairing, the offer proposes a name, and a device that cannot be kept ends it", async () => {
  const secret = new Uint8Array(16).fill(5);
  const reason = new Error("The disk is full");
  const attempt = start({}, {
    identity: { ...identity, sender: { kind: "pairing", secret } },
    onDevice: () => Promise.reject(reason),
  });
  await until(() => attempt.sent.length === 1);
  const signal = parseSignal(parseSendSignal(attempt.sent[0]!).data) as SealedOffer;
  const { psk } = await derivePairingKeys(secret);
  const { offer, sealAnswer } = await openOffer(signal, { host, device, psk });
  assert.is(offer.name, "Chrome on Android");
  const { signal: answer } = await sealAnswer({ ...ACCEPTANCE, device: { id: "1", name: "x" } });
  attempt.say(answer);
  assert.is(await failureOf(attempt.dialled), reason);
  assert.ok(attempt.peer.isClosed);
});

test("an attempt that is given up fails with the reason, at any time", async () => {
  const reason = new Error("enough");
  const steps: ((attempt: ReturnType<typeof start>) => unknown)[] = [
    () => {},
    ({ opened }) => opened(),
    ({ accept }) => accept(),
  ];
  for (const step of steps) {
    const attempt = start();
    await step(attempt);
    attempt.end.abort(reason);
    assert.is(await failureOf(attempt.dialled), reason);
    assert.ok(attempt.peer.isClosed);
    assert.equal(attempt.timers.running, []);
  }
});

test("a relay that the page's policy forbids at once ends the attempt", async () => {
  const timers = new ManualTimers();
  const peer = new MemoryPeer();
  const error = new LighthouseError("relay-unreachable", "Forbidden");
  const attempt = start({}, {
    platform: {
      createPeer: () => peer,
      openRelaySocket: () => {
        throw error;
      },
      startTimer: timers.start,
      now: () => NOW,
      origin: "https://page.example",
    },
  });
  assert.is(await failureOf(attempt.dialled), error);
  assert.ok(peer.isClosed);
  assert.equal(timers.running, []);
});

const spent = { off: "spent" } as const;
const off = { off: "off" } as const;
const withoutRelay: [what: string, Acceptance["relayed"], code: string, words: RegExp][] = [
  ["a host whose budget is spent", spent, "relay-budget", /budget .* is spent/],
  ["a host that goes no way through the relay", off, "connection-failed", /set `relay-budget`/],
  ["an older host", undefined, "connection-failed", /A newer host/],
];
for (const [what, relayed, code, words] of withoutRelay) {
  test(`${what} leaves only the direct connection, and the error says so`, async () => {
    const attempt = start();
    await attempt.accept({ ...ACCEPTANCE, relayed });
    await until(() => attempt.calls.includes("hang up"));
    assert.equal(attempt.timers.running, [OPEN_MS]);
    attempt.timers.expire(OPEN_MS);
    const error = await failureOf(attempt.dialled);
    assert.is(error.code, code);
    assert.match(error.message, words);
  });
}

test("where the last connect needed the relay, and the budget is spent, the error is foreseen", async () => {
  const doubts: LighthouseError[] = [];
  const onDoubt = (error: LighthouseError) => void doubts.push(error);
  const attempt = start({}, { identity: { ...identity, needsRelay: true }, onDoubt });
  await attempt.accept({ ...ACCEPTANCE, relayed: spent });
  await until(() => doubts.length === 1);
  assert.is(doubts[0]!.code, "relay-budget");
  attempt.peer.open();
  assert.is((await attempt.dialled).way, attempt.peer);

  const other = start({}, { onDoubt });
  await other.accept({ ...ACCEPTANCE, relayed: spent });
  other.peer.open();
  await other.dialled;
  assert.is(doubts.length, 1);
});

test("the relay's channel starts when the direct connection is late, which may still open", async () => {
  const attempt = start();
  const far = await attempt.acceptRelayed();
  await until(() => attempt.timers.running.includes(DIRECT_MS));
  assert.equal(attempt.timers.running, [OPEN_MS, DIRECT_MS]);
  attempt.timers.expire(DIRECT_MS);
  const { channel, way, direct } = await attempt.dialled;
  assert.ok(channel.isMetered);
  const [heard, answered] = [messageOf(far), messageOf(channel)];
  channel.send(Uint8Array.of(1, 2, 3));
  assert.equal(await heard, Uint8Array.of(1, 2, 3));
  far.send(Uint8Array.of(4));
  assert.equal(await answered, Uint8Array.of(4));
  const { path, bytesSent, bytesReceived } = await way.stats();
  assert.is(path, "relayed");
  assert.ok(bytesSent > 50 && bytesReceived > 50);

  attempt.peer.open();
  assert.is((await direct!).way, attempt.peer);
  assert.equal(attempt.timers.running, []);
  assert.not(attempt.calls.includes("hang up"));
  // The other end hears of the close, before the socket goes.
  const closed = new Promise<void>((resolve) => far.onclose = resolve);
  way.close();
  await closed;
  assert.ok(attempt.calls.includes("hang up"));
});

test("time that the answer took counts, but for a second", async () => {
  for (const [spent, left] of [[400, 1_600], [5_000, 1_000], [-3_600_000, 2_000]] as const) {
    let now = NOW;
    const attempt = start({}, {}, { now: () => now });
    await attempt.opened();
    now += spent;
    await attempt.acceptRelayed();
    await until(() => attempt.timers.running.includes(left));
    attempt.end.abort(new Error("enough"));
  }
});

test("where the last connection needed the relay, its channel starts with the answer", async () => {
  const attempt = start({}, { identity: { ...identity, needsRelay: true } });
  await attempt.acceptRelayed();
  const { channel, direct } = await attempt.dialled;
  assert.ok(channel.isMetered);
  // Another attempt, with what the network is like by then, is better than a long wait for this one.
  assert.equal(attempt.timers.running, [OPEN_MS, OPEN_BESIDE_MS]);
  attempt.timers.expire(OPEN_BESIDE_MS);
  assert.is((await failureOf(direct!)).code, "connection-failed");
  assert.ok(attempt.peer.isClosed);
  assert.not(attempt.calls.includes("hang up"));
});

test("a direct connection in time costs no message more", async () => {
  const attempt = start();
  const far = await attempt.acceptRelayed();
  let count = 0;
  far.onmessage = () => count++;
  await until(() => attempt.timers.running.includes(DIRECT_MS));
  attempt.peer.open();
  const { way, direct } = await attempt.dialled;
  assert.equal([way, direct], [attempt.peer, undefined]);
  await until(() => attempt.calls.includes("hang up"));
  assert.equal([count, attempt.sent.length], [0, 1]);
  assert.equal(attempt.timers.running, []);
});

test("a socket that ends leaves only the direct connection, or ends the channel", async () => {
  const gone = new LighthouseError("relay-unreachable", "Gone");
  const early = start();
  await early.acceptRelayed();
  await until(() => early.timers.running.includes(DIRECT_MS));
  early.fail(gone);
  early.timers.expire(DIRECT_MS);
  early.peer.open();
  assert.is((await early.dialled).way, early.peer);

  for (const end of ["socket", "host"]) {
    const late = start({}, { identity: { ...identity, needsRelay: true } });
    await late.acceptRelayed();
    const { channel } = await late.dialled;
    const closed = new Promise<void>((resolve) => channel.onclose = resolve);
    // A message that was throttled, or is none of the channel's, changes nothing.
    late.tell('{"message":"Too Many Requests","connectionId":"x","requestId":"y"}');
    late.tell("no JSON");
    late.say(FORGERY);
    if (end === "socket") late.fail(gone);
    else late.tell('{"error":{"code":"host-offline","message":"Gone"}}');
    await closed;
    late.end.abort();
  }
});

test("an attempt that is given up gives up the direct connection, too", async () => {
  const attempt = start({}, { identity: { ...identity, needsRelay: true } });
  await attempt.acceptRelayed();
  const { direct } = await attempt.dialled;
  const reason = new Error("enough");
  attempt.end.abort(reason);
  assert.is(await failureOf(direct!), reason);
  assert.ok(attempt.peer.isClosed);
  assert.equal(attempt.timers.running, []);
});

/** A browser whose WebRTC is switched off. */
function startWithoutWebRtc() {
  return start({}, {}, {
    createPeer: () => {
      throw new Error("No WebRTC support");
    },
  });
}

test("without WebRTC, the relay's channel starts with the answer", async () => {
  const attempt = startWithoutWebRtc();
  assert.is((await attempt.opened()).offer.sdp, "");
  await attempt.acceptRelayed();
  const { channel, direct } = await attempt.dialled;
  assert.ok(channel.isMetered);
  assert.is((await failureOf(direct!)).code, "unsupported");
});

test("without WebRTC, a host that offers no other way is of no use, until its budget is new", async () => {
  const old = startWithoutWebRtc();
  await old.refuse({ code: "bad-offer", message: "No session description" });
  assert.is((await failureOf(old.dialled)).code, "unsupported");
  for (const [relayed, code] of [[off, "unsupported"], [spent, "relay-budget"]] as const) {
    const attempt = startWithoutWebRtc();
    await attempt.accept({ ...ACCEPTANCE, relayed });
    assert.is((await failureOf(attempt.dialled)).code, code);
  }
});

/** The next message that arrives. */
function messageOf(channel: Channel): Promise<Uint8Array> {
  return new Promise((resolve) => {
    channel.onmessage = (message) => resolve(message as Uint8Array);
  });
}

/** First messages, and what they are told. */
function firstMessages(secret: EarlySecret) {
  const told: string[] = [];
  const offers: EarlySender[] = [];
  return {
    told,
    offers,
    secret,
    take: (_room: number, offer: EarlySender) => {
      offers.push(offer);
      return new Uint8Array([1, 2, 3]);
    },
    answered: (messages?: Uint8Array) => told.push(messages ? `answered ${messages}` : "refused"),
    failed: (isUnseen: boolean) => told.push(isUnseen ? "unseen" : "unsure"),
  };
}

const PAIRED = {
  ...identity,
  sender: { kind: "paired", tagKey: await importTagKey(new Uint8Array(32)) },
} as const;

test("a device's first messages go with its offer, and the host's come with the answer", async () => {
  const secret = await importResumptionSecret(new Uint8Array(32));
  const early = firstMessages({ key: secret });
  const attempt = start({}, { identity: PAIRED, early: early as never });
  const { openEarly, sealAnswer } = await attempt.opened();
  assert.equal(await openEarly(secret), new Uint8Array([1, 2, 3]));
  const take = () => new Uint8Array([7]);
  const { signal } = await sealAnswer(ACCEPTANCE, { early: { secret, take } });
  attempt.say(signal);
  await until(() => early.told.length > 0);
  assert.equal(early.told, ["answered 7"]);
  attempt.end.abort(new Error("over"));
  await failureOf(attempt.dialled);
  assert.equal(early.told, ["answered 7", "unsure"]);
});

test("first messages learn whether the host has seen them", async () => {
  const secret = await makeEarlySecret();
  const relayError = (code: string) => JSON.stringify({ error: { code, message: "No" } });
  const cases: [string, (attempt: ReturnType<typeof start>) => unknown][] = [
    ["refused,unsure", async (attempt) => {
      await attempt.accept();
      await until(() => attempt.calls.includes("answer"));
      attempt.end.abort(new Error("over"));
    }],
    ["unseen", async (attempt) => {
      await attempt.opened();
      attempt.tell(relayError("host-offline"));
    }],
    ["unsure", async (attempt) => {
      await attempt.opened();
      attempt.tell(relayError("relay-failed"));
    }],
    ["unsure", async (attempt) => {
      await attempt.opened();
      attempt.fail(new LighthouseError("relay-unreachable", "Gone"));
    }],
    ["unseen", async (attempt) => {
      const { sealRefusal } = await attempt.opened();
      const refused = { code: "pairing-used" as const, message: "No" };
      attempt.say(await sealRefusal({ time: NOW, refused }));
    }],
    ["unsure", async (attempt) => {
      const { sealRefusal } = await attempt.opened();
      const refused = { code: "host-busy" as const, message: "No" };
      attempt.say(await sealRefusal({ time: NOW, refused }));
    }],
    ["unseen", async (attempt) => {
      await attempt.opened();
      attempt.say({ type: "refused", code: "not-paired", message: "No" });
    }],
    ["not sent", (attempt) => attempt.fail(new LighthouseError("relay-unreachable", "Gone"))],
  ];
  for (const [expected, act] of cases) {
    const early = firstMessages(secret);
    const gathering = new Promise<string>(() => {});
    const platform = expected === "not sent"
      ? { createPeer: () => new MemoryPeer(gathering) }
      : undefined;
    const attempt = start({}, { identity: PAIRED, early: early as never }, platform);
    await act(attempt);
    await failureOf(attempt.dialled);
    assert.is(String(early.told), expected === "not sent" ? "unseen" : expected);
  }
});

test("a stranger's first messages bring their secret, also after a clock that was wrong", async () => {
  const secret = await makeEarlySecret();
  const early = firstMessages(secret);
  const attempt = start({}, { early: early as never });
  const { sealRefusal } = await attempt.opened();
  const refused = { code: "clock-skew" as const, message: "No" };
  attempt.say(await sealRefusal({ time: NOW + 5, refused }));
  await until(() => attempt.sent.length === 2);
  const { offer, openEarly } = await attempt.opened();
  assert.is((offer.early as { secret: string }).secret, toBase64url(secret.fresh!));
  assert.equal(await openEarly(secret.key), new Uint8Array([1, 2, 3]));
  assert.equal(early.offers, [{ kind: "stranger", time: NOW }, {
    kind: "stranger",
    time: NOW + 5,
  }]);
  attempt.end.abort(new Error("over"));
  await failureOf(attempt.dialled);
  assert.equal(early.told, ["unsure"]);
});

test.run();
