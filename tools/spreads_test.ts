// What counts as the spread of a literal.
import * as assert from "uvu/assert";
import { literalSpreads } from "./spreads.ts";
import { suite } from "./testing/suite.ts";

const test = suite("spreads");

const cases: [source: string, isWrong: boolean][] = [
  ["f({ ...{ a, b }, c });", true],
  ["f({\n  ...{ a: 1 },\n});", true],
  ["const a = [...[1, 2], 3];", true],
  ['const a = [...["x"] as const];', true],
  ["f(...[a, b]);", true],
  ["f({ ...a, b });", false],
  ["f({ ...a && { b } });", false],
  ["f({ ...(a ? { b } : {}) });", false],
  ["const a = [...b, ...c.map(d)];", false],
  ['const text = "...{ a }";', false],
];
for (const [source, isWrong] of cases) {
  test(`${source.replaceAll(/\s+/g, " ")} is ${isWrong ? "refused" : "let through"}`, () => {
    assert.is(literalSpreads(new Map([["host/a.ts", source]])).length > 0, isWrong);
  });
}

test("the line names the place", () => {
  const [line] = literalSpreads(new Map([["host/a.ts", "f({\n  ...{ a: 1 },\n});"]]));
  assert.match(line!, /^host\/a\.ts:2: /);
});

test.run();
