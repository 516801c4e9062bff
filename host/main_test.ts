import { readFile } from "node:fs/promises";
import * as assert from "uvu/assert";
import { startControlPlane } from "../tools/local/control_plane.ts";
import { run, start } from "../tools/testing/program.ts";
import { suite } from "../tools/testing/suite.ts";
import { temporaryFolder } from "../tools/testing/temporary_folder.ts";
import { COMMANDS } from "./cli/commands.ts";
import { flagsFor } from "./cli/command.ts";
import { FLAGS, formatFlag } from "./cli/flags.ts";
import { startTestRelay } from "./testing/relay.ts";

const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

const test = suite("main", { deadline: 20_000 });

const RUN = ["run", "--backend", "http://127.0.0.1:5000", "--stun", "none"];
// Nothing listens on the discard port.
const UNREACHABLE = [...RUN, "--relay", "ws://127.0.0.1:9/prod"];

for (const args of [[], ["help"], ["--help"], ["-h"]]) {
  test(`lighthouse-host ${args.join(" ")} lists the commands`, async () => {
    const { code, output, errors } = await run(args);
    assert.equal([code, errors], [0, ""]);
    for (const name of Object.keys(COMMANDS)) assert.match(output, `\n  ${name} `);
    assert.match(output, "Exit codes: 0 ended as asked");
    assert.ok(output.split("\n").every((line) => line.length <= 100));
  });
}

for (const [name, command] of Object.entries(COMMANDS)) {
  const { flags, args = [] } = command;
  test(`help ${name} tells its arguments and flags, and so does ${name} --help`, async () => {
    const { code, output, errors } = await run(["help", name]);
    assert.equal([code, errors], [0, ""]);
    assert.match(output, `Usage: lighthouse-host ${[name, ...args].join(" ")}`);
    for (const flag of [...flags, "state", "json"] as const) {
      assert.match(output, `\n  ${formatFlag(flag, flagsFor(command, FLAGS))} `);
    }
    assert.equal(await run([name, "--help"]), { code, output, errors });
  });
}

for (const args of [["version"], ["--version"], ["-v"]]) {
  test(`lighthouse-host ${args.join(" ")} prints the package's version`, async () => {
    const manifest = JSON.parse(
      await readFile(new URL("../package.json", import.meta.url), "utf8"),
    );
    assert.equal(await run(args), { code: 0, output: `${manifest.version}\n`, errors: "" });
  });
}

const wrong: [args: string[], message: RegExp][] = [
  [["fly"], /Unknown command: fly$/m],
  [["devcies"], /Unknown command: devcies. Did you mean devices\?/],
  [["help", "piar"], /Unknown command: piar. Did you mean pair\?/],
  [["run", "now"], /Unexpected argument: now/],
  [["run", "--fast"], /Unknown option: --fast$/m],
  [["run", "-x"], /Unknown option: -x$/m],
  [["run", "--relai", "wss://abc.example"], /Unknown option: --relai. Did you mean --relay\?/],
  [["pair", "--no-weit"], /Unknown option: --no-weit. Did you mean --no-wait\?/],
  [["devices", "--backend", "http://h"], /--backend is for setup, .*run.*, not for devices/],
  [["revoke"], /Cannot revoke: DEVICE is missing/],
  [["completion", "tcsh"], /Cannot complete for tcsh, but for bash, zsh, fish/],
  [["run", "--relay"], /--relay/],
  [["run", "--json=yes"], /--json/],
];
for (const [args, message] of wrong) {
  test(`lighthouse-host ${args.join(" ")} is wrong usage`, async () => {
    const { code, output, errors } = await run(args);
    assert.is(code, 2);
    assert.is(output, "");
    assert.match(errors, /^error: /);
    assert.match(errors, message);
    assert.match(errors, "See lighthouse-host help");
  });
}

const settings: [args: string[], message: RegExp][] = [
  [["run"], /--relay is missing: run lighthouse-host setup or init, .* or set LIGHTHOUSE_RELAY/],
  [["run", "--relay", "wss://abc.example/prod"], /--backend is missing/],
  [[...UNREACHABLE, "--backend", "localhost"], /--backend is not a URL/],
  [[...UNREACHABLE, "--service", "/a=/nonexistent"], /--service \/a needs a folder or a URL/],
  [[...UNREACHABLE, "--service", "/=http://127.0.0.1:5000"], /\/ is named twice/],
  [[...UNREACHABLE, "--region", "Mars"], /--region is not an AWS region/],
  [[...UNREACHABLE, "--stun", "a"], /"a" as a STUN server|"none" as a STUN server/],
];
for (const [args, message] of settings) {
  test(`lighthouse-host ${args.slice(-3).join(" ")} is refused for its settings`, async () => {
    const { code, output, errors } = await run(args);
    assert.is(code, 2);
    assert.is(output, "");
    assert.match(errors, message);
    assert.not.match(errors, "    at ");
  });
}

test("an error is coloured where colours are wanted, and not with NO_COLOR", async () => {
  const wanted = await run(["fly"], { FORCE_COLOR: "1" });
  assert.match(wanted.errors, "\x1b[31merror:\x1b[39m Unknown command");
  const unwanted = await run(["fly"], { NO_COLOR: "1" });
  assert.not.match(unwanted.errors, "\x1b");
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`run keeps trying to reach the relay, and ends by ${signal} with 0`, async () => {
    const host = start([...UNREACHABLE, "--log-level", "debug"]);
    const { until, lines } = host;
    await until(/ECONNREFUSED.*again in/, 4);
    // A warning is for what is new.
    assert.is(lines.filter((line) => line.includes("▲ Cannot connect")).length, 1);
    const { code, ms } = await host.end(signal);
    assert.is(code, 0);
    assert.ok(ms < 2_000, `it took ${ms} ms`);
    assert.match(lines.at(-1)!, "stopped");
    assert.ok(lines.every((line) => !line.includes("\x1b")));
  });
}

test("run --json prints one JSON object a line", async () => {
  // The QUIC endpoint starts at any moment, and says so.
  const host = start([...UNREACHABLE, "--json", "--quic", "off"]);
  const { until, lines } = host;
  await until(/relay-unreachable/);
  await host.end();
  const events = lines.map((line) => {
    const { time, level, event, message } = JSON.parse(line);
    assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.ok(["info", "warn", "error"].includes(level));
    assert.type(message, "string");
    return event;
  });
  assert.equal(events, [
    "starting",
    "nobody-paired",
    "relay-unreachable",
    "stopping",
    "stopped",
  ]);
});

test("run takes its settings from the environment", async () => {
  const host = start(["run", "--json"], {
    LIGHTHOUSE_RELAY: "ws://127.0.0.1:9/prod",
    LIGHTHOUSE_BACKEND: "http://127.0.0.1:5001/api",
  });
  const line = await host.until(/starting/);
  const message = "connecting to 127.0.0.1:9 for / → http://127.0.0.1:5001/api";
  assert.is(JSON.parse(line).message, message);
  await host.end();
});

test("run is online, then ends within 2 s, and shows no credentials at any time", async () => {
  await using relay = await startTestRelay();
  await using aws = await startControlPlane({ function: relay.function, propagation: 100 });
  const credentials = {
    AWS_ENDPOINT_URL_LAMBDA: aws.endpoint,
    AWS_ACCESS_KEY_ID: "AKIAIOSFODNN7EXAMPLE",
    AWS_SECRET_ACCESS_KEY: SECRET,
  };
  const args = [...RUN, "--region", "us-east-1", "--relay", relay.url.href, "--json"];
  const host = start(args, credentials);
  const { lines, until } = host;
  await until(/"event":"online"/);
  const { code, ms } = await host.end();
  assert.is(code, 0);
  assert.ok(ms < 2_000, `it took ${ms} ms`);

  aws.faults.answer = () => ({ status: 403, code: "AccessDeniedException" });
  const denied = start(args, credentials);
  assert.match(await denied.until(/registration-failed/), "lambda:UpdateFunctionConfiguration");
  assert.is((await denied.end()).code, 0);
  const said = [...lines, ...denied.lines].join("\n");
  assert.not.match(said, SECRET);
  assert.not.match(said, "AKIAIOSFODNN7EXAMPLE");
});

test("run that is replaced by another host ends with 3", async () => {
  await using relay = await startTestRelay();
  await using aws = await startControlPlane({ function: relay.function, propagation: 100 });
  const environment = {
    AWS_ENDPOINT_URL_LAMBDA: aws.endpoint,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  };
  const args = [...RUN, "--region", "us-east-1", "--relay", relay.url.href];
  const first = start(args, environment);
  await first.until(/online/);
  // As on another machine, which has a state folder of its own.
  const folder = temporaryFolder();
  const second = start(args, { ...environment, LIGHTHOUSE_STATE: folder });
  await second.until(/online/);
  assert.is(await first.exited, 3);
  assert.match(first.errors, /^error: Another host has registered itself with this relay/);
  assert.is((await second.end()).code, 0);
});

test.run();
