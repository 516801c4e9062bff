import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { formatPairingFragment, LighthouseError, type PairingLink } from "../../wire/mod.ts";
import { failureOf, thrownBy } from "../../wire/testing/failure.ts";
import { OpenedLink } from "./opened_link.ts";

const test = suite("opened_link");

/** A window at an address. */
function windowAt(hash: string) {
  return {
    location: { hash, pathname: "/", search: "" },
    history: { state: null, replaceState() {} },
  };
}

function linkOf(secret: number): PairingLink {
  return {
    hostKey: new Uint8Array(65).fill(7).with(0, 4),
    secret: new Uint8Array(16).fill(secret),
  };
}

const LINK = windowAt(formatPairingFragment(linkOf(1)));
const OTHER = windowAt(formatPairingFragment(linkOf(2)));
const DAMAGED = windowAt("#lighthouse=x");

/** Identities that keep every link, or refuse it. */
function identities(error?: LighthouseError) {
  const opened: number[] = [];
  return {
    opened,
    open({ secret }: PairingLink): Promise<void> {
      opened.push(secret[0]!);
      return error ? Promise.reject(error) : Promise.resolve();
    },
  };
}

for (
  const [what, page, found, held] of [
    ["a link", LINK, true, true],
    ["a damaged link", DAMAGED, true, false],
    ["no link", windowAt("#chapter-2"), false, false],
  ] as const
) {
  test(`take() of an address with ${what} returns ${found}`, () => {
    const link = new OpenedLink();
    assert.is(link.take(page), found);
    assert.is(link.isHeld, held);
  });
}

test("use() opens the link, which is held no longer once it is kept", async () => {
  const link = new OpenedLink();
  const { opened, open } = identities();
  assert.is(link.use({ open }), undefined);
  link.take(LINK);
  await link.use({ open });
  assert.equal([opened, link.isHeld], [[1], false]);
  assert.is(link.use({ open }), undefined);
});

test("a link that is refused is held until it is dropped", async () => {
  const link = new OpenedLink();
  link.take(LINK);
  const { open } = identities(new LighthouseError("host-key-changed", "Another host"));
  assert.is((await failureOf(link.use({ open })!)).code, "host-key-changed");
  assert.ok(link.isHeld);
  link.drop();
  assert.not(link.isHeld);
});

test("a link that comes while another is being kept is held", async () => {
  const link = new OpenedLink();
  const { opened, open } = identities();
  link.take(LINK);
  const opening = link.use({ open });
  link.take(OTHER);
  await opening;
  assert.ok(link.isHeld);
  await link.use({ open });
  assert.equal(opened, [1, 2]);
});

test("use() reports a damaged link once, and then goes on", () => {
  const link = new OpenedLink();
  const { open } = identities();
  link.take(DAMAGED);
  assert.is(thrownBy(() => link.use({ open })).code, "bad-link");
  assert.is(link.use({ open }), undefined);
});

test.run();
