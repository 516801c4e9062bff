import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import type { LabCase } from "./cases.ts";
import type { LabResult } from "./lab.ts";
import { formatTable } from "./networks_table.ts";

const test = suite("table of networks");

const cases: LabCase[] = [
  { name: "a", about: "two cone NATs", best: "direct" },
  { name: "b", about: "UDP dropped, and let through", best: "relayed", then: "lift" },
];
const a: LabResult = {
  name: "a",
  first: { ms: 900, way: "direct" },
  known: { ms: 200, way: "relayed", moved: { ms: 400, way: "direct" } },
  last: "direct",
  states: [],
};
const b: LabResult = {
  name: "b",
  first: { ms: 2_200, way: "relayed" },
  known: { ms: 300, way: "relayed" },
  last: "direct",
  states: [],
};

test("a case has a row, and a run a column with ways and times", () => {
  const table = formatTable(cases, [
    { browser: "chromium", turn: false, results: [b, a] },
    { browser: "firefox", turn: true, results: [a, { ...b, known: undefined }] },
  ]);
  assert.is(
    table,
    [
      "| Case | What it is | Chromium | Firefox, TURN |",
      "| --- | --- | --- | --- |",
      "| `a` | two cone NATs | direct: 900, 200 | direct: 900, 200 |",
      "| `b` | UDP dropped, and let through | relayed → direct: 2200, 300 | - |",
    ].join("\n"),
  );
});

test.run();
