import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Rounds } from "./rounds.ts";

const test = suite("rounds");

test("many tasks of one device run in their order, 4 a round, and others' at once", async () => {
  const rounds = new Rounds();
  const begun: number[] = [];
  for (let i = 0; i < 10; i++) rounds.run("a", () => begun.push(i));
  const counts = [begun.length];
  let isOthersBegun = false;
  rounds.run("b", () => isOthersBegun = true);
  assert.ok(isOthersBegun);
  while (begun.length < 10) {
    await new Promise(setImmediate);
    counts.push(begun.length);
  }
  assert.equal(counts, [4, 8, 10]);
  assert.equal(begun, Array.from({ length: 10 }, (_, i) => i));
});

test("a task that comes while others wait comes after them", async () => {
  const rounds = new Rounds();
  const begun: string[] = [];
  for (let i = 0; i < 5; i++) rounds.run("a", () => begun.push(`${i}`));
  await new Promise(setImmediate);
  rounds.run("a", () => begun.push("later"));
  assert.equal(begun.slice(-2), ["4", "later"]);
});

test.run();
