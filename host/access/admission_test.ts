import { chmodSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { expiryOf, fromBase64url, OPEN } from "../../wire/mod.ts";
import { isAdmission } from "../../wire/signal/admission.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { Admissions } from "./admission.ts";

const test = suite("host admission");

const DAY = 24 * 3_600_000;
const NOBODY = { devices: [], pairings: [], public: [] };

/** The admissions of a state folder, whose clock the test sets. */
async function setUp({ state = temporaryFolder(), now = Date.now(), host = "laptop" } = {}) {
  const at = { state, path: join(state, "admission.key"), now, host };
  const admissions = await Admissions.open({ state, host: () => at.host, now: () => at.now });
  return Object.assign(at, { admissions });
}

test("there is no key, and no value, before the host sees a relay that knows them", async () => {
  const { admissions } = await setUp();
  assert.is(admissions.key, undefined);
  assert.is(admissions.value(), undefined);
  assert.is(await admissions.valueUntil(Date.now()), undefined);
});

test("the key is made once, 32 bytes, for its owner only", async () => {
  const { admissions, path, state } = await setUp();
  const key = await admissions.registered(NOBODY);
  assert.is(fromBase64url(key).length, 32);
  assert.is(readFileSync(path, "utf8"), `${key}\n`);
  assert.is(statSync(path).mode & 0o777, 0o600);
  assert.is(await admissions.registered(NOBODY), key);
  assert.is((await setUp({ state })).admissions.key, key);
});

test("two processes that make the key at once have the same one", async () => {
  const [one, other] = [await setUp(), await setUp()];
  const both = [one.admissions, (await setUp({ state: one.state })).admissions];
  const keys = await Promise.all(both.map((each) => each.registered(NOBODY)));
  assert.is(keys[0], keys[1]);
  assert.not.equal(await other.admissions.registered(NOBODY), keys[0]);
});

test("a day's value is the same for all, lasts 90 days, and the next day's is another", async () => {
  const at = await setUp({ now: 20_000 * DAY + 5 });
  const key = await at.admissions.registered(NOBODY);
  const value = (await at.admissions.value())!;
  at.now += DAY - 10;
  assert.is(await at.admissions.value(), value);
  assert.is(expiryOf(value), 20_091 * DAY / 1000);
  assert.ok(await isAdmission({ host: "laptop", value }, key, at.now));
  at.now += 10;
  assert.not.equal(await at.admissions.value(), value);
  at.host = "pi";
  const named = (await at.admissions.value())!;
  assert.ok(await isAdmission({ host: "pi", value: named }, key, at.now));
});

test("a link's value ends with the link", async () => {
  const at = await setUp();
  const key = await at.admissions.registered(NOBODY);
  const value = await at.admissions.valueUntil(at.now + 600_000);
  assert.ok(await isAdmission({ host: "laptop", value }, key, at.now + 599_000));
  assert.not(await isAdmission({ host: "laptop", value }, key, at.now + 601_000));
});

test("pair learns the host's name from the host", async () => {
  const { admissions, state, now } = await setUp({ host: "pi" });
  const key = await admissions.registered(NOBODY);
  const value = await (await Admissions.open({ state })).valueUntil(now + 60_000);
  assert.ok(await isAdmission({ host: "pi", value }, key, now));
});

const before = { admitted: undefined, revoked: undefined };
for (
  const [what, invited, isOpen] of [
    ["nobody", {}, false],
    ["services for strangers", { public: ["/"] }, true],
    ["a device that has no value", { devices: [before] }, true],
    ["a device that has a value of another key", { devices: [{ ...before, admitted: 1 }] }, true],
    ["a device that has a value", { devices: [{ ...before, admitted: Infinity }] }, false],
    ["a device that was revoked", { devices: [{ ...before, revoked: 2 }] }, false],
    ["a link that was made before", { pairings: [{ expires: 500_000, usedBy: undefined }] }, true],
    ["one that is used", { pairings: [{ expires: 500_000, usedBy: "it" }] }, false],
    ["one that has ended", { pairings: [{ expires: -1, usedBy: undefined }] }, false],
    ["one that was made since", { pairings: [{ expires: 660_000, usedBy: undefined }] }, false],
  ] as const
) {
  test(`with ${what} the host is ${isOpen ? "open" : "guarded"}`, async () => {
    const { admissions, now } = await setUp();
    const all = { ...NOBODY, ...invited };
    const pairings = all.pairings.map((each) => ({ ...each, expires: now + each.expires }));
    assert.is(await admissions.registered({ ...all, pairings }) === OPEN, isOpen);
  });
}

test("the host does not wait for a device longer than 90 days", async () => {
  const at = await setUp();
  const invited = { ...NOBODY, devices: [before] };
  assert.is(await at.admissions.registered(invited), OPEN);
  at.now += 90 * DAY;
  assert.is(await at.admissions.registered(invited), at.admissions.key);
});

test("a key that was made while the clock was ahead counts from now on", async () => {
  const { state, path, admissions } = await setUp();
  await admissions.create();
  utimesSync(path, new Date(), new Date(Date.now() + 365 * DAY));
  const again = await setUp({ state });
  assert.ok(statSync(path).mtimeMs <= Date.now() + 1);
  assert.is(again.admissions.lacking([{ ...before, admitted: again.now + 1 }]).length, 0);
});

for (const text of ["", "open", "A".repeat(42), "A".repeat(44), "{}"]) {
  test(`the file's text ${JSON.stringify(text.slice(0, 5))} is refused`, async () => {
    const { state, path } = await setUp();
    writeFileSync(path, text, { mode: 0o600 });
    const error = await failureOf(setUp({ state }));
    assert.is(error.code, "bad-config");
    assert.match(error.message, "Delete it");
  });
}

test("a file that others can read is refused", async () => {
  const { state, path, admissions } = await setUp();
  await admissions.create();
  chmodSync(path, 0o644);
  assert.match((await failureOf(setUp({ state }))).message, "others can read it");
});

test.run();
