import { createHmac } from "node:crypto";
import { crc32 } from "node:zlib";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { mendTieBreaker } from "./tie_breaker.ts";

const test = suite("tie-breaker");

const PASSWORD = "4Tsq4MYkRLz6OMDPZCbSmx";
const passwordOf = (ufrag: string) => ufrag === "wMSM" ? PASSWORD : undefined;

function attribute(type: number, value: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(value.length, 2);
  return Buffer.concat([head, value, Buffer.alloc(-value.length & 3)]);
}

function stun(type: number, attributes: Buffer[], more = 0): Buffer {
  const head = Buffer.from("000000002112a442000102030405060708090a0b", "hex");
  const body = Buffer.concat(attributes);
  head.writeUInt16BE(type, 0);
  head.writeUInt16BE(body.length + more, 2);
  return Buffer.concat([head, body]);
}

/** A check as a browser sends it: user name, tie-breaker, priority, MESSAGE-INTEGRITY, FINGERPRINT. */
function check(tieBreaker: bigint, options: { ufrag?: string; password?: string } = {}): Buffer {
  const { ufrag = "wMSM", password = PASSWORD } = options;
  const value = Buffer.alloc(8);
  value.writeBigUInt64BE(tieBreaker);
  const attributes = [
    attribute(0x0006, Buffer.from(`${ufrag}:Abcd1`)),
    attribute(0x802a, value),
    attribute(0x0024, Buffer.alloc(4, 1)),
  ];
  const mac = createHmac("sha1", password).update(stun(0x0001, attributes, 24)).digest();
  attributes.push(attribute(0x0008, mac));
  return printed(0x0001, attributes);
}

/** A message with FINGERPRINT. */
function printed(type: number, attributes: Buffer[]): Buffer {
  const print = Buffer.alloc(4);
  print.writeUInt32BE((crc32(stun(type, attributes, 8)) ^ 0x5354554e) >>> 0);
  return stun(type, [...attributes, attribute(0x8028, print)]);
}

const channelData = (data: Buffer) => {
  const head = Buffer.from("40000000", "hex");
  head.writeUInt16BE(data.length, 2);
  return Buffer.concat([head, data]);
};
const parts = (data: Buffer) => [attribute(0x0012, Buffer.alloc(8)), attribute(0x0013, data)];
const indication = (data: Buffer) => stun(0x0017, parts(data));
const printedIndication = (data: Buffer) => printed(0x0017, parts(data));

/** The message afterwards. */
function mended(message: Buffer): Buffer {
  const copy = Buffer.from(message);
  mendTieBreaker(copy, passwordOf);
  return copy;
}

for (
  const [way, wrap] of [
    ["ChannelData", channelData],
    ["an indication", indication],
    ["an indication with FINGERPRINT", printedIndication],
  ] as const
) {
  test(`a check with the tie-breaker 0 becomes the same with 1, signed, in ${way}`, () => {
    assert.equal(mended(wrap(check(0n))), wrap(check(1n)));
  });

  test(`other checks stay as they are, in ${way}`, () => {
    for (
      const message of [
        check(1n),
        check(2n ** 63n),
        check(0n, { ufrag: "other" }),
        // Nothing gets a signature that had none.
        check(0n, { password: "of somebody else altogether" }),
        check(0n).subarray(0, 40),
        Buffer.from("hello"),
        Buffer.alloc(0),
      ]
    ) {
      assert.equal(mended(wrap(message)), wrap(message));
    }
  });
}

test("a server's own messages stay as they are", () => {
  for (const message of [check(0n), stun(0x0103, []), Buffer.alloc(3), Buffer.alloc(0)]) {
    assert.equal(mended(message), message);
  }
});

test("no message makes it fail, however it is cut", () => {
  const message = indication(check(0n));
  for (let length = 0; length < message.length; length++) mended(message.subarray(0, length));
});

test.run();
