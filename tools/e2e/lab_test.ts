// A few cases of the lab (tools/lab/): networks that no direct connection crosses without help. They take
// Linux and root. `npm run lab` runs all cases.
import * as assert from "uvu/assert";
import { CASES } from "../lab/cases.ts";
import { runCase } from "../lab/lab.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { suite } from "../testing/suite.ts";

const test = suite("lab", { deadline: 90_000 });
const testNetworks = canMakeNetworks() ? test : test.skip;

/** The longest time to the first answer, in milliseconds: a busy machine takes three times as long. */
const FIRST_ANSWER_MS = 9_000;

for (const name of ["symmetric-symmetric+port", "symmetric-symmetric", "udp-blocked-page"]) {
  const labCase = CASES.find((each) => each.name === name)!;
  testNetworks(`${labCase.about}: connected by the best way, and no byte is lost`, async () => {
    const result = await runCase(labCase, { browser: "chromium", turn: false });
    const { isConnected, way, ms, download, error, reason } = result;
    assert.ok(isConnected, error ?? reason);
    assert.is(way, labCase.best);
    assert.ok(download?.isExact, download?.error);
    assert.ok(ms <= FIRST_ANSWER_MS, `${ms} ms`);
  });
}

test.run();
