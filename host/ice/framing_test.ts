import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { frame, Unframer } from "./framing.ts";

const test = suite("TURN in a stream");

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");
/** An empty STUN message, and ChannelData of 1 to 4 bytes. */
const STUN = hex("0001 0000 2112a442 000102030405060708090a0b");
const DATA = [1, 2, 3, 4].map((length) =>
  Buffer.concat([hex(`4000 000${length}`), Buffer.alloc(length, 7)])
);

test("frame() pads ChannelData to four bytes, and leaves STUN as it is", () => {
  assert.equal(frame(STUN), STUN);
  for (const data of DATA) {
    assert.equal(frame(data), Buffer.concat([data, Buffer.alloc(8 - data.length)]));
  }
});

test("frame() takes a datagram with padding, and none that is shorter than it says", () => {
  assert.equal(frame(hex("4000 0001 07000000")), hex("4000 0001 07000000"));
  for (const wrong of ["", "4000", "4000 0005 07070707", "0001 0004 2112a442", "8000 0000", "ff"]) {
    assert.is(frame(hex(wrong)), undefined, wrong);
  }
});

test("the same messages come out, however the stream is cut", () => {
  const messages = [
    STUN,
    ...DATA,
    STUN,
    Buffer.concat([hex("7fff ffff"), Buffer.alloc(0xffff, 5)]),
  ];
  const stream = Buffer.concat(messages.map((message) => frame(message)!));
  for (const size of [1, 2, 3, 5, 19, 20, 21, 1000, 65_536, stream.length]) {
    const unframer = new Unframer();
    const found: Buffer[] = [];
    for (let at = 0; at < stream.length; at += size) {
      found.push(...unframer.push(stream.subarray(at, at + size)));
    }
    assert.is(found.length, messages.length, `cut by ${size}`);
    assert.ok(found.every((message, at) => message.equals(messages[at]!)), `cut by ${size}`);
  }
});

test("a stream that is neither STUN nor ChannelData is refused", () => {
  assert.throws(() => new Unframer().push(hex("8000 0000")), /neither STUN nor data/);
  const unframer = new Unframer();
  assert.is(unframer.push(STUN).length, 1);
  assert.throws(() => unframer.push(hex("c000 0000")), /neither STUN nor data/);
});

test.run();
