import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { fromBase64url, toBase64url } from "../base64url.ts";
import { failureOf } from "../testing/failure.ts";
import { fingerprintOf, generateKeyPair, importTagKey, rawPublicKey } from "./keys.ts";
import { derivePairingKeys } from "./pairing.ts";
import type { NetworkReport } from "./report.ts";
import {
  type Acceptance,
  MAX_NAME,
  type Offer,
  openOffer,
  type Refusal,
  sealOffer,
  type Sender,
  taggedBytes,
} from "./seal.ts";
import { parseSignal, type SealedAnswer, type SealedOffer } from "./signal.ts";

const test = suite("seal");

const host = await generateKeyPair();
const hostKey = await rawPublicKey(host);
const device = await generateKeyPair();
const deviceKey = await rawPublicKey(device);
const stranger = await generateKeyPair();
const secret = crypto.getRandomValues(new Uint8Array(16));
const { psk } = await derivePairingKeys(secret);
const tagKey = crypto.getRandomValues(new Uint8Array(32));

const OFFER: Offer = { sdp: "v=0\r\na=fingerprint:sha-256 AB\r\n", origin: "https://page.example" };
const challenge = toBase64url(hostKey);
const ANSWER: Acceptance = { time: 2, sdp: "v=0\r\n" };
const CREDENTIAL = { username: "9:lighthouse", credential: "secret" };
const PAIRED: Sender = { kind: "paired", tagKey: await importTagKey(tagKey) };
const PAIRING: Sender = { kind: "pairing", secret };

function seal(offer: Partial<Offer> = {}, sender = PAIRED, keys = device) {
  return sealOffer({ ...OFFER, ...offer }, { hostKey, device: keys, sender, time: 1 });
}

test("an offer and its answer go there and back, for each kind of sender", async () => {
  const name = "Zoë’s phone 📱";
  for (const sender of [PAIRED, PAIRING, { kind: "stranger" }] satisfies Sender[]) {
    const { signal, openAnswer } = await seal({ name }, sender);
    assert.equal(parseSignal(JSON.parse(JSON.stringify(signal))), signal);
    assert.is(signal.device !== undefined, sender.kind !== "paired");
    assert.is(signal.tag !== undefined, sender.kind !== "stranger");
    const key = sender.kind === "pairing" ? psk : undefined;
    const opened = await openOffer(signal, { host, device: deviceKey, psk: key });
    assert.equal(opened.offer, { ...OFFER, name });
    const answers: Acceptance[] = [
      ANSWER,
      { time: 4, sdp: "v=0\r\n", device: { id: "abc", name }, tagKey },
      { time: 5, sdp: "v=0\r\n", iceServers: [{ urls: ["turn:a"], ...CREDENTIAL, expires: 9 }] },
    ];
    for (const answer of answers) {
      const { signal, proof } = await opened.sealAnswer(answer);
      assert.is(proof.length, 32);
      assert.equal(await openAnswer(signal), { ...answer, proof });
    }
    const refusal: Refusal = { time: 3, refused: { code: "clock-skew", message: "Wrong clock" } };
    assert.equal(await openAnswer(await opened.sealRefusal(refusal)), refusal);
  }
});

test("each end's report goes with its signal, and one that cannot be read costs nothing", async () => {
  const reports = [[{ stun: "silent" }, { stun: "silent" }], ["no object", undefined]] as const;
  for (const [sent, expected] of reports) {
    const report = sent as NetworkReport;
    const { signal, openAnswer } = await seal({ report });
    const opened = await openOffer(signal, { host, device: deviceKey });
    assert.equal(opened.offer.report, expected);
    const answer = await openAnswer((await opened.sealAnswer({ ...ANSWER, report })).signal);
    assert.equal((answer as Acceptance).report, expected);
  }
});

test("an offer shows nothing of its contents, and no two offers share a part", async () => {
  const [first, second] = [(await seal()).signal, (await seal()).signal];
  for (const field of ["nonce", "enc", "ct", "tag"] as const) {
    assert.is.not(first[field], second[field], field);
  }
  const seen = Object.values(first).filter((value) => typeof value === "string")
    .map((text) => Buffer.from(text, "base64url").toString("latin1") + text).join();
  for (
    const text of ["fingerprint", "page.example", "v=0", Buffer.from(deviceKey).toString("latin1")]
  ) {
    assert.not.ok(seen.includes(text), text);
  }
});

test("an offer with any bit flipped is not the device's: its tag, or its seal, is broken", async () => {
  const { signal } = await seal();
  const digest = (offer: SealedOffer) => crypto.subtle.digest("SHA-256", taggedBytes(offer));
  const whole = new Uint8Array(await digest(signal)).join();
  for (const field of ["nonce", "enc", "ct"] as const) {
    for (const flipped of flips(signal[field])) {
      const changed = { ...signal, [field]: flipped };
      assert.is.not(new Uint8Array(await digest(changed)).join(), whole);
      const error = await failureOf(openOffer(changed, { host, device: deviceKey }));
      assert.is(error.code, "bad-seal");
    }
  }
  const late = await failureOf(openOffer({ ...signal, time: 2 }, { host, device: deviceKey }));
  assert.is(late.code, "bad-seal");
});

test("a text that stands for the same bytes in another way is refused", async () => {
  const { signal } = await seal();
  for (const field of ["nonce", "enc", "tag"] as const) {
    const text = signal[field]!;
    const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    const last = alphabet[alphabet.indexOf(text.at(-1)!) + 1]!;
    assert.throws(() => parseSignal({ ...signal, [field]: text.slice(0, -1) + last }), field);
  }
});

const wrong: [name: string, open: () => Promise<unknown>][] = [
  ["by another device's key", async () => {
    return openOffer((await seal({}, PAIRED, stranger)).signal, { host, device: deviceKey });
  }],
  ["for another host", async () => {
    return openOffer((await seal()).signal, { host: stranger, device: deviceKey });
  }],
  ["without the pairing", async () => {
    return openOffer((await seal()).signal, { host, device: deviceKey, psk });
  }],
  ["by the pairing, and opened without", async () => {
    return openOffer((await seal({}, PAIRING)).signal, { host, device: deviceKey });
  }],
  ["by another pairing", async () => {
    const other = (await derivePairingKeys(new Uint8Array(16))).psk;
    return openOffer((await seal({}, PAIRING)).signal, { host, device: deviceKey, psk: other });
  }],
  ["with a key that is no point of the curve", async () => {
    const enc = toBase64url(new Uint8Array(65).fill(4));
    return openOffer({ ...(await seal()).signal, enc }, { host, device: deviceKey });
  }],
  ["from a key that is no point of the curve", async () => {
    return openOffer((await seal()).signal, { host, device: new Uint8Array(65).fill(4) });
  }],
];
for (const [name, open] of wrong) {
  test(`an offer sealed ${name} is not opened`, async () => {
    assert.is((await failureOf(open())).code, "bad-seal");
  });
}

test("an answer is opened by the page that offered, and by no other", async () => {
  const [mine, other] = [await seal(), await seal()];
  const { sealAnswer } = await openOffer(mine.signal, { host, device: deviceKey });
  const { signal: answer, proof } = await sealAnswer(ANSWER);
  assert.is((await failureOf(other.openAnswer(answer))).code, "bad-seal");
  for (const ct of flips(answer.ct)) {
    const changed: SealedAnswer = { ...answer, ct };
    assert.is((await failureOf(mine.openAnswer(changed))).code, "bad-seal");
  }
  for (const ct of ["AA", answer.ct.slice(0, 16), answer.ct.slice(0, -4)]) {
    assert.is((await failureOf(mine.openAnswer({ ...answer, ct }))).code, "bad-seal");
  }
  assert.equal(await mine.openAnswer(answer), { ...ANSWER, proof });
});

test("a host that is not the pinned one cannot answer", async () => {
  const { signal, openAnswer } = await seal();
  const other = await sealOffer(OFFER, {
    hostKey: await rawPublicKey(stranger),
    device,
    sender: PAIRED,
    time: 1,
  });
  const { sealAnswer } = await openOffer(other.signal, { host: stranger, device: deviceKey });
  const { signal: answer } = await sealAnswer(ANSWER);
  assert.is((await failureOf(openAnswer(answer))).code, "bad-seal");
  assert.is(
    (await failureOf(openOffer(signal, { host: stranger, device: deviceKey }))).code,
    "bad-seal",
  );
});

test("two answers to one offer use different nonces", async () => {
  const { sealAnswer } = await openOffer((await seal()).signal, { host, device: deviceKey });
  const answers = [await sealAnswer(ANSWER), await sealAnswer(ANSWER)];
  const [first, second] = answers.map(({ signal, proof }) => [signal.ct.slice(0, 16), `${proof}`]);
  assert.is.not(first![0], second![0]);
  assert.is.not(first![1], second![1], "the proof of one connection shows nothing on another");
});

const malformed: [inside: unknown, message: string][] = [
  [{ sdp: "v=0" }, "offer.origin: expected a string, got nothing"],
  [{ ...OFFER, sdp: 1 }, "offer.sdp: expected a string, got a number"],
  [{ ...OFFER, origin: "x".repeat(513) }, "offer.origin: expected 1 to 512 characters"],
  [{ ...OFFER, name: "" }, "offer.name: expected 1 to 64 characters"],
  [{ ...OFFER, name: "x".repeat(MAX_NAME + 1) }, "offer.name"],
  [[OFFER], "the offer: expected an object, got an array"],
];
for (const [inside, message] of malformed) {
  test(`an offer with ${JSON.stringify(inside).slice(0, 60)} inside is malformed`, async () => {
    const { signal } = await sealOffer(inside as Offer, {
      hostKey,
      device,
      sender: PAIRED,
      time: 1,
    });
    const error = await failureOf(openOffer(signal, { host, device: deviceKey }));
    assert.is(error.code, "bad-message");
    assert.match(error.message, `Cannot parse ${message}`);
  });
}

for (
  const [inside, message] of [
    [{ sdp: "v=0" }, "answer.time: expected milliseconds"],
    [{ time: -1, sdp: "v=0" }, "answer.time"],
    [{ time: 1 }, "answer.sdp"],
    [{ time: 1, refused: 1 }, "answer.refused: expected an object"],
    [{ time: 1, sdp: "v=0", challenge: "AA" }, "answer.challenge: expected 65 bytes"],
    [{ time: 1, sdp: "v=0", challenge, device: { id: "a" } }, "answer.device.name"],
    [{ time: 1, sdp: "v=0", challenge, tagKey: "AA" }, "answer.tagKey: expected 32 bytes"],
    [{ time: 1, sdp: "v=0", challenge, iceServers: {} }, "answer.iceServers: expected a list"],
    [
      { time: 1, sdp: "v=0", challenge, iceServers: [{ urls: "turn:a" }] },
      "answer.iceServers[0].username: expected a string",
    ],
  ] as [unknown, string][]
) {
  test(`an answer with ${JSON.stringify(inside)} inside is malformed`, async () => {
    const { signal, openAnswer } = await seal();
    const opened = await openOffer(signal, { host, device: deviceKey });
    const answer = await opened.sealRefusal(inside as Refusal);
    const error = await failureOf(openAnswer(answer));
    assert.is(error.code, "bad-message");
    assert.ok(error.message.includes(`Cannot parse ${message}`), error.message);
  });
}

test("an offer of more than 8 KiB is not sent", async () => {
  const { signal } = await seal({ sdp: "x".repeat(5_600) }, PAIRING);
  assert.ok(JSON.stringify(signal).length <= 8192);
  assert.is((await failureOf(seal({ sdp: "x".repeat(6_000) }))).code, "too-large");
});

test("a host key that is no point is refused before anything is sealed", async () => {
  const key = new Uint8Array(65).fill(4);
  const error = await failureOf(
    sealOffer(OFFER, { hostKey: key, device, sender: PAIRED, time: 1 }),
  );
  assert.is(error.code, "bad-link");
});

test("a device's keys cannot be read, and its fingerprint is SHA-256", async () => {
  assert.is(device.privateKey.extractable, false);
  assert.is((PAIRED as { tagKey: CryptoKey }).tagKey.extractable, false);
  // Of the empty string, as everybody knows it.
  const known = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
  const bytes = fromBase64url(await fingerprintOf(new Uint8Array()));
  assert.is(Buffer.from(bytes).toString("hex"), known);
});

/** A text with each bit of what it stands for flipped in turn; for long ones, one in each byte. */
function* flips(text: string): Generator<string> {
  const bytes = fromBase64url(text);
  const bits = bytes.length > 70 ? [bytes.length % 8] : [0, 1, 2, 3, 4, 5, 6, 7];
  for (let at = 0; at < bytes.length; at++) {
    for (const bit of bits) {
      const flipped = bytes.slice();
      flipped[at]! ^= 1 << bit;
      yield toBase64url(flipped);
    }
  }
}

test.run();
