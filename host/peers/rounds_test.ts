import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Rounds } from "./rounds.ts";

const test = suite("rounds");

test("many tasks of one device run in their order, 16 a round, and others' at once", async () => {
  const rounds = new Rounds();
  const begun: number[] = [];
  for (let i = 0; i < 40; i++) rounds.run("a", () => begun.push(i));
  const counts = [begun.length];
  let isOthersBegun = false;
  rounds.run("b", () => isOthersBegun = true);
  assert.ok(isOthersBegun);
  while (begun.length < 40) {
    await new Promise(setImmediate);
    counts.push(begun.length);
  }
  assert.equal(counts, [16, 32, 40]);
  assert.equal(begun, Array.from({ length: 40 }, (_, i) => i));
});

test("a task that comes while others wait comes after them", async () => {
  const rounds = new Rounds();
  const begun: string[] = [];
  for (let i = 0; i < 17; i++) rounds.run("a", () => begun.push(`${i}`));
  await new Promise(setImmediate);
  rounds.run("a", () => begun.push("later"));
  assert.equal(begun.slice(-2), ["16", "later"]);
});

test.run();
