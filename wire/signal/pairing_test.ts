import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { toBase64url } from "../base64url.ts";
import { thrownBy } from "../testing/failure.ts";
import { formatPairingFragment, parsePairingFragment } from "./pairing.ts";

const test = suite("pairing");

const hostKey = Uint8Array.from({ length: 65 }, (_, at) => at === 0 ? 4 : at);
const secret = Uint8Array.from({ length: 16 }, (_, at) => 200 + at);
const fragment = formatPairingFragment({ hostKey, secret });

test("a link's fragment is written and read", () => {
  assert.match(fragment, /^#lighthouse=AQQ[\w-]{107}$/);
  assert.equal(parsePairingFragment(fragment), { hostKey, secret });
  assert.equal(parsePairingFragment(fragment.slice(1)), { hostKey, secret });
});

for (
  const hash of [
    "",
    "#",
    "#top",
    "#lighthouse",
    "#lighthouses=1",
    "#a=lighthouse=1",
    "#Lighthouse=A",
  ]
) {
  test(`${JSON.stringify(hash)} holds no link`, () => {
    if (hash === "#lighthouse") {
      assert.is(thrownBy(() => parsePairingFragment(hash)).code, "bad-link");
    } else assert.is(parsePairingFragment(hash), undefined);
  });
}

const bad: [name: string, hash: string, message: RegExp][] = [
  ["an empty link", "#lighthouse=", /cut off/],
  ["a link without its last character", fragment.slice(0, -1), /cut off/],
  ["a link with one more", fragment + "A", /cut off/],
  ["a link with a blank in it", fragment.replace(/.{9}$/, " $&"), /cut off/],
  ["a link with something behind it", `${fragment}&a=b`, /cut off/],
  ["a link of version 2", `#lighthouse=Ag${fragment.slice(14)}`, /another version/],
  [
    "a link whose key is no uncompressed point",
    `#lighthouse=${toBase64url(Uint8Array.from({ length: 82 }, (_, at) => at === 0 ? 1 : 2))}`,
    /cut off or changed/,
  ],
];
for (const [name, hash, message] of bad) {
  test(`${name} is refused`, () => {
    const error = thrownBy(() => parsePairingFragment(hash));
    assert.is(error.code, "bad-link");
    assert.match(error.message, message);
    assert.not.match(error.message, fragment.slice(20, 40), "the message repeats the secret");
  });
}

test.run();
