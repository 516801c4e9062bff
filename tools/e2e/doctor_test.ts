// `lighthouse-host doctor` against the real bridge: what it finds when all is well, and when each part
// is not.
import { chmod, mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import type { Finding } from "../../host/doctor/finding.ts";
import { type Bridge, type BridgeOptions, startBridge } from "../local/bridge.ts";
import { run } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { startStunServer, type StunServerOptions } from "./stun_server.ts";

const test = suite("doctor", { deadline: 60_000 });

/** Runs it; findings by the name of the check, the last of a name. */
async function diagnose(bridge: Bridge, ...flags: string[]) {
  const usual = bridge.hostFlags();
  // Given once more, a flag that repeats would count besides.
  const at = usual.indexOf(flags[0] ?? "");
  if (at >= 0) usual.splice(at, 2);
  const args = ["doctor", "--json", ...usual, ...flags];
  const { code, output, errors } = await run(args, bridge.hostEnvironment);
  assert.is(errors, "");
  const findings = output.trim().split("\n").map((line) => JSON.parse(line) as Finding);
  return { code, findings, found: new Map(findings.map((each) => [each.check, each])) };
}

async function online(options: BridgeOptions = {}) {
  const bridge = await startBridge({ propagation: 200, isPublic: false, ...options });
  const host = bridge.startHost();
  await host.until("online");
  return { bridge, host };
}

test("with a host that is online all is well, and a page's way is gone once", async () => {
  const { bridge, host } = await online();
  await using _ = bridge;
  const { code, findings, found } = await diagnose(bridge);
  assert.equal(findings.map(({ check }) => check), [
    "settings",
    "webrtc",
    "state",
    "key",
    "dns",
    "clock",
    "backend",
    "stun",
    "port",
    "quic",
    "relayed",
    "relay",
    "lambda:GetFunctionConfiguration",
    "lambda:UpdateFunctionConfiguration",
    "registration",
    "service",
    "loop",
  ]);
  assert.equal(findings.filter(({ ok }) => ok === false), []);
  assert.is(code, 0);
  assert.match(found.get("settings")!.message, `process ${host.pid}`);
  assert.match(found.get("loop")!.message, /GET \/: \d{3} in \d+ ms/);
  // Nothing is left of the device that it was.
  await host.until("device-revoked");
  assert.equal(await readdir(join(bridge.state, "devices")), []);
  assert.equal(await readdir(join(bridge.state, "pairings")), []);
  const shown = await run(["doctor", ...bridge.hostFlags()], bridge.hostEnvironment);
  assert.match(shown.output, /^✓ settings .*\n✓ webrtc .*\n✓ state /);
  assert.match(shown.output, /\n\nAll is well\.\n$/);
});

for (const registry of ["lambda-env", "s3"] as const) {
  test(`a shell without AWS credentials is no problem while a host runs, with ${registry}`, async () => {
    const { bridge, host } = await online({ registry });
    await using _ = bridge;
    const without = { AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined };
    const environment = { ...bridge.hostEnvironment, ...without };
    const diagnose = async () => {
      const { code, output } = await run(["doctor", ...bridge.hostFlags()], environment);
      return { code, output };
    };
    const well = await diagnose();
    assert.is(well.code, 0, well.output);
    assert.match(well.output, /^– aws {11}not tried: this shell has no AWS credentials/m);
    assert.match(well.output, /^✓ registration {2}the host that runs says/m);
    assert.match(well.output, /^✓ loop {10}a page's way/m);
    await host.stop();
    const alone = await diagnose();
    assert.is(alone.code, 1);
    assert.match(alone.output, /^✗ aws {11}.*Check the AWS credentials of this host/m);
  });
}

test("with the S3 registry, too; and whether the page may read it", async () => {
  const { bridge } = await online({ registry: "s3" });
  await using _ = bridge;
  const [origin] = bridge.page.origins;
  const { code, found } = await diagnose(bridge, "--page", `${origin}/`);
  assert.is(code, 0);
  assert.match(found.get("cors")!.message, `${origin} may read`);
  assert.is(found.get("loop")!.ok, true);
  const other = await diagnose(bridge, "--page", "https://other.example/");
  assert.is(other.found.get("cors")!.ok, false);
  assert.match(other.found.get("cors")!.cure!, "origins");
  assert.is(other.code, 1);
});

test("with the registry relay nothing is asked of AWS, and nothing is said of it", async () => {
  const { bridge } = await online({ registry: "relay", publicRegistry: false });
  await using _ = bridge;
  const { output, code } = await run(["doctor", ...bridge.hostFlags()], bridge.hostEnvironment);
  assert.is(code, 0, output);
  assert.match(output, /^✓ relay +127\.0\.0\.1:\d+ answers$/m);
  assert.match(output, /^✓ registration +entry laptop at \S+ names the host that runs/m);
  assert.match(output, /^✓ loop +a page's way/m);
  assert.not.match(output, /aws|lambda|s3|cors/i);
  // Another key, as after a change of the state folder.
  const other = await diagnose(bridge, "--state", join(temporaryFolder(), "state"));
  assert.is(other.code, 1);
  assert.match(
    other.found.get("relay")!.message,
    /lighthouse-host key prints.*hostKeys, as laptop=KEY/,
  );
  assert.is(other.found.has("registration"), false);
});

test("without a host, what needs one is not tried, and nothing is registered", async () => {
  await using bridge = await startBridge({ propagation: 200 });
  const { code, found } = await diagnose(bridge);
  assert.is(code, 0);
  assert.is(found.get("loop")!.ok, null);
  assert.match(found.get("loop")!.message, "lighthouse-host run");
  assert.match(found.get("registration")!.message, "nobody");
  assert.is(bridge.function.environment.LAPTOP_ID, "init");
});

test("what is wrong is told, each with its cure, and the rest is looked at all the same", async () => {
  await using bridge = await startBridge({ propagation: 200 });
  await chmod(join(bridge.state, "host.key"), 0o644);
  bridge.controlPlane.faults.answer = (operation) =>
    operation === "UpdateFunctionConfiguration"
      ? { status: 403, code: "AccessDeniedException" }
      : undefined;
  const { code, found } = await diagnose(bridge, "--backend", "http://127.0.0.1:9");
  assert.is(code, 1);
  assert.match(found.get("key")!.message, "chmod 600");
  assert.is(found.get("backend")!.ok, false);
  assert.match(found.get("backend")!.cure!, "start it");
  assert.is(found.get("lambda:GetFunctionConfiguration")!.ok, true);
  assert.match(found.get("lambda:UpdateFunctionConfiguration")!.message, '"Action"');
  assert.is(found.has("registration"), false);
  assert.is(found.get("loop")!.ok, null);
});

test("a relay that is away, and settings that are wrong, are told of", async () => {
  await using bridge = await startBridge({ propagation: 200 });
  const away = await diagnose(bridge, "--relay", "ws://127.0.0.1:9/prod");
  assert.is(away.code, 1);
  assert.match(away.found.get("relay")!.message, "ECONNREFUSED");
  assert.is(away.found.get("clock")!.ok, null);
  const nowhere = await diagnose(bridge, "--relay", "wss://relay.invalid/prod");
  assert.is(nowhere.found.get("dns")!.ok, false);
  const wrong = await diagnose(bridge, "--stun", "turn:x");
  assert.equal(wrong.findings.map(({ check }) => check), ["settings", "service"]);
  assert.match(wrong.found.get("settings")!.message, "expected stun:host:port");
});

/** What a server says, and what is to be made of it. */
const NETWORKS: [name: string, StunServerOptions, check: string, ok: boolean | null, RegExp][] = [
  ["no router", { hasOther: true }, "nat", true, /no router.*STUN will do/],
  [
    "a cone NAT",
    { hasOther: true, seenAs: "198.51.100.7" },
    "nat",
    true,
    /endpoint-independent mapping: STUN will do/,
  ],
  [
    "a symmetric NAT",
    { hasOther: true, seenAs: "198.51.100.7", isSymmetric: true },
    "nat",
    false,
    /symmetric NAT/,
  ],
  ["one address", { seenAs: "198.51.100.7" }, "nat", null, /not known/],
  ["UDP held back", { answers: false }, "stun", false, /do not answer/],
];
for (const [name, options, check, ok, message] of NETWORKS) {
  test(`the network is judged: ${name}`, async () => {
    await using bridge = await startBridge({ propagation: 200 });
    await using server = await startStunServer(options);
    const { code, found } = await diagnose(bridge, "--stun", server.url);
    assert.is(found.get(check)!.ok, ok);
    assert.match(found.get(check)!.message, message);
    assert.is(code, ok === false ? 1 : 0);
  });
}

test("a service that is installed and does not run is told of", async () => {
  await using bridge = await startBridge({ propagation: 200 });
  const home = temporaryFolder();
  const folder = join(home, "systemd", "user");
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "lighthouse-host.service"), "");
  const { output } = await run(["doctor", "--json", ...bridge.hostFlags()], {
    ...bridge.hostEnvironment,
    XDG_CONFIG_HOME: home,
  });
  const [service] = output.trim().split("\n").map((line) => JSON.parse(line) as Finding)
    .filter(({ check }) => check === "service");
  assert.is(service!.ok, process.platform === "linux" ? false : null);
});

test("what a host runs with goes before the settings file", async () => {
  const { bridge } = await online();
  await using _ = bridge;
  const { output } = await run(
    ["doctor", "--json", "--state", bridge.state],
    bridge.hostEnvironment,
  );
  assert.match(output, '"check":"loop","ok":true');
});

test.run();
