import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import process from "node:process";
import { createInterface } from "node:readline";
import { text } from "node:stream/consumers";
import * as assert from "uvu/assert";
import { startControlPlane } from "../tools/local/control_plane.ts";
import { suite } from "../tools/testing/suite.ts";
import { startTestRelay } from "./testing/relay.ts";

// The built program, as a user runs it: tools/test.ts builds it first.
const PROGRAM = new URL("dist/main.mjs", import.meta.url).pathname;
const SECRET = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";

const test = suite("main", { deadline: 20_000 });

/** Variables of a machine where nothing is set up. */
const ENVIRONMENT = {
  PATH: process.env.PATH,
  HOME: "/nonexistent",
  AWS_EC2_METADATA_DISABLED: "true",
};

const running = new Set<ChildProcess>();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

function start(args: string[], environment: Record<string, string> = {}): ChildProcess {
  const child = spawn(process.execPath, [PROGRAM, ...args], {
    env: { ...ENVIRONMENT, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.on("close", () => running.delete(child));
  return child;
}

/** Runs the program to its end. */
async function run(args: string[], environment: Record<string, string> = {}) {
  const child = start(args, environment);
  const [output, errors, [code]] = await Promise.all([
    text(child.stdout!),
    text(child.stderr!),
    once(child, "close"),
  ]);
  return { code, output, errors };
}

const RUN = ["run", "--backend", "http://127.0.0.1:5000", "--stun", "none"];
// Nothing listens on the discard port.
const UNREACHABLE = [...RUN, "--relay", "ws://127.0.0.1:9/prod"];

for (const args of [[], ["help"], ["--help"], ["-h"], ["run", "--help"]]) {
  test(`lighthouse-host ${args.join(" ")} prints the help`, async () => {
    const { code, output, errors } = await run(args);
    assert.is(code, 0);
    assert.is(errors, "");
    assert.match(output, "Usage\n  lighthouse-host run --relay");
    for (const flag of ["relay", "backend", "function", "region", "stun", "json"]) {
      assert.match(output, `--${flag}`);
    }
    assert.match(output, "Exit codes: 0");
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
  [["fly"], /Unknown command: fly/],
  [["run", "now"], /Unexpected argument: now/],
  [["run", "--fast"], /--fast/],
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
  [["run"], /--relay is missing: .* or set LIGHTHOUSE_RELAY/],
  [["run", "--relay", "wss://abc.example/prod"], /--backend is missing/],
  [[...UNREACHABLE, "--backend", "5000"], /--backend is not a URL/],
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

/** Lines of a running program; `until` resolves with the count-th that matches. */
function linesOf(child: ChildProcess) {
  const lines: string[] = [];
  const waiting = new Set<() => void>();
  createInterface({ input: child.stdout! }).on("line", (line) => {
    lines.push(line);
    for (const look of waiting) look();
  });
  async function until(pattern: RegExp, count = 1): Promise<string> {
    const { promise, resolve } = Promise.withResolvers<string>();
    const look = () => {
      const found = lines.filter((line) => pattern.test(line))[count - 1];
      if (found) resolve(found);
    };
    waiting.add(look);
    look();
    const ended = once(child, "close").then(() => {
      throw new Error(`It ended before ${pattern}: ${lines.join("\n")}`);
    });
    return await Promise.race([promise, ended]);
  }
  return { lines, until };
}

/** Ends a program; its exit code, and how long that took in milliseconds. */
async function end(child: ChildProcess, signal: NodeJS.Signals) {
  const started = performance.now();
  const closed = once(child, "close");
  child.kill(signal);
  const [code] = await closed;
  return { code, ms: performance.now() - started };
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  test(`run keeps trying to reach the relay, and ends by ${signal} with 0`, async () => {
    const child = start(UNREACHABLE);
    const { until, lines } = linesOf(child);
    await until(/ECONNREFUSED.*again in/, 2);
    const { code, ms } = await end(child, signal);
    assert.is(code, 0);
    assert.ok(ms < 2_000, `it took ${ms} ms`);
    assert.match(lines.at(-1)!, "stopped");
    assert.ok(lines.every((line) => !line.includes("\x1b")));
  });
}

test("run --json prints one JSON object a line", async () => {
  const child = start([...UNREACHABLE, "--json"]);
  const { until, lines } = linesOf(child);
  await until(/relay-unreachable/);
  await end(child, "SIGTERM");
  const events = lines.map((line) => {
    const { time, level, event, message } = JSON.parse(line);
    assert.match(time, /^\d{4}-\d\d-\d\dT.*Z$/);
    assert.ok(["info", "warn", "error"].includes(level));
    assert.type(message, "string");
    return event;
  });
  assert.equal(events, ["starting", "relay-unreachable", "stopping", "stopped"]);
});

test("run takes its settings from the environment", async () => {
  const child = start(["run", "--json"], {
    LIGHTHOUSE_RELAY: "ws://127.0.0.1:9/prod",
    LIGHTHOUSE_BACKEND: "http://127.0.0.1:5001/api",
  });
  const line = await linesOf(child).until(/starting/);
  assert.match(JSON.parse(line).message, "connecting to 127.0.0.1:9 for http://127.0.0.1:5001/api");
  await end(child, "SIGTERM");
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
  const child = start(args, credentials);
  const { lines, until } = linesOf(child);
  await until(/"event":"online"/);
  const { code, ms } = await end(child, "SIGTERM");
  assert.is(code, 0);
  assert.ok(ms < 2_000, `it took ${ms} ms`);

  aws.faults.answer = () => ({ status: 403, code: "AccessDeniedException" });
  const denied = start(args, credentials);
  const other = linesOf(denied);
  assert.match(await other.until(/registration-failed/), "lambda:UpdateFunctionConfiguration");
  assert.is((await end(denied, "SIGTERM")).code, 0);
  const said = [...lines, ...other.lines].join("\n");
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
  const ended = Promise.all([text(first.stderr!), once(first, "close")]);
  await linesOf(first).until(/online/);
  const second = start(args, environment);
  await linesOf(second).until(/online/);
  const [errors, [code]] = await ended;
  assert.is(code, 3);
  assert.match(errors, /^error: Another host has registered itself with this relay/);
  assert.is((await end(second, "SIGTERM")).code, 0);
});

test.run();
