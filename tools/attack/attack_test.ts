// Some attacks of `npm run attack`, short, and the goals that do not depend on the machine's speed: nobody
// else is disconnected, the control socket answers, memory stays bounded, all is given back, and the
// guest is told the right reason.
import { rejects } from "node:assert/strict";
import * as assert from "uvu/assert";
import { endPeers } from "../../host/peers/peer.ts";
import { suite } from "../testing/suite.ts";
import type { Attack, Result } from "./attack.ts";
import { aheadOfAcks } from "./attacks/ahead.ts";
import { deafSockets } from "./attacks/backends.ts";
import { gaps } from "./attacks/gaps.ts";
import { spellings } from "./attacks/heads.ts";
import { sessionsAway, unfinishedHeads } from "./attacks/memory.ts";
import { halfOpen, replays } from "./attacks/offers.ts";
import { tinyFrames } from "./attacks/tiny_frames.ts";
import { runAttack } from "./run.ts";

const test = suite("attack", { deadline: 60_000 });

const DURATION_MS = 1_000;

/** Most memory that a host may need for a guest, in bytes: the goal, and as much for slow collections. */
const GROWTH = 128 * 1024 ** 2;

/** What the guest must have counted at least once. */
const CASES: [attack: Attack, expected?: string][] = [
  [gaps, "bad-frame"],
  [tinyFrames, "bad-frame"],
  [aheadOfAcks],
  [unfinishedHeads],
  [sessionsAway, "sessions"],
  [deafSockets],
  [spellings, "messages"],
  [halfOpen, "answers"],
  [replays, "messages"],
];

for (const [attack, expected] of CASES) {
  test(`${attack.name}: ${attack.what}`, async () => {
    const { faults, growth, counts }: Result = await runAttack(attack, DURATION_MS);
    assert.equal(faults, []);
    assert.ok(growth < GROWTH, `memory grew by ${growth} bytes`);
    if (expected) assert.ok(counts[expected], `the guest met ${JSON.stringify(counts)}`);
  });
}

test("an attack on a host that ends says so", async () => {
  const attack: Attack = {
    name: "none",
    what: "",
    run: () => Promise.resolve(),
    prepare: () => Promise.resolve(["--nonsense"]),
  };
  await rejects(runAttack(attack, 1), /nonsense/);
});

test.after(() => endPeers());

test.run();
