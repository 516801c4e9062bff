import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import {
  attributesOf,
  BINDING_REQUEST,
  formatStun,
  isAnswerTo,
  isStun,
  macOf,
  MESSAGE_INTEGRITY,
  USERNAME,
  withAttribute,
} from "./stun_message.ts";

const test = suite("stun message");

const hex = (text: string) => Buffer.from(text.replaceAll(" ", ""), "hex");

/** The sample request of RFC 5769 §2.1, with its MESSAGE-INTEGRITY apart. */
const BEFORE = hex(
  "00010058 2112a442 b7e7a701bc34d686fa87dfae 80220010 5354554e207465737420636c69656e74 " +
    "00240004 6e0001ff 80290008 932ff9b151263b36 00060009 6576746a3a68367659202020",
);
const MAC = hex("9aeaa70cbfd8cb56781ef2b5b2d3f249c1b571a2");
const REQUEST = Buffer.concat([BEFORE, hex("00080014"), MAC, hex("80280004 e57a3bcf")]);

test("the attributes of RFC 5769's sample are read", () => {
  assert.ok(isStun(REQUEST, BINDING_REQUEST));
  const attributes = attributesOf(REQUEST);
  assert.equal([...attributes.keys()], [0x8022, 0x0024, 0x8029, USERNAME, 0x0008, 0x8028]);
  assert.is(attributes.get(USERNAME)!.toString(), "evtj:h6vY");
  assert.equal(attributes.get(MESSAGE_INTEGRITY), MAC);
});

test("MESSAGE-INTEGRITY is that of RFC 5769's sample, whatever the length in the header is", () => {
  for (const length of [0, 0x58]) {
    const before = Buffer.from(BEFORE);
    before.writeUInt16BE(length, 2);
    assert.equal(macOf(before, "VOkJxbRl1RmTxUk/WvJxBt"), MAC);
    assert.is(before.readUInt16BE(2), length);
  }
});

test("what is written is read again, of one type the first, without padding", () => {
  let message = formatStun(0x0003);
  for (const [type, text] of [[6, "five5"], [7, ""], [6, "second"], [8, "four"]] as const) {
    message = withAttribute(message, type, Buffer.from(text));
  }
  assert.is(message.length, 20 + 12 + 4 + 12 + 8);
  assert.is(message.readUInt16BE(2), message.length - 20);
  const values = [...attributesOf(message)].map(([type, value]) => [type, value.toString()]);
  assert.equal(values, [[6, "five5"], [7, ""], [8, "four"]]);
});

test("attributes that are cut off, or behind the length in the header, are left out", () => {
  for (let length = 0; length < REQUEST.length; length++) {
    const attributes = attributesOf(REQUEST.subarray(0, length));
    assert.ok(attributes.size < 6);
    assert.is(attributes.has(MESSAGE_INTEGRITY), length >= BEFORE.length + 24);
  }
  const short = Buffer.from(REQUEST);
  short.writeUInt16BE(20, 2);
  assert.is(attributesOf(short).size, 1);
});

test("another type, cookie or transaction id is of another message", () => {
  assert.not(isStun(REQUEST, 0x0101));
  assert.not(isStun(REQUEST.subarray(0, 19), BINDING_REQUEST));
  assert.ok(isAnswerTo(REQUEST.subarray(0, 20), REQUEST));
  assert.not(isAnswerTo(formatStun(BINDING_REQUEST), formatStun(BINDING_REQUEST)));
  assert.not(isAnswerTo(REQUEST.subarray(0, 19), REQUEST));
  for (let at = 4; at < 20; at++) {
    const changed = Buffer.from(REQUEST);
    changed[at]! ^= 1;
    assert.not(isAnswerTo(changed, REQUEST));
    assert.is(isStun(changed, BINDING_REQUEST), at >= 8);
  }
});

test.run();
