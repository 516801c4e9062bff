// A host behind a router that gives ports, as its owner sees it. It takes Linux and root.
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { Network } from "../../tools/lab/network.ts";
import { canMakeNetworks } from "../../tools/testing/networks.ts";
import { run, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";

const test = suite("port mapping", { deadline: 40_000 });
const testNetworks = canMakeNetworks() ? test : test.skip;

testNetworks(
  "status and doctor tell of the ports, a running host switches them off and on, and gives them back",
  async () => {
    await using network = await Network.start({
      page: { nat: "cone" },
      host: { nat: "cone", ports: "both" },
      wire: {},
    });
    const folder = temporaryFolder();
    const state = join(folder, "state");
    const settings = (more: Record<string, unknown>) =>
      writeFile(
        join(folder, "lighthouse", "config.json"),
        JSON.stringify({
          relay: "ws://127.0.0.1:9/prod",
          backend: 9,
          stun: "none",
          // It would have a port of its own, where Deno is installed.
          quic: "off",
          ...more,
        }),
        { mode: 0o600 },
      );
    await mkdir(join(folder, "lighthouse"), { mode: 0o700 });
    await settings({});
    const environment = {
      XDG_CONFIG_HOME: folder,
      LIGHTHOUSE_STATE: state,
      LIGHTHOUSE_PORT_MAPPING: undefined,
    };
    // The host has no way to a relay, and waits for one.
    const host = start(["run", "--json", "--region", "us-east-1"], environment, {
      through: ["ip", "netns", "exec", network.host.name],
    });
    await host.until(/"port-mapped"/);
    const { output } = await run(["status", "--json"], environment);
    const { networks } = JSON.parse(output);
    assert.equal(networks.port, {
      state: "mapped",
      protocol: "PCP",
      address: "198.17.2.2",
      ports: networks.port.ports,
    });
    assert.is(networks.host.port, "mapped");
    assert.match(
      (await run(["status"], environment)).output,
      /port +\d+ ports of 198\.17\.2\.2 by PCP/,
    );

    const doctor = await run(["doctor", "--region", "us-east-1"], environment);
    assert.match(doctor.output, /port +\d+ ports of 198\.17\.2\.2 by PCP/);

    await settings({ "port-mapping": "off" });
    await until(() => network.portRouter.mappings.length === 0);
    assert.match((await run(["status"], environment)).output, /port +off/);
    await settings({ "port-mapping": "on" });
    await until(() => network.portRouter.mappings.length === 4);

    const { code, ms } = await host.end("SIGTERM");
    assert.is(code, 0);
    assert.ok(ms < 3_000, `${ms} ms`);
    assert.equal(network.portRouter.mappings, []);
  },
);

test.run();
