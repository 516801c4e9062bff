import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import {
  type Acceptance,
  derivePairingKeys,
  fingerprintOf,
  generateKeyPair,
  LighthouseError,
  openOffer,
  parseSignal,
  rawPublicKey,
  type Refusal,
  type SealedOffer,
} from "../../wire/mod.ts";
import { parseSendSignal } from "../../wire/signal/envelope.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { ManualTimers } from "../testing/manual_timers.ts";
import { MemoryPeer } from "../testing/memory_peer.ts";
import { dial, type DialOptions, type DialSettings } from "./dial.ts";
import type { RelaySocketOptions } from "./relay_socket.ts";

const test = suite("dial");

const ANSWER_MS = 10_000;
const OPEN_MS = 15_000;
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

/** One attempt, whose relay and host are the test. */
function start(settings: Partial<DialSettings> = {}, options: Partial<DialOptions> = {}) {
  const timers = new ManualTimers();
  const peer = new MemoryPeer();
  const end = new AbortController();
  const sent: string[] = [];
  const calls: string[] = [];
  let relay: RelaySocketOptions | undefined;
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
      onAnswer: () => calls.push("answer"),
      signal: end.signal,
      platform: {
        createPeer: () => peer,
        openRelaySocket: (_url, options) => {
          relay = options;
          return { send: (text) => sent.push(text), close: () => calls.push("hang up") };
        },
        startTimer: timers.start,
        now: () => NOW,
        origin: "https://page.example",
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

test("an attempt offers, takes the answer, hangs up, and opens the channel", async () => {
  const attempt = start({ host: "pi" });
  const { offer } = await attempt.opened();
  assert.equal(offer, { sdp: "v=0\r\noffer", origin: "https://page.example" });
  assert.is(parseSendSignal(attempt.sent[0]!).host, "pi");
  const { proof } = await attempt.accept({ ...ACCEPTANCE, device: { id: "1", name: "a phone" } });
  await until(() => attempt.calls.includes("answer"));
  assert.equal(attempt.calls, ["hang up", "device a phone", "answer"]);
  assert.is(attempt.peer.accepted, ACCEPTANCE.sdp);
  assert.equal(attempt.timers.running, [OPEN_MS]);
  attempt.peer.open();
  const opened = await attempt.dialled;
  assert.equal(opened.proof, proof);
  assert.is(opened.peer, attempt.peer);
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

test.run();
