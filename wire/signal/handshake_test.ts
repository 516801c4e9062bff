import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { failureOf } from "../testing/failure.ts";
import { type RelayMessage } from "./envelope.ts";
import { Handshake, type Reply } from "./handshake.ts";
import { fingerprintOf, generateKeyPair, rawPublicKey } from "./keys.ts";
import { derivePairingKeys } from "./pairing.ts";
import { type Acceptance, openOffer, type Refusal, type Sender } from "./seal.ts";
import type { SealedOffer } from "./signal.ts";

const test = suite("handshake");

const host = await generateKeyPair();
const hostKey = await rawPublicKey(host);
const device = await generateKeyPair();
const deviceKey = await rawPublicKey(device);
const secret = new Uint8Array(16).fill(5);
const { psk } = await derivePairingKeys(secret);
const OFFER = { sdp: "v=0\r\n", origin: "https://page.example", name: "a phone" };
const ACCEPTANCE: Acceptance = {
  time: 7,
  sdp: "v=0\r\na=x\r\n",
  device: { id: "an-id", name: "a phone" },
};
const REFUSAL: Refusal = { time: 7, refused: { code: "clock-skew", message: "Wrong clock" } };
const STRANGER: Sender = { kind: "stranger" };

/** A page that asks, and a host that opens what it sent. */
function setUp(sender: Sender = STRANGER, offer: HandshakeOffer = OFFER) {
  const sent: SealedOffer[] = [];
  const handshake = new Handshake({
    hostKey,
    device,
    sender,
    offer,
    send: (signal) => sent.push(signal),
  });
  const key = sender.kind === "pairing" ? psk : undefined;
  return {
    handshake,
    sent,
    /** Opens the newest offer, as soon as it is there. */
    async opened() {
      while (sent.length === 0) await new Promise((resolve) => setTimeout(resolve));
      return await openOffer(sent.at(-1)!, { host, device: deviceKey, psk: key });
    },
  };
}
type HandshakeOffer = typeof OFFER | Promise<typeof OFFER>;

function signal(data: unknown): RelayMessage {
  return { kind: "signal", data: JSON.parse(JSON.stringify(data)) };
}

for (const sender of [STRANGER, { kind: "pairing", secret }] satisfies Sender[]) {
  test(`a ${sender.kind} offers, and gets the host's word and the session's proof`, async () => {
    const { handshake, opened } = setUp(sender);
    const reply = handshake.ask(5);
    const { offer, sealAnswer } = await opened();
    assert.equal(offer, OFFER);
    const { signal: answer, proof } = await sealAnswer(ACCEPTANCE);
    await handshake.receive(signal(answer));
    assert.equal(await reply, { by: "host", answer: { ...ACCEPTANCE, proof } });
  });
}

const fingerprint = await fingerprintOf(hostKey);
const decisive: [what: string, message: RelayMessage, reply: Reply][] = [
  [
    "an error of the relay",
    { kind: "error", code: "host-offline", message: "Gone" },
    { by: "relay", refused: { code: "host-offline", message: "Gone" } },
  ],
  [
    "an unsealed refusal",
    signal({ type: "refused", code: "not-paired", message: "Who?", hostKey: fingerprint }),
    { by: "anybody", refused: { code: "not-paired", message: "Who?", hostKey: fingerprint } },
  ],
  [
    "an unsealed refusal for a reason of tomorrow",
    signal({ type: "refused", code: "moon-phase", message: "Later" }),
    { by: "anybody", refused: { code: "host-busy", message: "Later", hostKey: undefined } },
  ],
];
for (const [what, message, expected] of decisive) {
  test(`${what} ends the wait, and is told apart from the host's word`, async () => {
    const { handshake, opened } = setUp();
    const reply = handshake.ask(5);
    await opened();
    await handshake.receive(message);
    assert.equal(await reply, expected);
  });
}

const strays: [what: string, code: string, message: RelayMessage][] = [
  ["no signal", "bad-message", signal("hello")],
  ["an unknown signal", "bad-message", signal({ type: "answer", sdp: "v=0" })],
  ["a probe", "bad-message", signal({ type: "probe", nonce: "x" })],
  ["a malformed answer", "bad-message", signal({ type: "sealed-answer", v: 1 })],
  ["an answer of tomorrow", "bad-message", signal({ type: "sealed-answer", v: 2, ct: "AAAA" })],
  [
    "an answer that nobody sealed",
    "bad-seal",
    signal({ type: "sealed-answer", v: 1, ct: toBase64url(new Uint8Array(200)) }),
  ],
  ["an answer to another offer", "bad-seal", await answerToAnother()],
];
for (const [what, code, message] of strays) {
  test(`${what} is ${code}, and the host's own answer still counts`, async () => {
    const { handshake, opened } = setUp();
    const reply = handshake.ask(5);
    const { sealRefusal } = await opened();
    assert.is((await failureOf(handshake.receive(message))).code, code);
    await handshake.receive(signal(await sealRefusal(REFUSAL)));
    assert.equal(await reply, { by: "host", answer: REFUSAL });
  });
}

async function answerToAnother(): Promise<RelayMessage> {
  const { handshake, opened } = setUp();
  void handshake.ask(5);
  return signal((await (await opened()).sealAnswer(ACCEPTANCE)).signal);
}

test("asked again, it seals the same offer anew, for the time that it is given", async () => {
  const { handshake, sent, opened } = setUp();
  const first = handshake.ask(5);
  const refused = signal(await (await opened()).sealRefusal(REFUSAL));
  await handshake.receive(refused);
  assert.equal(await first, { by: "host", answer: REFUSAL });

  const second = handshake.ask(REFUSAL.time);
  while (sent.length < 2) await new Promise((resolve) => setTimeout(resolve));
  assert.equal(sent.map(({ time }) => time), [5, 7]);
  assert.is.not(sent[0]!.nonce, sent[1]!.nonce);
  const { offer, sealAnswer } = await opened();
  assert.equal(offer, OFFER);
  // The answer to the first is not one to the second.
  assert.is((await failureOf(handshake.receive(refused))).code, "bad-seal");
  await handshake.receive(signal((await sealAnswer(ACCEPTANCE)).signal));
  assert.is((await second).by, "host");
});

test("nothing is sent before the offer is there, and what comes before counts for nothing", async () => {
  const offer = Promise.withResolvers<typeof OFFER>();
  const { handshake, sent, opened } = setUp(STRANGER, offer.promise);
  const reply = handshake.ask(5);
  await handshake.receive({ kind: "error", code: "relay-failed", message: "Too early" });
  assert.equal(sent, []);
  offer.resolve(OFFER);
  await handshake.receive(signal(await (await opened()).sealRefusal(REFUSAL)));
  assert.is((await reply).by, "host");
});

test("an offer that fails, and one that is too large, fail the handshake", async () => {
  const reason = new Error("no candidates");
  assert.is(await failureOf(setUp(STRANGER, Promise.reject(reason)).handshake.ask(5)), reason);
  const large = { ...OFFER, sdp: "x".repeat(12_000) };
  const { handshake, sent } = setUp(STRANGER, Promise.resolve(large));
  assert.is((await failureOf(handshake.ask(5))).code, "too-large");
  assert.equal(sent, []);
});

test.run();
