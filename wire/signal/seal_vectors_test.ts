// Sealed signals by three implementations that share no code: seal.ts, one on Node's own cryptography
// (testing/hpke.ts), and CIRCL, in Go, which has written testdata/sealed_signals.json.
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import {
  AUTH,
  AUTH_PSK,
  deriveKey,
  hmac,
  openGcm,
  publicOf,
  setupRecipient,
  setupSender,
} from "../testing/hpke.ts";
import { importKeyPair } from "../testing/keys.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import { importTagKey, rawPublicKey } from "./keys.ts";
import { derivePairingKeys } from "./pairing.ts";
import { type Answer, openOffer, sealOffer, type Sender, taggedBytes } from "./seal.ts";
import { parseSignal, type SealedAnswer, type SealedOffer } from "./signal.ts";

const test = suite("seal vectors");

const utf8 = (text: string) => new TextEncoder().encode(text);

const { vectors: rfc } = readVectors<{
  vectors: {
    mode: number;
    encryptions: { aad: string; ct: string; pt: string }[];
    exports: { exporter_context: string; L: number; exported_value: string }[];
    // deno-lint-ignore no-explicit-any
    [name: string]: any;
  }[];
}>("rfc9180.json");

for (const vector of rfc) {
  const name = vector.mode === AUTH ? "Auth" : "AuthPSK";
  const bytes = (field: string) => fromHex(vector[field] ?? "");
  const psk = vector.mode === AUTH_PSK ? { id: bytes("psk_id"), key: bytes("psk") } : undefined;

  test(`the second implementation agrees with RFC 9180 in the mode ${name}`, () => {
    const inputs = { mode: vector.mode, info: bytes("info"), psk: psk?.key, pskId: psk?.id };
    const sender = setupSender({
      ephemeral: bytes("skEm"),
      sender: bytes("skSm"),
      recipient: bytes("pkRm"),
    }, inputs);
    const receiver = setupRecipient({
      enc: bytes("enc"),
      sender: bytes("pkSm"),
      recipient: bytes("skRm"),
    }, inputs);
    assert.is(toHex(sender.enc), vector.enc);
    for (const { aad, ct, pt } of vector.encryptions) {
      assert.is(toHex(sender.seal(fromHex(pt), fromHex(aad))), ct);
      assert.is(toHex(receiver.open(fromHex(ct), fromHex(aad))), pt);
    }
    for (const { exporter_context, L, exported_value } of vector.exports) {
      assert.is(toHex(receiver.export(fromHex(exporter_context), L)), exported_value);
    }
  });
}

const ours = readVectors<{
  host: { private: string; public: string };
  device: { private: string; public: string };
  challenge: { private: string; public: string };
  signals: {
    name: string;
    sender: { kind: Sender["kind"]; tagKey?: string; secret?: string; psk?: string };
    offer: string;
    time: number;
    nonce: string;
    ikm: string;
    signal: SealedOffer;
    answer: { text: string; key: string; iv: string; proof?: string; signal: SealedAnswer };
  }[];
}>("sealed_signals.json");

const hostKey = fromHex(ours.host.public);
const host = await importKeyPair(fromHex(ours.host.private), hostKey);
const deviceKey = fromHex(ours.device.public);
const device = await importKeyPair(fromHex(ours.device.private), deviceKey);
const challenge = await importKeyPair(
  fromHex(ours.challenge.private),
  fromHex(ours.challenge.public),
);

for (const { name, sender: from, offer, time, nonce, ikm, signal, answer } of ours.signals) {
  const psk = from.psk === undefined ? undefined : fromHex(from.psk);

  test(`the page writes the offer of ${name}, and opens its answer`, async () => {
    const sender: Sender = from.kind === "paired"
      ? { kind: "paired", tagKey: await importTagKey(fromHex(from.tagKey!)) }
      : from.kind === "pairing"
      ? { kind: "pairing", secret: fromHex(from.secret!) }
      : { kind: "stranger" };
    const key = deriveKey(fromHex(ikm));
    const ephemeral = await importKeyPair(key, Uint8Array.from(publicOf(key)));
    const random = { ephemeral, nonce: fromHex(nonce) };
    const sent = await sealOffer(JSON.parse(offer), { hostKey, device, sender, time, random });
    assert.equal(sent.signal, signal);
    assert.equal(parseSignal(signal), signal);
    assert.equal(textOf(await sent.openAnswer(answer.signal)), {
      ...JSON.parse(answer.text),
      ...answer.proof && { proof: answer.proof },
    });
  });

  test(`the host opens the offer of ${name}, and writes its answer`, async () => {
    assert.equal(await rawPublicKey(device), deviceKey);
    const opened = await openOffer(signal, { host, device: deviceKey, psk });
    assert.equal(opened.offer, JSON.parse(offer));
    const { challenge: own, ...content } = JSON.parse(answer.text);
    const iv = fromHex(answer.iv);
    if (!own) {
      assert.equal(await opened.sealRefusal(content, iv), answer.signal);
    } else {
      if (content.tagKey) content.tagKey = fromHex(ours.signals[0]!.sender.tagKey!);
      const { signal, proof } = await opened.sealAnswer(content, { random: { iv, challenge } });
      assert.equal(signal, answer.signal);
      assert.is(toHex(proof), answer.proof);
    }
  });

  test(`the second implementation opens both of ${name}`, () => {
    const b64 = (text: string) => Buffer.from(text, "base64url");
    const context = setupRecipient(
      { enc: b64(signal.enc), sender: deviceKey, recipient: fromHex(ours.host.private) },
      {
        mode: psk ? AUTH_PSK : AUTH,
        info: utf8("lighthouse-signal/1 offer"),
        psk,
        pskId: psk && utf8("lighthouse-pairing/1"),
      },
    );
    const clock = Buffer.alloc(8);
    clock.writeBigUInt64BE(BigInt(time));
    const aad = Buffer.concat([utf8("lighthouse-signal/1 offer"), clock, fromHex(nonce)]);
    assert.is(context.open(b64(signal.ct), aad).toString(), offer);
    const key = context.export(utf8("lighthouse-signal/1 answer"), 16);
    assert.is(toHex(key), answer.key);
    const sealed = b64(answer.signal.ct);
    const answerAad = Buffer.concat([utf8("lighthouse-signal/1 answer"), fromHex(nonce)]);
    const text = openGcm(key, sealed.subarray(0, 12), sealed.subarray(12), answerAad);
    assert.is(text.toString(), answer.text);
  });

  if (from.tagKey) {
    test(`the tag of ${name} is as docs/security.md says`, async () => {
      const digest = await crypto.subtle.digest("SHA-256", taggedBytes(signal));
      const tag = hmac(fromHex(from.tagKey!), new Uint8Array(digest)).subarray(0, 16);
      assert.is(toBase64url(tag), signal.tag);
    });
  }
  if (from.secret) {
    test(`the keys of ${name} come from its secret`, async () => {
      const { psk, tagKey } = await derivePairingKeys(fromHex(from.secret!));
      assert.is(toHex(psk), from.psk);
      assert.is(toHex(tagKey), from.tagKey);
    });
  }
}

/** An answer as the JSON inside has it, and its proof. */
function textOf(answer: Answer): unknown {
  if ("refused" in answer) return answer;
  const { tagKey, proof, ...rest } = answer;
  return {
    ...rest,
    challenge: toBase64url(fromHex(ours.challenge.public)),
    ...tagKey && { tagKey: toBase64url(tagKey) },
    proof: toHex(proof),
  };
}

test.run();
