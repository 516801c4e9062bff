// A few cases of the lab (tools/lab/): networks that no direct connection crosses without help. They take
// Linux and root. `npm run lab` runs all cases.
import * as assert from "uvu/assert";
import { CASES } from "../lab/cases.ts";
import { type LabResult, runCase } from "../lab/lab.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { suite } from "../testing/suite.ts";

const test = suite("lab", { deadline: 90_000 });
const hasNetworks = canMakeNetworks();
const testNetworks = hasNetworks ? test : test.skip;

/** The longest time to the first answer, in milliseconds: a busy machine takes three times as long. */
const FIRST_ANSWER_MS = 9_000;

const NAMES = ["symmetric-symmetric+port", "symmetric-symmetric", "udp-blocked-page"];
const cases = CASES.filter(({ name }) => NAMES.includes(name));

/** All at once, since most of their time is waiting. */
let results: Promise<LabResult>[] = [];

test.before(() => {
  if (!hasNetworks) return;
  results = cases.map((each) => runCase(each, { browser: "chromium", turn: false }));
  for (const result of results) result.catch(() => {});
});

test.after(async () => void await Promise.allSettled(results));

for (const [at, { about, best }] of cases.entries()) {
  testNetworks(`${about}: connected by the best way (${best}), and no byte is lost`, async () => {
    const { isConnected, way, ms, download, error, reason } = await results[at]!;
    assert.ok(isConnected, error ?? reason);
    assert.is(way, best);
    assert.ok(download?.isExact, download?.error);
    assert.ok(ms <= FIRST_ANSWER_MS, `${ms} ms`);
  });
}

test.run();
