// Tests reading URLs: as the platform's own URL.parse() does, where it has one.
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { parseUrl } from "./parse_url.ts";

const test = suite("parse_url");

const CASES: [text: string | URL, base?: string | URL][] = [
  ["https://me.github.io/a?b#c"],
  ["../b", "https://me.github.io/a/"],
  [new URL("https://me.github.io/"), new URL("https://you.example/")],
  ["stun:stun.example:3478"],
  ["null"],
  [""],
  ["", "https://me.github.io/a"],
  ["https://"],
  ["/a", "no base"],
  ["http://a b/"],
];

for (const [text, base] of CASES) {
  test(`"${text}" from ${base} is the same as by URL.parse()`, () => {
    assert.is(parseUrl(text, base)?.href, URL.parse(String(text), base)?.href);
  });
}

test("a text that is no URL is null", () => assert.is(parseUrl("no URL"), null));

test.run();
