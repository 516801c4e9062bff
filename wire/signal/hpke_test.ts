// The vectors of RFC 9180, and messages to and from @hpke/core, which shares no code with hpke.ts.
import { Aes128Gcm, CipherSuite, DhkemP256HkdfSha256, HkdfSha256 } from "@hpke/core";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../testing/failure.ts";
import { importKeyPair } from "../testing/keys.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import { type HpkeInputs, setupRecipient, setupSender } from "./hpke.ts";
import { generateKeyPair, rawPublicKey } from "./keys.ts";

const test = suite("hpke");

const utf8 = (text: string) => new TextEncoder().encode(text);
const bytesOf = (buffer: ArrayBuffer) => new Uint8Array(buffer);

interface Vector {
  mode: number;
  encryptions: { aad: string; ct: string; pt: string }[];
  exports: { exporter_context: string; L: number; exported_value: string }[];
  // deno-lint-ignore no-explicit-any
  [name: string]: any;
}

for (const vector of readVectors<{ vectors: Vector[] }>("rfc9180.json").vectors) {
  const bytes = (field: string) => fromHex(vector[field] ?? "");
  const keys = (name: string) => importKeyPair(bytes(`sk${name}m`), bytes(`pk${name}m`));

  test(`both ends agree with RFC 9180 in mode ${vector.mode}`, async () => {
    const psk = vector.mode === 3 ? { id: bytes("psk_id"), key: bytes("psk") } : undefined;
    const inputs = { info: bytes("info"), psk };
    const [recipient, device, ephemeral] = await Promise.all(["R", "S", "E"].map(keys));
    const sender = await setupSender({
      ...inputs,
      sender: device!,
      recipient: recipient!.publicKey,
      ephemeral: ephemeral!,
    });
    const receiver = await setupRecipient({
      ...inputs,
      recipient: recipient!,
      sender: device!.publicKey,
      enc: bytes("enc"),
    });
    assert.is(toHex(sender.enc), vector.enc);
    const { aad, ct, pt } = vector.encryptions[0]!;
    assert.is(toHex(await sender.seal(fromHex(pt), fromHex(aad))), ct);
    assert.is(toHex(await receiver.open(fromHex(ct), fromHex(aad))), pt);
    for (const { exporter_context, L, exported_value } of vector.exports) {
      for (const end of [sender, receiver]) {
        assert.is(toHex(await end.export(fromHex(exporter_context), L)), exported_value);
      }
    }
  });
}

const core = new CipherSuite({
  kem: new DhkemP256HkdfSha256(),
  kdf: new HkdfSha256(),
  aead: new Aes128Gcm(),
});
const [page, host, other] = await Promise.all([1, 2, 3].map(generateKeyPair));
const info = utf8("an info");
const psk = { id: utf8("an id"), key: crypto.getRandomValues(new Uint8Array(32)) };
const text = utf8("a message");
const aad = utf8("more");

for (const inputs of [{ info }, { info, psk }]) {
  const mode = "psk" in inputs ? "AuthPSK" : "Auth";

  test(`@hpke/core opens what is sealed here, in mode ${mode}`, async () => {
    const sender = await setupSender({ ...inputs, sender: page!, recipient: host!.publicKey });
    const receiver = await core.createRecipientContext({
      ...inputs,
      recipientKey: host!,
      senderPublicKey: page!.publicKey,
      enc: sender.enc,
    });
    assert.equal(bytesOf(await receiver.open(await sender.seal(text, aad), aad)), text);
    assert.equal(bytesOf(await receiver.export(aad, 16)), await sender.export(aad, 16));
  });

  test(`what @hpke/core seals opens here, in mode ${mode}`, async () => {
    const sender = await core.createSenderContext({
      ...inputs,
      senderKey: page!,
      recipientPublicKey: host!.publicKey,
    });
    const receiver = await setupRecipient({
      ...inputs,
      recipient: host!,
      sender: page!.publicKey,
      enc: bytesOf(sender.enc),
    });
    assert.equal(await receiver.open(bytesOf(await sender.seal(text, aad)), aad), text);
    assert.equal(await receiver.export(aad, 32), bytesOf(await sender.export(aad, 32)));
  });
}

/** Seals the message from page to host, and opens it with these changes. */
async function open(
  changes: Partial<HpkeInputs> & {
    recipient?: CryptoKeyPair;
    sender?: CryptoKey;
    enc?: Uint8Array<ArrayBuffer>;
    aad?: Uint8Array<ArrayBuffer>;
  },
): Promise<Uint8Array> {
  const sealed = await setupSender({ info, psk, sender: page!, recipient: host!.publicKey });
  const receiver = await setupRecipient({
    info,
    psk,
    recipient: host!,
    sender: page!.publicKey,
    enc: sealed.enc,
    ...changes,
  });
  return await receiver.open(await sealed.seal(text, aad), changes.aad ?? aad);
}

test("a message opens with all that it was sealed for, and with nothing else", async () => {
  assert.equal(await open({}), text);
  const changes = [
    { recipient: other! },
    { sender: other!.publicKey },
    { enc: await rawPublicKey(other!) },
    { info: utf8("another info") },
    { psk: { ...psk, id: utf8("another id") } },
    { psk: { ...psk, key: new Uint8Array(32) } },
    { psk: undefined },
    { aad: utf8("less") },
  ];
  for (const change of changes) {
    const error = await failureOf(open(change));
    assert.is(error.name, "OperationError", Object.keys(change)[0]);
  }
});

for (
  const [name, enc] of [
    ["no point of the curve", Uint8Array.from({ length: 65 }, (_, at) => at === 0 ? 4 : at)],
    ["the point at infinity", Uint8Array.of(0)],
    ["cut short", new Uint8Array(64)],
    ["empty", new Uint8Array()],
  ] as const
) {
  test(`an encapsulated key that is ${name} is refused`, async () => {
    await failureOf(open({ enc }));
  });
}

test("a context seals one message, as its nonce is good for one", async () => {
  const sender = await setupSender({ info, sender: page!, recipient: host!.publicKey });
  await sender.seal(text, aad);
  assert.instance(await failureOf(sender.seal(text, aad)), TypeError);
});

test("each context has an encapsulated key of its own", async () => {
  const setup = () => setupSender({ info, sender: page!, recipient: host!.publicKey });
  assert.not.equal((await setup()).enc, (await setup()).enc);
});

test.run();
