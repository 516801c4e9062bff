import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { formatPairingFragment } from "../../wire/mod.ts";
import { fragmentIn } from "./pasted_link.ts";

const test = suite("pasted link");

const fragment = formatPairingFragment({
  hostKey: Uint8Array.from({ length: 65 }, (_, at) => at === 0 ? 4 : at),
  secret: new Uint8Array(32).fill(7),
});

for (
  const text of [
    `https://me.example/repo/${fragment}`,
    `  https://me.example/page?a=1${fragment}\n`,
    fragment,
    fragment.slice(1),
    `Open <https://me.example/${fragment}> please`,
    `Open https://me.example/${fragment} please`,
    `https://me.example/${fragment.slice(0, 40)}\n    ${fragment.slice(40)}`,
  ]
) {
  test(`a link is found in ${JSON.stringify(text.replace(/(?<==).+[\w-]{9}/s, "…"))}`, () => {
    assert.is(fragmentIn(text), fragment);
  });
}

for (const text of ["", "https://me.example/", "https://me.example/#top", "lighthouse"]) {
  test(`${JSON.stringify(text)} is no pairing link`, () => {
    assert.throws(() => fragmentIn(text), /no pairing link/);
  });
}

test("a link that was cut off is refused, without its secret in the message", () => {
  assert.throws(() => fragmentIn(fragment.slice(0, -3)), (error: Error) => {
    assert.match(error.message, /cut off/);
    assert.not.match(error.message, fragment.slice(20, 40));
    return true;
  });
});

test.run();
