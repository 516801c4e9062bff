import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { codeLines, readCode } from "../../tools/testing/terminal.ts";
import { parsePairingFragment } from "../../wire/mod.ts";
import { createIdentity } from "../testing/access.ts";
import { formatLink, formatQrCode, type Screen } from "./pairing_link.ts";

const test = suite("pairing_link");

const { publicKey: hostKey } = await createIdentity();
const secret = new Uint8Array(32).fill(9);
const admission = "a4DAgGvKss6x5nR8YzLbvA";
const PAGE = new URL("https://me.github.io/notes/");
const LARGE: Screen = { columns: 200, rows: 100, colors: 0 };

test("a link is the page's address with the fragment, or the fragment alone", () => {
  const link = formatLink(new URL("https://me.github.io/notes/?a=b"), { hostKey, secret });
  assert.match(link, /^https:\/\/me\.github\.io\/notes\/\?a=b#lighthouse=/);
  assert.equal(parsePairingFragment(new URL(link).hash), { hostKey, secret });
  assert.is(formatLink(undefined, { hostKey, secret }), new URL(link).hash);
});

const sizes: [name: string, page: string, admission: string | undefined, size: number[]][] = [
  ["a first link", PAGE.href, undefined, [41, 21]],
  ["a link with an admission", PAGE.href, admission, [45, 23]],
  ["a link at an address of the network", "https://192.168.178.23:8443/", admission, [45, 23]],
  ["a link of a page with a long address", `${PAGE}${"a".repeat(60)}`, admission, [53, 27]],
];
for (const [name, page, admission, size] of sizes) {
  test(`${name} takes ${size.join(" × ")}, and a camera reads it`, () => {
    const link = formatLink(new URL(page), { hostKey, secret, admission });
    for (const [colors, style] of [[0, ""], [16, "\x1b[97;40m"], [256, "\x1b[38;5;231;48;5;16m"]]) {
      const code = formatQrCode(link, { ...LARGE, colors: colors as number }) as string;
      const lines = code.split("\n");
      const plain = codeLines(lines);
      assert.equal([plain[0]!.length, plain.length], size);
      assert.ok(lines.every((line) => line.startsWith(style as string)));
      assert.is(readCode(plain, "dark"), link);
    }
  });
}

test("on a light background without colours, the code is inverted, as cameras read it too", () => {
  const link = formatLink(PAGE, { hostKey, secret, admission });
  const lines = (formatQrCode(link, LARGE) as string).split("\n");
  assert.is(readCode(lines, "light"), link);
});

test("a code that does not fit has a smaller border, and else its size is told", () => {
  const link = formatLink(PAGE, { hostKey, secret, admission });
  const linesAt = (columns: number, rows: number) => {
    const code = formatQrCode(link, { columns, rows, colors: 0 });
    return typeof code === "string" ? code.split("\n") : code;
  };
  const small = linesAt(43, 22) as string[];
  assert.equal([small[0]!.length, small.length], [43, 22]);
  assert.is(readCode(small), link);
  for (const [columns, rows] of [[42, 22], [43, 21], [20, 5]]) {
    assert.equal(linesAt(columns!, rows!), { columns: 43, rows: 22 });
  }
});

test.run();
