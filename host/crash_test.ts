// The real program killed at any moment of what it writes, and on a disk that takes nothing more: what
// was there stays whole.
import { spawnSync } from "node:child_process";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { startBridge } from "../tools/local/bridge.ts";
import { run, start } from "../tools/testing/program.ts";
import { suite } from "../tools/testing/suite.ts";
import { temporaryFolder } from "../tools/testing/temporary_folder.ts";
import { generateKeyPair, rawPublicKey } from "../wire/mod.ts";
import { devicesFolder, readDevices, writeDevice } from "./access/devices.ts";
import { readIdentity } from "./access/host_key.ts";
import { pairingsFolder, readPairings } from "./access/pairings.ts";
import { readConfigFile } from "./config/config_file.ts";
import type { Finding } from "./doctor/finding.ts";
import { deviceOf } from "./testing/access.ts";

const test = suite("crash", { deadline: 200_000 });

/** Moments at which it is killed, of each of the commands together. */
const KILLS = 52;

async function setUp() {
  const folder = temporaryFolder();
  const state = join(folder, "state");
  await mkdir(join(folder, "lighthouse"));
  const config = join(folder, "lighthouse", "config.json");
  await writeFile(config, '{ "service": ["/a=http://127.0.0.1:1/"] }');
  return {
    folder,
    state,
    config,
    environment: { XDG_CONFIG_HOME: folder, LIGHTHOUSE_STATE: state },
  };
}

test("killed at any moment, it leaves config, keys and devices whole", async () => {
  const at = await setUp();
  const { fingerprint } = await readIdentity(at.state);
  const device = await deviceOf(await rawPublicKey(await generateKeyPair()));
  await writeDevice(devicesFolder(at.state), { ...device, name: "name 0" });
  const commands = (round: number) => [
    ["rename", device.id, `name ${round}`],
    ["services", "add", `/a=http://127.0.0.1:${round + 1}`],
    ["pair", "--no-wait"],
    // In a folder of its own each time.
    ["key", "--state", join(at.folder, `other ${round}`)],
  ];
  const took: number[] = [];
  for (const args of commands(0)) {
    const started = performance.now();
    await run(args, at.environment);
    took.push(performance.now() - started);
  }
  let interrupted = 0;
  for (let round = 1; round <= KILLS / 4; round++) {
    for (const [which, args] of commands(round).entries()) {
      const started = performance.now();
      const program = start(args, at.environment);
      const closed = program.exited.then(() => performance.now() - started);
      // From when half of it is done to when it ends, each moment of it once.
      await sleep(took[which]! * (0.3 + 0.8 * round / (KILLS / 4)));
      const isRunning = program.child.exitCode === null;
      if (isRunning) interrupted++;
      program.child.kill("SIGKILL");
      const ms = await closed;
      // The machine may have become faster meanwhile.
      if (!isRunning) took[which] = ms;
      const bad: string[] = [];
      const onBad = (path: string) => bad.push(path);
      const [kept] = readDevices(devicesFolder(at.state), onBad);
      readPairings(pairingsFolder(at.state), onBad);
      assert.equal(bad, []);
      assert.match(kept!.name, /^name \d+$/);
      assert.equal(kept!.key, device.key);
      const { settings } = await readConfigFile(at.config);
      assert.match(settings.service![0]!, /^\/a=http:\/\/127\.0\.0\.1:\d+\/$/);
      assert.is((await readIdentity(at.state)).fingerprint, fingerprint);
      // Made whole, or not at all: then it is made now.
      await readIdentity(join(at.folder, `other ${round}`));
    }
  }
  assert.ok(interrupted > KILLS / 4, `${interrupted} of ${KILLS} were still running`);
});

if (process.platform !== "win32") {
  const isRoot = process.getuid!() === 0;
  const canMount = spawnSync("unshare", ["--mount", "true"]).status === 0;
  (isRoot && !canMount ? test.skip : test)(
    "a state folder that is read-only is told of, with what to do",
    async () => {
      const at = await setUp();
      await readIdentity(at.state);
      const args = ["run", "--relay", "ws://127.0.0.1:9/prod", "--backend", "http://127.0.0.1:9"];
      // Root may write to what its mode forbids, but not to what is mounted so.
      const mounted = 'mount --bind "$0" "$0" && mount -o remount,ro,bind "$0" && exec "$@"';
      if (!isRoot) await chmod(at.state, 0o500);
      const through = isRoot ? ["unshare", "--mount", "sh", "-c", mounted, at.state] : [];
      const host = start(args, at.environment, { through });
      assert.is(await host.exited, 1);
      assert.match(host.errors, /E(?:ROFS|ACCES).*--state names another/);
      await chmod(at.state, 0o700);
    },
  );

  test("a disk that takes nothing more: pages go on, and what cannot be written is told of", async () => {
    await using bridge = await startBridge({ propagation: 100, isPublic: false });
    const before = await readFile(join(bridge.state, "host.key"), "utf8");
    // No file may grow: what writes gets an error, as from a full disk.
    const through = ["sh", "-c", 'trap "" XFSZ; ulimit -f 0; exec "$@"', "sh"];
    const flags = ["--json", ...bridge.hostFlags()];
    const host = start(["run", ...flags], bridge.hostEnvironment, { through });
    await host.until(/"event":"online"/);
    const { output } = await run(["doctor", ...flags], bridge.hostEnvironment);
    const findings = output.trim().split("\n").map((line) => JSON.parse(line) as Finding);
    const loop = findings.find(({ check }) => check === "loop")!;
    assert.is(loop.ok, false);
    assert.match(loop.message, "cannot write the device down");
    assert.match(await host.until(/"pairing-failed"/), "EFBIG");
    const status = await run(["status", "--json", "--state", bridge.state]);
    assert.is(JSON.parse(status.output).phase, "online");
    assert.is((await host.end()).code, 0);
    assert.is(await readFile(join(bridge.state, "host.key"), "utf8"), before);
  });
}

test.run();
