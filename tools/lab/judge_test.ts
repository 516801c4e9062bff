import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import type { LabCase } from "./cases.ts";
import { faultsOf } from "./judge.ts";
import type { LabResult } from "./lab.ts";

const test = suite("judge of the lab");

const direct: LabCase = { name: "a", about: "", best: "direct" };
const relayed: LabCase = { name: "b", about: "", best: "relayed" };
const lifted: LabCase = { name: "c", about: "", best: "relayed", then: "lift", last: "direct" };

const download = { isExact: true, bytes: 8, ms: 9, gap: 1 };
const right: LabResult = {
  name: "a",
  first: { ms: 900, way: "direct" },
  known: { ms: 200, way: "direct" },
  last: "direct",
  download,
  states: [],
};
const slow = { ms: 3_001, way: "direct" } as const;
const byRelay = { ms: 2_200, way: "relayed" } as const;
const byTurn = { ms: 900, way: "turn" } as const;
const throughRelay: LabResult = { ...right, first: byRelay, known: byRelay, last: "relayed" };

for (
  const [what, result, labCase, turn, faults] of [
    ["all as it should be", right, direct, false, []],
    ["a way that is better than wanted", right, relayed, true, []],
    ["a slow first connect", { ...right, first: slow }, direct, false, [
      "new: 3001 ms, not within 3000",
    ]],
    ["a worse way than there is", { ...right, known: byTurn }, direct, true, [
      "known: turn, not direct",
    ]],
    [
      "a worse way, and the best one soon",
      { ...right, first: { ...byRelay, moved: { ms: 2_900, way: "direct" } } },
      direct,
      false,
      [],
    ],
    ["the relay where there is nothing else", throughRelay, relayed, false, []],
    ["the relay where there is a TURN server", throughRelay, relayed, true, [
      "new: relayed, not turn",
      "known: relayed, not turn",
      "at the end: relayed, not turn",
    ]],
    ["a session that has moved", { ...throughRelay, last: "direct" }, lifted, false, []],
    [
      "a session that WebRTC has moved to TURN",
      { ...right, last: "turn" },
      { ...direct, then: "rebind" },
      true,
      [],
    ],
    ["a session that has moved to TURN for no reason", { ...right, last: "turn" }, direct, true, [
      "at the end: turn, not direct",
    ]],
    ["a session that has not moved", throughRelay, lifted, false, [
      "at the end: relayed, not direct",
    ]],
    [
      "a wrong byte",
      { ...right, download: { ...download, isExact: false, error: "TypeError" } },
      direct,
      false,
      ["wrong after 8 bytes TypeError"],
    ],
    ["no answer afterwards", { ...right, download: undefined }, direct, false, [
      "no answer afterwards",
    ]],
    ["no second connect", { ...right, known: undefined }, direct, false, ["no second connect"]],
    ["an error", { ...right, error: "no answer" }, direct, false, ["no answer"]],
  ] as const satisfies [string, LabResult, LabCase, boolean, readonly string[]][]
) {
  test(`${what}: ${faults.length} faults`, () => {
    assert.equal(faultsOf(result, labCase, { turn }), faults);
  });
}

test.run();
