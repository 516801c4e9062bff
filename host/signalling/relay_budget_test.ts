import { mkdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { readSpent, RelayBudget } from "./relay_budget.ts";

const test = suite("relay budget", { deadline: 30_000 });

const NOON = Date.UTC(2026, 10, 30, 12);
const DAY = 24 * 3600 * 1000;
const complain = (error: Error) => assert.unreachable(error.message);

/** A budget of a cent in a folder, and a clock to set. */
async function setUp(folder = temporaryFolder()) {
  const clock = { now: NOON };
  const budget = await RelayBudget.open(folder, {
    limit: () => 0.01,
    onTrouble: complain,
    now: () => clock.now,
  });
  return { folder, clock, budget };
}

test("a budget counts what is spent, also beyond it", async () => {
  const { budget } = await setUp();
  assert.is(budget.left, 0.01);
  budget.spend(0.004);
  assert.ok(Math.abs(budget.left - 0.006) < 1e-12);
  budget.spend(0.008);
  assert.is(budget.left, 0);
  assert.ok(Math.abs(budget.spent - 0.012) < 1e-12);
});

test("a restart does not reset it, and its file is the owner's only", async () => {
  const { folder, budget } = await setUp();
  budget.spend(0.004);
  await budget[Symbol.asyncDispose]();
  assert.is((await stat(join(folder, "relay-budget.json"))).mode & 0o777, 0o600);
  assert.is((await setUp(folder)).budget.spent, 0.004);
});

test("a host that is killed has written down more than it spent, and not much more", async () => {
  const { folder, budget } = await setUp();
  for (let at = 0; at < 400; at++) {
    budget.spend(0.00001);
    await new Promise(setImmediate);
  }
  while ((await readSpent(folder, NOON)).dollars < 0.004) await new Promise(setImmediate);
  const { spent } = (await setUp(folder)).budget;
  assert.ok(spent >= 0.004 && spent < 0.0046, `${spent}`);
});

test("it is whole again at midnight UTC, and not when the clock is set back", async () => {
  const { folder, clock, budget } = await setUp();
  budget.spend(0.004);
  clock.now = NOON - DAY;
  assert.is(budget.spent, 0.004);
  clock.now = Date.UTC(2026, 10, 30, 23, 59, 59, 999);
  assert.is(budget.spent, 0.004);
  clock.now++;
  assert.is(budget.spent, 0);
  budget.spend(0.001);
  await budget[Symbol.asyncDispose]();
  assert.equal(await readSpent(folder, clock.now), {
    day: "2026-12-01",
    dollars: 0.001,
    strangers: 0,
  });
  assert.equal(await readSpent(folder, clock.now + DAY), {
    day: "2026-12-02",
    dollars: 0,
    strangers: 0,
  });
});

test("strangers spend half of it at most, and what they send beyond does not count", async () => {
  const { folder, clock, budget } = await setUp();
  budget.spend(0.002);
  assert.is(budget.leftForStrangers, 0.005);
  budget.spend(0.004, true);
  assert.ok(Math.abs(budget.leftForStrangers - 0.001) < 1e-12);
  for (let times = 0; times < 3; times++) budget.spend(0.004, true);
  assert.is(budget.leftForStrangers, 0);
  assert.ok(Math.abs(budget.spent - 0.007) < 1e-12);
  await budget[Symbol.asyncDispose]();
  assert.ok(Math.abs((await readSpent(folder, clock.now)).strangers - 0.005) < 1e-12);
  budget.spend(0.002);
  assert.ok(Math.abs(budget.left - 0.001) < 1e-12);
});

for (
  const text of [
    "",
    "[]",
    '{"day":"today","dollars":1}',
    '{"day":"2026-11-30","dollars":-1}',
    '{"day":"2026-11-30","dollars":1,"strangers":"x"}',
  ]
) {
  test(`what is no such file counts as none: ${JSON.stringify(text)}`, async () => {
    const folder = temporaryFolder();
    await writeFile(join(folder, "relay-budget.json"), text);
    assert.is((await setUp(folder)).budget.spent, 0);
  });
}

test("a folder that cannot be written to is told, and the count goes on", async () => {
  const folder = temporaryFolder();
  await mkdir(join(folder, "relay-budget.json"));
  const troubles: string[] = [];
  const budget = await RelayBudget.open(folder, {
    limit: () => 0.01,
    onTrouble: ({ message }) => troubles.push(message),
    now: () => NOON,
  });
  budget.spend(0.001);
  budget.spend(0.002);
  assert.is(budget.spent, 0.003);
  await budget[Symbol.asyncDispose]();
  assert.ok(troubles.length > 0);
  await rm(join(folder, "relay-budget.json"), { recursive: true });
});

test("cost shows the budget, and what of it is spent", async () => {
  const folder = temporaryFolder();
  const budget = await RelayBudget.open(folder, { limit: () => 0.05, onTrouble: complain });
  budget.spend(0.002);
  await budget[Symbol.asyncDispose]();
  const { output } = await run(["cost", "--state", folder, "--relay-budget", "0.05"]);
  assert.match(output.replace(/\s+/g, " "), "Today $0.002 of their budget of $0.050 a day");
  const json = await run(["cost", "--json"], { LIGHTHOUSE_STATE: folder });
  const { relayed } = JSON.parse(json.output);
  assert.equal([relayed.today, relayed.budget, relayed.messages], [0.002, 0.01, 0]);
  const off = await run(["cost", "--state", folder, "--relay-budget", "0"]);
  assert.match(off.output, "They are off (relay-budget 0)");
  assert.is(JSON.parse(await readFile(join(folder, "relay-budget.json"), "utf8")).dollars, 0.002);
});

test.run();
