// The keys and messages of testdata/relayed_messages.json, by this code and by Node's own cryptography.
import { createCipheriv, createECDH, hkdfSync } from "node:crypto";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { relayedKeysOf } from "../signal/relayed_keys.ts";
import { thrownBy } from "../testing/failure.ts";
import { importKeyPair } from "../testing/keys.ts";
import { readVectors } from "../testing/read_vectors.ts";
import { fromHex, toHex } from "../testing/vectors.ts";
import type { RelayedKeys } from "./relayed_channel.ts";
import {
  type Ack,
  decodeRelayed,
  encodeRelayed,
  joinMessages,
  splitMessages,
} from "./relayed_message.ts";
import { openRelayed, sealRelayed } from "./relayed_seal.ts";

type Role = "page" | "host";

interface Pair {
  private: string;
  public: string;
}

const vectors = readVectors<{
  page: Pair;
  host: Pair;
  proof: string;
  keys: { page: string; host: string };
  messages: {
    name: string;
    from: Role;
    number: number;
    body: string;
    message: { ack: Ack; batch?: { id: number; messages: string[] }; close?: true };
    ct: string;
  }[];
  malformed: { name: string; body: string }[];
}>("relayed_messages.json");

const test = suite("relayed vectors");

async function keysOf(role: Role): Promise<RelayedKeys> {
  const [own, other] = role === "page"
    ? [vectors.page, vectors.host]
    : [vectors.host, vectors.page];
  const pair = await importKeyPair(fromHex(own.private), fromHex(own.public));
  return relayedKeysOf({
    own: pair.privateKey,
    other: fromHex(other.public),
    proof: fromHex(vectors.proof),
    role,
  });
}

const keys = { page: await keysOf("page"), host: await keysOf("host") };

test("the keys are those that Node's own cryptography derives", () => {
  const ecdh = createECDH("prime256v1");
  ecdh.setPrivateKey(fromHex(vectors.host.private));
  const shared = ecdh.computeSecret(fromHex(vectors.page.public));
  const salt = fromHex(vectors.proof);
  const okm = new Uint8Array(hkdfSync("sha256", shared, salt, "lighthouse-relayed/1", 32));
  assert.is(toHex(okm), vectors.keys.page + vectors.keys.host);
});

for (const { name, from, number, body, message, ct } of vectors.messages) {
  test(`a message is written and sealed: ${name}`, async () => {
    const { ack, batch, close } = message;
    const bytes = encodeRelayed({
      ack,
      batch: batch && { id: batch.id, bytes: joinMessages(batch.messages.map(fromHex)) },
      close,
    });
    assert.is(toHex(bytes), body);
    assert.is(await sealRelayed(keys[from].seal, number, bytes), ct);

    const iv = new Uint8Array(12);
    new DataView(iv.buffer).setBigUint64(4, BigInt(number));
    const cipher = createCipheriv("aes-128-gcm", fromHex(vectors.keys[from]), iv);
    const parts = [iv.subarray(4), cipher.update(bytes), cipher.final(), cipher.getAuthTag()];
    assert.is(Buffer.concat(parts).toString("base64url"), ct);
  });

  test(`a message is opened and read by the other end only: ${name}`, async () => {
    const opened = await openRelayed(keys[from === "page" ? "host" : "page"].open, ct);
    assert.is(opened.number, number);
    const { batch, ...rest } = decodeRelayed(opened.body);
    const messages = batch && splitMessages(batch.bytes).map(toHex);
    assert.equal({ ...rest, ...batch && { batch: { id: batch.id, messages } } }, message);
    await openRelayed(keys[from].open, ct).then(
      () => assert.unreachable("its own sender opens it"),
      () => {},
    );
  });
}

for (const { name, body } of vectors.malformed) {
  test(`a message is malformed: ${name}`, () => {
    const error = thrownBy(() => splitMessages(decodeRelayed(fromHex(body)).batch!.bytes));
    assert.is(error.code, "bad-frame");
  });
}

test.run();
