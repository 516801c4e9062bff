import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { importResumptionSecret } from "../../wire/mod.ts";
import { FreshSecrets, MAX_FRESH } from "./fresh_secrets.ts";
import { WINDOW_MS } from "./offer_clock.ts";

const test = suite("FreshSecrets");

const secret = await importResumptionSecret(new Uint8Array(32));

function setUp() {
  const at = { now: 0 };
  const secrets = new FreshSecrets({ steady: () => at.now });
  const take = (id: string, ticket: string, name?: string) =>
    secrets.take({ id, name }, { ticket, secret, begins: "new" });
  return { at, secrets, take };
}

test("a secret counts for one page and one session", () => {
  const { take } = setUp();
  const taken = take("a", "1")!;
  assert.is(taken.secret, secret);
  // The first use is under way.
  assert.is(take("a", "1"), undefined);
  taken.session = "s";
  assert.is(take("a", "1"), taken);
  assert.is.not(take("b", "1"), taken);
  taken.isOver = true;
  assert.is(take("a", "1"), undefined);
});

test("a secret is remembered as long as an offer with it can be in time", () => {
  const { at, secrets, take } = setUp();
  take("a", "1");
  at.now = 2 * WINDOW_MS - 1;
  assert.is(take("a", "1"), undefined);
  at.now++;
  assert.ok(take("a", "1"));
  assert.is(secrets.size, 1);
});

test("the secrets of a page that count are few, and none counts again", () => {
  const { take } = setUp();
  const all = Array.from(
    { length: 10 },
    (_, i) => Object.assign(take("a", `${i}`)!, { session: "s" }),
  );
  assert.equal(all.filter(({ isOver }) => !isOver).length, 8);
  assert.is(take("a", "0"), undefined);
  assert.is(take("a", "9"), all[9]);
});

test("a page's secrets are forgotten, and do not count again", () => {
  const { secrets, take } = setUp();
  const [one, other] = [take("a", "1")!, take("b", "2")!];
  secrets.forget("a");
  assert.equal([one.isOver, other.isOver], [true, false]);
  assert.is(take("a", "1"), undefined);
});

test("strangers' secrets are bounded, push none out, and take no room from devices", () => {
  const { at, secrets, take } = setUp();
  for (let i = 0; i < MAX_FRESH; i++) assert.ok(take(`${i}`, "1"));
  assert.is(take("late", "1"), undefined);
  assert.ok(take("device", "1", "a phone"));
  assert.is(secrets.size, MAX_FRESH + 1);
  at.now = 2 * WINDOW_MS;
  assert.ok(take("late", "1"));
  assert.ok(take("device", "1", "a phone"));
  assert.is(secrets.size, 2);
});

test.run();
