// The host's mapped ports with routers that give none that pages reach. It takes Linux and root.
import * as assert from "uvu/assert";
import { canMakeNetworks } from "../../tools/testing/networks.ts";
import { suite } from "../../tools/testing/suite.ts";
import { startMappedPorts } from "../testing/mapped_ports.ts";

const test = suite("routers without ports", { deadline: 30_000 });
const testNetworks = canMakeNetworks() ? test : test.skip;

testNetworks(
  "a router without a public address of its own is told, and its ports are not used",
  async () => {
    await using lab = await startMappedPorts({ nat: "cone", ports: "both" }, {}, {
      hostPlace: "behind two routers",
    });
    const state = await lab.state("unreachable") as { cure: string };
    assert.match(state.cure, "bridge");
    assert.is(await lab.take(), null);
    assert.equal(lab.router.mappings, []);
  },
);

/** A router that answers requests of PCP. @param change What it does to the answer. */
const fakeRouter = (change: string) => `
  const socket = require("node:dgram").createSocket("udp4");
  socket.on("message", (request, { port, address }) => {
    const answer = Buffer.from(request);
    answer[1] |= 0x80;
    ${change}
    socket.send(answer, port, address);
  }).bind(5351);`;

/** Answers "not authorized". */
const REFUSING = fakeRouter("answer[3] = 2;");

/** Maps ports of an address of a provider's NAT, as routers at home do. */
const INNER = fakeRouter("Buffer.from([100, 64, 0, 7]).copy(answer, 56);");

testNetworks("a router that refuses is told, with the cure", async () => {
  await using lab = await startMappedPorts({ nat: "cone" }, {}, { fake: REFUSING });
  const { reason, cure } = await lab.state("none") as { reason: string; cure: string };
  assert.match(reason, "the router refuses the port");
  assert.match(cure, "for this machine");
  assert.is(await lab.take(), null);
});

testNetworks(
  "a router with an address of its provider's NAT is told, and gets its ports back",
  async () => {
    await using lab = await startMappedPorts({ nat: "cone" }, {}, { fake: INNER });
    const { reason } = await lab.state("unreachable") as { reason: string };
    assert.is(reason, "the router's address 100.64.0.7 is one of its provider's NAT");
    assert.is(await lab.take(), null);
  },
);

testNetworks(
  "no router that gives ports costs nothing but a line in the log",
  async () => {
    await using lab = await startMappedPorts({ nat: "cone" }, { retry: 500 });
    await lab.state("none");
    assert.is(await lab.take(), null);
    lab.say("wake");
    await new Promise((resolve) => setTimeout(resolve, 2_500));
    assert.is(lab.program.lines.filter((line) => line.includes('"event"')).length, 1);
    lab.say("off");
    await lab.state("off");
    await lab.end();
  },
);

test.run();
