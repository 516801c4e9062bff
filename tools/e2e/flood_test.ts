// Forged offers, a thousand a second: who is paired connects meanwhile, and nothing is left of them.
// `npm run bench -- --flood` does the same, and judges the time that it takes.
import * as assert from "uvu/assert";
import { runFlood } from "../bench/flood.ts";
import { suite } from "../testing/suite.ts";

const test = suite("flood", { deadline: 120_000 });

/** Most answers to all of them: ten at once and five a second, for longer than they take. */
const MOST_ANSWERS = 10 + 5 * 60;

/** Most memory that may be left, in bytes: what a host's garbage varies by. */
const SLACK = 24 * 1024 ** 2;

test("10,000 forged offers, 1,000 a second, keep no paired device out and leave nothing", async () => {
  const { flooded, answers, lines, growth } = await runFlood(10_000);
  assert.ok(flooded.length >= 5, `${flooded.length} connects`);
  assert.ok(answers <= MOST_ANSWERS, `${answers} answers`);
  assert.ok(lines < 1000, `${lines} lines were logged`);
  if (growth !== undefined) assert.ok(growth < SLACK, `${growth} bytes more`);
});

test.run();
