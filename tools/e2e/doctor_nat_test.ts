// `lighthouse-host doctor` behind routers: apart from its other tests, since the routers' wires change this
// machine's addresses, which all hosts notice.
import { spawnSync } from "node:child_process";
import * as assert from "uvu/assert";
import type { Finding } from "../../host/doctor/finding.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { PROGRAM } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { startRouter } from "./router.ts";
import { startStunServer } from "./stun_server.ts";

const test = suite("doctor behind a NAT", { deadline: 60_000 });

/** Two routers, as nftables makes them. */
const ROUTERS: [name: string, rule: string, ok: boolean][] = [
  ["cone", "masquerade", true],
  ["symmetric", "masquerade fully-random", false],
];
const canRoute = spawnSync("nft", ["--version"]).status === 0 && canMakeNetworks();
for (const [name, rule, ok] of ROUTERS) {
  (canRoute ? test : test.skip)(`behind a real ${name} NAT`, async () => {
    await using network = await startRouter(rule);
    await using server = await startStunServer({ hasOther: true, addresses: network.outside });
    const output = network.run(
      [...PROGRAM, "doctor", "--json", "--stun", server.url],
      ["--relay", "ws://127.0.0.1:9/prod", "--backend", "http://127.0.0.1:9"],
    );
    const findings = (await output).trim().split("\n").map((line) => JSON.parse(line) as Finding);
    const nat = findings.find(({ check }) => check === "nat")!;
    assert.is(nat.ok, ok);
    assert.match(nat.message, ok ? "endpoint-independent" : "symmetric");
  });
}

test.run();
