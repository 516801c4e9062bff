// `npm run bench` measures what it says: all contenders for real, in small.
import { spawn, spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import process from "node:process";
import * as assert from "uvu/assert";
import type { PathResults } from "../bench/paths/results.ts";
import type { Results } from "../bench/results.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { suite } from "../testing/suite.ts";

const test = suite("bench", { deadline: 200_000 });

async function bench(...flags: string[]) {
  const child = spawn(process.execPath, ["tools/bench/main.ts", ...flags]);
  let [output, errors] = ["", ""];
  child.stdout.setEncoding("utf8").on("data", (text: string) => output += text);
  child.stderr.setEncoding("utf8").on("data", (text: string) => errors += text);
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, output, errors, pid: child.pid };
}

/** Whether this process may make network namespaces and TUN devices. */
function canMakeLinks(): boolean {
  try {
    accessSync("/dev/net/tun", constants.R_OK | constants.W_OK);
  } catch {
    return false;
  }
  return canMakeNetworks();
}

test("a quick run has every figure of every contender", async () => {
  const { code, output, errors } = await bench("--quick", "--json");
  assert.is(code, 0, errors);
  const { contenders, sealing, coldStart, firstPages, machine, backendTime } = JSON.parse(
    output,
  ) as Results;
  assert.equal(Object.keys(contenders), ["raw", "tunnel", "peerjs", "http"]);
  for (const [name, figures] of Object.entries(contenders)) {
    const { download, upload, rate1, rate8, rate64, roundTrip, loadedRoundTrip } = figures;
    const all = { download, upload, rate1, rate8, rate64, roundTrip, loadedRoundTrip };
    for (const [what, each] of Object.entries(all)) {
      assert.ok(each.most > 0 && each.samples > 0, `${name} has no ${what}`);
    }
    assert.ok(figures.pageMemory.peak > figures.pageMemory.idle, `${name} has no pageMemory`);
    // Plain HTTP has no connection to make, and no host.
    const measured = [figures.connect, figures.downloadCpu, figures.uploadCpu, figures.hostMemory];
    const isOnLinux = process.platform === "linux";
    const expected = name === "http" ? [] : isOnLinux ? measured : [figures.connect];
    assert.equal(measured.filter(Boolean), expected, `${name} lacks a figure`);
    assert.is(expected.includes(undefined), false, `${name} lacks a figure`);
  }
  assert.ok(backendTime > 0);
  assert.ok(sealing!.p50 > 0);
  assert.ok(coldStart!.times.length > 0);
  const { http, app, connects } = firstPages!;
  assert.ok([http, app, connects].every(([time]) => time! > 0));
  assert.ok(machine.versions.chromium && machine.versions["node-datachannel"]);
});

test("--rtt makes the link that long, or says what that takes", async () => {
  const { code, output, errors, pid } = await bench(
    "--quick",
    "--rtt",
    "80",
    "--only",
    "http",
    "--json",
  );
  if (!canMakeLinks()) {
    assert.is(code, 1);
    assert.match(errors, "Cannot make a long wire");
    return;
  }
  assert.is(code, 0, errors);
  const { roundTrip } = (JSON.parse(output) as Results).contenders.http!;
  assert.ok(roundTrip.p50 >= 80, `a round trip takes ${roundTrip.p50} ms`);
  const namespaces = spawnSync("ip", ["netns", "list"], { encoding: "utf8" }).stdout;
  assert.not.match(namespaces, `lighthouse-lab-${pid}`);
});

if (canMakeLinks()) {
  test("--path measures every figure of the tunnel and of plain HTTP", async () => {
    const { code, output, errors } = await bench("--quick", "--path", "narrow", "--json");
    assert.is(code, 0, errors);
    const { tunnel, http } = (JSON.parse(output) as PathResults).paths.narrow!;
    for (
      const [name, { failures, ...figures }] of Object.entries({ tunnel: tunnel!, http: http! })
    ) {
      assert.equal(failures, [], name);
      // Half of the rate may take longer than a trial waits.
      const missing = Object.entries(figures).filter(([what, figure]) =>
        figure === null && what !== "halfRate"
      );
      assert.equal(missing, [], name);
      // 10 and 1 Mbit/s, and 30 ms. On a busy machine, bytes come in bursts.
      assert.ok(figures.steadyDownload! < 2.4 && figures.steadyUpload! < 0.24, name);
      assert.ok(figures.roundTrip!.p50 >= 30, name);
    }
  });
}

test("a wrong flag ends with 2 and the usage", async () => {
  const { code, errors } = await bench("--rtt", "soon");
  assert.is(code, 2);
  assert.match(errors, "Cannot use --rtt soon");
  assert.match(errors, "Usage: npm run bench");
});

test.run();
