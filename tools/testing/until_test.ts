import * as assert from "uvu/assert";
import { suite } from "./suite.ts";
import { until } from "./until.ts";

const test = suite("until");

test("until() checks until the condition is true", async () => {
  let looks = 0;
  await until(() => ++looks === 4);
  assert.is(looks, 4);
  await until(() => Promise.resolve(++looks === 8));
  assert.is(looks, 8);
});

test("until() rejects with the condition's error", async () => {
  const failure = new Error("broken");
  const found = await until(() => {
    throw failure;
  }).catch((error: unknown) => error);
  assert.is(found, failure);
});

test.run();
