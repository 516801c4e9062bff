import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { parseAnswer } from "./stun.ts";

const test = suite("stun", { deadline: 30_000 });

const REQUEST = Buffer.from("000100002112a442b7e7a701bc34d686fa87dfae", "hex");
const SOFTWARE = "8022000b7465737420766563746f7220";

/** A success with those attributes, in hexadecimal. */
function answer(...attributes: string[]): Buffer {
  const body = Buffer.from(attributes.join(""), "hex");
  const head = Buffer.from("010100002112a442b7e7a701bc34d686fa87dfae", "hex");
  head.writeUInt16BE(body.length, 2);
  return Buffer.concat([head, body]);
}

test("RFC 5769's samples of answers are read, IPv4 and IPv6", () => {
  const v4 = answer(SOFTWARE, "002000080001a147e112a643");
  assert.equal(parseAnswer(v4, REQUEST), {
    mapped: { address: "192.0.2.1", port: 32853 },
    other: undefined,
  });
  const v6 = answer(SOFTWARE, "002000140002a1470113a9faa5d3f179bc25f4b5bed2b9d9");
  assert.equal(parseAnswer(v6, REQUEST)!.mapped, {
    address: "2001:db8:1234:5678:11:2233:4455:6677",
    port: 32853,
  });
});

test("a server's other address is read, and an old server's plain one", () => {
  const found = parseAnswer(
    answer("0001000800018055c0000201", "802c000800010d97c0000202"),
    REQUEST,
  );
  assert.equal(found, {
    mapped: { address: "192.0.2.1", port: 32853 },
    other: { address: "192.0.2.2", port: 3479 },
  });
});

test("what is not the answer, or is cut off, counts for nothing", () => {
  const whole = answer(SOFTWARE, "002000080001a147e112a643");
  for (let length = 0; length < whole.length; length++) {
    assert.is(parseAnswer(whole.subarray(0, length), REQUEST), undefined, `${length} bytes`);
  }
  assert.is(parseAnswer(whole, Buffer.alloc(20)), undefined);
  for (let at = 0; at < 20; at++) {
    if (at === 2 || at === 3) continue;
    const changed = Buffer.from(whole);
    changed[at]! ^= 0x01;
    assert.is(parseAnswer(changed, REQUEST), undefined, `byte ${at}`);
  }
  // Lengths that lie.
  assert.is(parseAnswer(answer("0020ffff0001a147"), REQUEST), undefined);
  assert.is(parseAnswer(answer(SOFTWARE), REQUEST), undefined);
});

test.run();
