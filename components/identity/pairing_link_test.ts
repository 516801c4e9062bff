import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { formatPairingFragment, LighthouseError } from "../../wire/mod.ts";
import { takeLink } from "./pairing_link.ts";

const test = suite("pairing_link");

const link = {
  hostKey: new Uint8Array(65).fill(7).with(0, 4) as Uint8Array<ArrayBuffer>,
  secret: new Uint8Array(16).fill(9),
};

/** A window at an address. `url` is what its address bar shows in the end. */
function windowAt(hash: string) {
  const bar = {
    url: `/site/page?a=1${hash}`,
    location: { hash, pathname: "/site/page", search: "?a=1" },
    history: {
      state: { own: "state" },
      replaceState(state: unknown, _title: string, url: string) {
        assert.equal(state, { own: "state" });
        bar.url = url;
      },
    },
  };
  return bar;
}

test("a link is taken out of the address, and the rest stays", () => {
  const bar = windowAt(formatPairingFragment(link));
  assert.equal(takeLink(bar), link);
  assert.is(bar.url, "/site/page?a=1");
});

for (const hash of ["", "#", "#chapter-2", "#lighthouses=1", "#a=lighthouse"]) {
  test(`"${hash}" is none, and stays`, () => {
    const bar = windowAt(hash);
    assert.is(takeLink(bar), undefined);
    assert.is(bar.url, `/site/page?a=1${hash}`);
  });
}

for (const hash of ["#lighthouse", "#lighthouse=", formatPairingFragment(link).slice(0, -3)]) {
  test(`${hash.slice(0, 16)}… of ${hash.length} characters is refused, and taken away`, () => {
    const bar = windowAt(hash);
    assert.throws(
      () => takeLink(bar),
      (error: unknown) => error instanceof LighthouseError && error.code === "bad-link",
    );
    assert.is(bar.url, "/site/page?a=1");
  });
}

test.run();
