// The host's mapped ports with a real router: miniupnpd in a network namespace, which takes Linux and root.
import process from "node:process";
import { fileURLToPath } from "node:url";
import * as assert from "uvu/assert";
import { Network, type NetworkOptions } from "../../tools/lab/network.ts";
import { canMakeNetworks } from "../../tools/testing/networks.ts";
import { RunningProgram } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { until } from "../../tools/testing/until.ts";
import type { MappingTiming, PortMappingState } from "./mapped_ports.ts";

const test = suite("mapped ports", { deadline: 30_000 });
const testNetworks = canMakeNetworks() ? test : test.skip;

const MAIN = fileURLToPath(new URL("../testing/mapped_ports_main.ts", import.meta.url));

/** The router's address. */
const OUTER = "198.17.2.2";

/** A host's ports behind a router. */
async function start(
  host: NetworkOptions["host"],
  timing: Partial<MappingTiming> = {},
  options: Partial<NetworkOptions> = {},
) {
  await using stack = new AsyncDisposableStack();
  const network = stack.use(
    await Network.start({ page: { nat: "cone" }, host, wire: {}, ...options }),
  );
  const child = network.host.start([process.execPath, MAIN, JSON.stringify(timing)], {
    stdio: ["pipe", "pipe", "pipe"],
  });
  const program = new RunningProgram(child);
  const parts = stack.move();
  let lines = 0;
  const next = <Line>(fits: (line: Line) => boolean): Promise<Line> =>
    program.find("a line", () => {
      const found = program.lines.slice(lines).findIndex((line) => fits(JSON.parse(line)));
      if (found < 0) return undefined;
      lines += found + 1;
      return JSON.parse(program.lines[lines - 1]!) as Line;
    });
  return {
    network,
    router: network.portRouter,
    program,
    /** Resolves with the next state of that name. */
    state: (name: PortMappingState["state"]) =>
      next<PortMappingState>(({ state }) => state === name),
    /** Sends a command. */
    say: (command: string) => child.stdin!.write(`${command}\n`),
    async take(): Promise<{ port: number; outer: { address: string; port: number } } | null> {
      child.stdin!.write("take\n");
      return (await next<{ taken: null }>((line) => "taken" in line)).taken;
    },
    /** Ends it as a host does. */
    async end() {
      child.stdin!.end();
      assert.is(await program.exited, 0);
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

for (const [name, ports, protocol] of [["PCP", "both", "PCP"], ["UPnP", "upnp", "UPnP"]] as const) {
  testNetworks(
    `by ${name}, four ports are free for the next connections, and given back`,
    async () => {
      await using lab = await start({ nat: "symmetric", ports });
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
  "a router that restarts has the same ports again, and one that is gone is told",
  async () => {
    await using lab = await start({ nat: "cone", ports: "both" }, { renewal: 500, retry: 500 });
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

testNetworks("ports are renewed before their leases end", async () => {
  await using lab = await start({ nat: "cone", ports: "both" }, { lifetime: 3 });
  await lab.state("mapped");
  const before = lab.router.mappings.toSorted();
  // Longer than a lease, and than the router's look at those that have ended.
  await new Promise((resolve) => setTimeout(resolve, 6_500));
  assert.equal(lab.router.mappings.toSorted(), before);
});

testNetworks(
  "a router without a public address of its own is told, and its ports are not used",
  async () => {
    await using lab = await start({ nat: "cone", ports: "both" }, {}, {
      hostPlace: "behind two routers",
    });
    const state = await lab.state("unreachable") as { cure: string };
    assert.match(state.cure, "bridge");
    assert.is(await lab.take(), null);
    assert.equal(lab.router.mappings, []);
  },
);

/** A router that answers each request by PCP or NAT-PMP with "not authorized". */
const REFUSING = `
  const socket = require("node:dgram").createSocket("udp4");
  socket.on("message", (request, { port, address }) => {
    const answer = Buffer.from(request);
    answer[1] |= 0x80;
    answer[3] = 2;
    socket.send(answer, port, address);
  }).bind(5351);`;

testNetworks("a router that refuses is told, with the cure", async () => {
  await using lab = await start({ nat: "cone" }, { retry: 300 });
  lab.router.namespace.start([process.execPath, "-e", REFUSING], { stdio: "ignore" });
  await until(async () => {
    const { reason } = await lab.state("none") as { reason: string };
    return reason.startsWith("the router refuses the port");
  });
  assert.is(await lab.take(), null);
});

testNetworks(
  "no router that gives ports costs nothing but a line in the log",
  async () => {
    await using lab = await start({ nat: "cone" }, { retry: 500 });
    await lab.state("none");
    assert.is(await lab.take(), null);
    lab.say("wake");
    await new Promise((resolve) => setTimeout(resolve, 3_000));
    assert.is(lab.program.lines.filter((line) => line.includes('"event"')).length, 1);
    lab.say("off");
    await lab.state("off");
    await lab.end();
  },
);

testNetworks("switched off, all ports are given back, and on again they are mapped", async () => {
  await using lab = await start({ nat: "cone", ports: "both" });
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
