// Pages connect while the host replaces its connections to the relay, behind a gateway that ends
// connections after some seconds. `npm run soak` runs longer, and with faults.
import * as assert from "uvu/assert";
import { endPeers } from "../../host/peers/peer.ts";
import { runRotation } from "../soak/rotation.ts";
import { suite } from "../testing/suite.ts";

const test = suite("rotation", { deadline: 120_000 });
test.after(() => endPeers());

test("every page connects while the host replaces its connection", async () => {
  const rotation = await runRotation({
    duration: 12_000,
    perSecond: 4,
    lifetime: 8_000,
    propagation: 500,
    staleFor: 500,
    faults: false,
    seed: 1,
  });
  assert.equal(rotation.lost, {});
  assert.is(rotation.atOnce + rotation.later, 48);
  assert.ok(rotation.connections >= 3, `${rotation.connections} connections`);
});

test.run();
