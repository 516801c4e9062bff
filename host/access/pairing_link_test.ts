import { encode } from "uqr";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { parsePairingFragment } from "../../wire/mod.ts";
import { formatLink, formatQrCode } from "./pairing_link.ts";

const test = suite("pairing_link");

const hostKey = Uint8Array.from({ length: 65 }, (_, at) => at === 0 ? 4 : at);
const secret = new Uint8Array(16).fill(9);

test("a link is the page's address with the fragment, or the fragment alone", () => {
  const link = formatLink(new URL("https://me.github.io/notes/?a=b"), { hostKey, secret });
  assert.match(link, /^https:\/\/me\.github\.io\/notes\/\?a=b#lighthouse=/);
  assert.equal(parsePairingFragment(new URL(link).hash), { hostKey, secret });
  assert.is(formatLink(undefined, { hostKey, secret }), new URL(link).hash);
});

for (const color of [false, true]) {
  test(`a code has the squares that it should, ${color ? "with" : "without"} colours`, () => {
    const text = formatLink(new URL("https://me.github.io/notes/"), { hostKey, secret });
    const { data, size } = encode(text, { border: 4 });
    const lines = formatQrCode(text, color).split("\n");
    const [before, after] = color ? ["\x1b[97;40m", "\x1b[0m"] : ["", ""];
    assert.ok(lines.every((line) => line.startsWith(before!) && line.endsWith(after!)));
    const plain = lines.map((line) => line.slice(before!.length, line.length - after!.length));
    const read = plain.flatMap((line) => [
      [...line].map((square) => square === " " || square === "▄"),
      [...line].map((square) => square === " " || square === "▀"),
    ]);
    assert.equal(read.slice(0, size), data);
    assert.ok(size <= 69, "it fits into 80 columns");
  });
}

test.run();
