// Tests payloads, their checks, and the hash of a long stream.
import * as assert from "uvu/assert";
import { bytesOf, isSame } from "../../wire/testing/bytes.ts";
import { suite } from "../testing/suite.ts";
import { ChainHash } from "./chain_hash.ts";
import { payloadParts, payloadStream, Receipt, Tally } from "./payload.ts";

const test = suite("payload");
const SIZE = 300 * 1024;

/** All bytes of a payload, in parts of the given size. */
const bytesIn = (size: number) => Buffer.concat([...payloadParts(SIZE, size)]);

function tallyOf(parts: Iterable<Uint8Array>): Tally {
  const tally = new Tally();
  for (const part of parts) tally.add(part);
  return tally;
}

async function hashOf(parts: Iterable<Uint8Array>): Promise<string> {
  const hash = new ChainHash();
  for (const part of parts) await hash.add(part);
  return await hash.end();
}

/** Cuts bytes into uneven parts. */
function* cut(bytes: Uint8Array, size: number): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

test("Tally takes a payload, however it is cut", () => {
  for (const size of [1, 1000, 1023, 1025, 16384, 70_000]) {
    tallyOf(cut(bytesIn(65536), size)).check(SIZE);
  }
});

test("Tally refuses a payload that lacks a part, or has one twice or changed", () => {
  const parts = [...payloadParts(SIZE, 16384)];
  assert.throws(() => tallyOf(parts.slice(1)).check(SIZE), /: 290816 of 307200 bytes arrived/);
  assert.throws(() => tallyOf([...parts, parts[0]!]).check(SIZE), /: 323584 of 307200 bytes/);
  assert.throws(() => tallyOf(parts.with(1, parts[2]!)).check(SIZE), /other bytes arrived/);
});

test("a payload as a stream has the same bytes", async () => {
  const streamed = await bytesOf(payloadStream(SIZE));
  assert.ok(isSame(streamed, bytesIn(16384)));
  assert.ok(isSame(streamed, bytesIn(15 * 1024)));
});

test("Receipt is whole with the last byte, and rejects other bytes", async () => {
  const parts = [...payloadParts(SIZE, 16384)];
  const receipt = new Receipt(SIZE);
  const answers = parts.map((part) => receipt.add(part));
  assert.equal(answers, parts.map((_, index) => index === parts.length - 1));
  await receipt.done;

  const wrong = new Receipt(SIZE);
  for (const part of parts.with(0, parts[5]!)) wrong.add(part);
  const message = await wrong.done.then(() => "none", (error: Error) => error.message);
  assert.match(message, "other bytes");
});

test("ChainHash sees the bytes and their order, not how they are cut", async () => {
  const long = new Uint8Array(3 * 1024 * 1024 + 5).map((_, i) => i >> 10);
  const expected = await hashOf([long]);
  assert.match(expected, /^[0-9a-f]{64}$/);
  assert.is(await hashOf(cut(long, 1_000_003)), expected);
  assert.is(await hashOf(cut(long, 65536)), expected);
  for (const at of [0, 1024 * 1024, long.length - 1]) {
    assert.is.not(await hashOf([long.with(at, 255 - long[at]!)]), expected);
  }
  assert.is.not(await hashOf([long.subarray(0, -1)]), expected);
  assert.is.not(
    await hashOf([long.subarray(1024 * 1024), long.subarray(0, 1024 * 1024)]),
    expected,
  );
});

test("ChainHash of less than a piece is SHA-256 after 32 zero bytes", async () => {
  const zeros = new Uint8Array(32);
  const expected = await crypto.subtle.digest("SHA-256", Buffer.from([...zeros, 1, 2, 3]));
  assert.is(await hashOf([new Uint8Array([1, 2, 3])]), Buffer.from(expected).toString("hex"));
});

test.run();
