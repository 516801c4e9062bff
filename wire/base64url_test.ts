import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { fromBase64url, toBase64url } from "./base64url.ts";
import { thrownBy } from "./testing/failure.ts";

const test = suite("base64url");

const cases: [bytes: number[], text: string][] = [
  [[], ""],
  [[0], "AA"],
  [[255], "_w"],
  [[251, 255], "-_8"],
  [[1, 2, 3], "AQID"],
  [[1, 2, 3, 4], "AQIDBA"],
];
for (const [bytes, text] of cases) {
  test(`[${bytes}] is "${text}", there and back`, () => {
    assert.is(toBase64url(Uint8Array.from(bytes)), text);
    assert.equal(fromBase64url(text), Uint8Array.from(bytes));
  });
}

for (const text of ["A", "AAAAA", "AA==", "AB", "AAB", "_x", "+/8", "A A", "AA\n", "Ä", "AQID="]) {
  test(`${JSON.stringify(text)} is refused`, () => {
    assert.instance(thrownBy(() => fromBase64url(text)), TypeError);
  });
}

test.run();
