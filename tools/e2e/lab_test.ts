// A few cases of the lab (tools/lab/): networks that no direct connection crosses without help. They take
// Linux and root. `npm run lab` runs all cases.
import * as assert from "uvu/assert";
import { CASES } from "../lab/cases.ts";
import { faultsOf } from "../lab/judge.ts";
import { type LabResult, runCase } from "../lab/lab.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { suite } from "../testing/suite.ts";

const test = suite("lab", { deadline: 90_000 });
const hasNetworks = canMakeNetworks();
const testNetworks = hasNetworks ? test : test.skip;

/** Limit for the first answer, in milliseconds: a busy machine takes three times as long. */
const LIMIT_MS = 9_000;

const WITH_TURN = ["udp-blocked-page"];
const NAMES = [...WITH_TURN, "symmetric-symmetric+port", "block-lifted"];
const cases = CASES.filter(({ name }) => NAMES.includes(name)).map((labCase) => ({
  labCase,
  turn: WITH_TURN.includes(labCase.name),
}));

/** All at once, since most of their time is waiting. */
let results: Promise<LabResult>[] = [];

test.before(() => {
  if (!hasNetworks) return;
  results = cases.map(({ labCase, turn }) => runCase(labCase, { browser: "chromium", turn }));
  for (const result of results) result.catch(() => {});
});

test.after(async () => void await Promise.allSettled(results));

for (const [at, { labCase, turn }] of cases.entries()) {
  const servers = turn ? "with" : "without";
  testNetworks(`${labCase.about}, ${servers} TURN: the best way, and no byte is lost`, async () => {
    assert.equal(faultsOf(await results[at]!, labCase, { turn, limit: LIMIT_MS }), []);
  });
}

test.run();
