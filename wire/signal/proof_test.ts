import { createECDH } from "node:crypto";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { PROOF_BYTES } from "../session/hello.ts";
import { failureOf } from "../testing/failure.ts";
import { AUTH, openGcm, setupRecipient } from "../testing/hpke.ts";
import { importKeyPair } from "../testing/keys.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import { generateKeyPair, rawPublicKey } from "./keys.ts";
import { proofOf, quicProofOf } from "./proof.ts";
import { openOffer } from "./seal.ts";

const test = suite("proof");

const utf8 = (text: string) => new TextEncoder().encode(text);

const device = await generateKeyPair();
const deviceKey = await rawPublicKey(device);

test("both ends make the same proof, of one challenge and one pair of session descriptions", async () => {
  const challenge = await generateKeyPair();
  const challengeKey = await rawPublicKey(challenge);
  const page = { own: device.privateKey, other: challengeKey, code: "bad-message" } as const;
  const host = { own: challenge.privateKey, other: deviceKey, code: "bad-seal" } as const;
  const proof = await proofOf(page, "v=0", "v=1");
  assert.is(proof.length, PROOF_BYTES);
  assert.equal(await proofOf(host, "v=0", "v=1"), proof);
  const others = [["v=0", "v=2"], ["v=2", "v=1"], ["v=1", "v=0"], ["v=0v=1", ""]] as const;
  for (const [offer, answer] of others) {
    assert.not.equal(await proofOf(host, offer, answer), proof);
  }
  const later = { ...host, own: (await generateKeyPair()).privateKey };
  assert.not.equal(await proofOf(later, "v=0", "v=1"), proof);
});

test("over QUIC, the proof is another one for each certificate and ticket", async () => {
  const { answer: { read, ...vector } } = readVectors<{
    answer: { read: { hash: string; ticket: string }; proof: string; quicProof: string };
  }>("quic.json");
  const proof = fromHex(vector.proof);
  const way = { hash: fromHex(read.hash), ticket: fromHex(read.ticket) };
  const made = await quicProofOf(proof, way);
  assert.is(toHex(made), vector.quicProof);
  const others = [
    await quicProofOf(new Uint8Array(32), way),
    await quicProofOf(proof, { ...way, hash: new Uint8Array(32) }),
    await quicProofOf(proof, { ...way, ticket: new Uint8Array(32) }),
  ];
  for (const other of [proof, ...others]) assert.not.equal(other, made);
});

test("a challenge that is no point of the curve is refused", async () => {
  const keys = { own: device.privateKey, other: new Uint8Array(65).fill(4), code: "bad-message" };
  assert.is((await failureOf(proofOf(keys as never, "v=0", "v=1"))).code, "bad-message");
});

test("a holder of the host's key can offer in a device's name, and cannot make the proof", async () => {
  const stolen = createECDH("prime256v1");
  const hostKey = new Uint8Array(stolen.generateKeys());
  const host = await importKeyPair(stolen.getPrivateKey(), hostKey);

  // The recipient's context of an offer that nobody has sent: it seals as the sender's does.
  const enc = createECDH("prime256v1").generateKeys();
  const keys = { enc, sender: deviceKey, recipient: stolen.getPrivateKey() };
  const context = setupRecipient(keys, { mode: AUTH, info: utf8("lighthouse-signal/1 offer") });
  const nonce = new Uint8Array(16);
  const aad = Buffer.concat([utf8("lighthouse-signal/1 offer"), new Uint8Array(8), nonce]);
  const ct = context.seal(utf8('{"sdp":"v=0","origin":"https://page.example"}'), aad);
  const opened = await openOffer({
    type: "sealed-offer",
    v: 1,
    time: 0,
    nonce: toBase64url(nonce),
    enc: toBase64url(enc),
    ct: toBase64url(ct),
  }, { host, device: deviceKey });
  assert.is(opened.offer.sdp, "v=0", "HPKE's Auth mode takes it for the device's");

  const { signal, proof } = await opened.sealAnswer({ time: 0, sdp: "v=1" });
  const sealed = Buffer.from(signal.ct, "base64url");
  const key = context.export(utf8("lighthouse-signal/1 answer"), 16);
  const answerAad = Buffer.concat([utf8("lighthouse-signal/1 answer"), nonce]);
  const text = openGcm(key, sealed.subarray(0, 12), sealed.subarray(12), answerAad).toString();
  const challenge = new Uint8Array(Buffer.from(JSON.parse(text).challenge, "base64url"));
  // All that it has: the host's private key, and two public ones.
  for (const other of [challenge, deviceKey, hostKey]) {
    const guess = await proofOf({ own: host.privateKey, other, code: "bad-seal" }, "v=0", "v=1");
    assert.not.equal(guess, proof);
  }
  const real = { own: device.privateKey, other: challenge, code: "bad-seal" } as const;
  assert.equal(await proofOf(real, "v=0", "v=1"), proof);
});

test.run();
