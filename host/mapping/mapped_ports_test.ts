// The host's mapped ports with a real router: miniupnpd in a network namespace, which takes Linux and root.
import * as assert from "uvu/assert";
import { canMakeNetworks } from "../../tools/testing/networks.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import { startMappedPorts } from "../testing/mapped_ports.ts";

const test = suite("mapped ports", { deadline: 30_000 });
const testNetworks = canMakeNetworks() ? test : test.skip;

/** The router's address. */
const OUTER = "198.17.2.2";

for (const [name, ports, protocol] of [["PCP", "both", "PCP"], ["UPnP", "upnp", "UPnP"]] as const) {
  testNetworks(
    `by ${name}, four ports are free for the next connections, and given back`,
    async () => {
      await using lab = await startMappedPorts({ nat: "symmetric", ports });
      assert.equal(await lab.state("mapped"), {
        state: "mapped",
        protocol,
        address: OUTER,
        ports: 4,
      });
      assert.is(lab.router.mappings.length, 4);
      const taken = await lab.take();
      assert.is(taken!.outer.address, OUTER);
      assert.match(lab.router.mappings.join(), `dport ${taken!.outer.port} dnat ip to 10.2.0.2:`);
      // Another one follows in the background.
      await until(() => lab.router.mappings.length === 5);
      await lab.end();
      assert.equal(lab.router.mappings, []);
    },
  );
}

testNetworks(
  "a router that is gone is told, and gives ports again when it is back",
  async () => {
    await using lab = await startMappedPorts({ nat: "cone", ports: "both" }, {
      renewal: 500,
      retry: 500,
    });
    await lab.state("mapped");
    const before = lab.router.mappings.map((line) => /dport (\d+)/.exec(line)![1]).sort();
    await lab.router.stopPorts();
    assert.equal(lab.router.mappings, []);
    const gone = await lab.state("none");
    assert.match((gone as { reason: string }).reason, "no PCP, NAT-PMP or UPnP");
    await lab.router.startPorts();
    await lab.state("mapped");
    assert.is(lab.router.mappings.length, before.length);
  },
);

/** The port of a server. */
const SERVER = { address: OUTER, port: 4433 };

for (const [name, ports] of [["PCP", "both"], ["UPnP", "upnp"]] as const) {
  testNetworks(`by ${name}, a server's port is mapped until it is released`, async () => {
    await using lab = await startMappedPorts({ nat: "symmetric", ports });
    assert.is(await lab.held(), null);
    await lab.state("mapped");
    lab.say("hold 4433");
    assert.equal(await lab.held(), SERVER);
    assert.match(lab.router.mappings.join(), "dport 4433 dnat ip to 10.2.0.2:4433");
    // No connection takes it.
    assert.is.not((await lab.take())!.port, SERVER.port);
    await until(() => lab.router.mappings.length === 6);
    lab.say("release");
    await until(() => lab.router.mappings.length === 5);
    assert.not.match(lab.router.mappings.join(), "dport 4433 ");
    await lab.end();
  });
}

testNetworks("a server's port is mapped again whenever the router gives ports", async () => {
  const timing = { renewal: 500, retry: 500 };
  await using lab = await startMappedPorts({ nat: "cone", ports: "both" }, timing);
  assert.is(await lab.held(), null);
  // Asked for before the router has answered.
  lab.say("hold 4433");
  assert.equal(await lab.held(), SERVER);
  await lab.router.stopPorts();
  assert.is(await lab.held(), null);
  await lab.router.startPorts();
  assert.equal(await lab.held(), SERVER);
  lab.say("off");
  assert.is(await lab.held(), null);
  await until(() => lab.router.mappings.length === 0);
  lab.say("on");
  assert.equal(await lab.held(), SERVER);
  await lab.end();
  assert.equal(lab.router.mappings, []);
});

testNetworks("ports are renewed before their leases end", async () => {
  await using lab = await startMappedPorts({ nat: "cone", ports: "both" }, { lifetime: 3 });
  lab.say("hold 4433");
  await until(() => lab.router.mappings.length === 5);
  const before = lab.router.mappings.toSorted();
  // Longer than a lease, and than the router's look at those that have ended.
  await new Promise((resolve) => setTimeout(resolve, 6_500));
  assert.equal(lab.router.mappings.toSorted(), before);
});

testNetworks("switched off, all ports are given back, and on again they are mapped", async () => {
  await using lab = await startMappedPorts({ nat: "cone", ports: "both" });
  await lab.state("mapped");
  lab.say("off");
  await lab.state("off");
  assert.equal(lab.router.mappings, []);
  assert.is(await lab.take(), null);
  lab.say("on");
  await lab.state("mapped");
  assert.is(lab.router.mappings.length, 4);
});

test.run();
