import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { readLine, ScriptCookies } from "./script_cookies.ts";

const test = suite("script cookies");

const place = { hostname: "me.example", pathname: "/app/page" };
const NOW = Date.UTC(2030, 0, 1);

const lines: [line: string, name: string, value: string | null][] = [
  ["a=1", "a", "1"],
  [" a = 1 ; path=/", "a", "1"],
  ["a=b=c", "a", "b=c"],
  ["alone", "", "alone"],
  ["a=1; Path=/app", "a", "1"],
  ["a=1; domain=.me.example", "a", "1"],
  ["a=1; max-age=0", "a", null],
  ["a=1; max-age=60; expires=Thu, 01 Jan 1970 00:00:00 GMT", "a", "1"],
  ["a=1; expires=Thu, 01-Jan-1970 00:00:00 GMT", "a", null],
  ["a=1; expires=Thu, 01 Jan 2032 00:00:00 GMT", "a", "1"],
];

for (const [line, name, value] of lines) {
  test(`"${line}" assigns ${value}`, () => {
    assert.equal(readLine(line, place, NOW), { name, value });
  });
}

for (
  const line of ["", "a=1; HttpOnly", "a=1; path=/ap", "a=1; domain=other.example", "a=\r\nb"]
) {
  test(`${JSON.stringify(line)} changes nothing that the document sees`, () => {
    assert.is(readLine(line, place, NOW), null);
  });
}

test("an assigned line counts at once, and until the host's word has it", () => {
  let now = NOW;
  const cookies = new ScriptCookies("seen=1", () => now);
  cookies.assign("mine=2", place);
  assert.is(cookies.text, "seen=1; mine=2");
  // An answer that was under way.
  cookies.hear("seen=3");
  assert.is(cookies.text, "seen=3; mine=2");
  cookies.hear("seen=3; mine=2");
  cookies.hear("seen=3");
  assert.is(cookies.text, "seen=3");
  cookies.assign("seen=; max-age=0", place);
  assert.is(cookies.text, "");
  now += 10_000;
  assert.is(cookies.text, "seen=3");
});

test.run();
