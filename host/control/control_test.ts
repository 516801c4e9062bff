import { chmod, mkdir, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { run, start } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { MAX_LINES, Monitor } from "./monitor.ts";
import { controlPath } from "./socket.ts";

const test = suite("control", { deadline: 60_000 });

const RUN = [
  "run",
  "--json",
  "--relay",
  "ws://127.0.0.1:9/prod",
  "--backend",
  "http://127.0.0.1:9",
  "--stun",
  "none",
];

function setUp() {
  const folder = temporaryFolder();
  // Its lines in the log come at any time.
  const environment = { LIGHTHOUSE_STATE: join(folder, "state"), LIGHTHOUSE_QUIC: "off" };
  return {
    state: environment.LIGHTHOUSE_STATE,
    environment,
    /** A host that tries to reach its relay. */
    async startHost(...flags: string[]) {
      const host = start([...RUN, ...flags], environment);
      await host.until(/"relay-unreachable"/);
      return host;
    },
  };
}

test("status tells how the host is, and that it is not online", async () => {
  const at = setUp();
  const host = await at.startHost();
  const { code, output } = await run(["status", "--json"], at.environment);
  assert.is(code, 1);
  const { running, phase, reason, pid, relay, services, ...counts } = JSON.parse(output);
  const { devices, pages, requests } = counts;
  assert.equal(
    { running, phase, pid, relay, devices, pages, requests },
    {
      running: true,
      phase: "connecting",
      pid: host.pid,
      devices: 0,
      pages: 0,
      requests: { answered: 0, underWay: 0 },
      relay: "ws://127.0.0.1:9/prod",
    },
  );
  assert.match(reason, "ECONNREFUSED");
  assert.equal(services, [{ service: "/ → http://127.0.0.1:9/", isUp: false }]);
  const shown = await run(["status"], at.environment);
  assert.match(shown.output, /^● connecting for \d+ s: .*ECONNREFUSED/);
  assert.match(shown.output, / quic +off: pages come by WebRTC \(quic\)\n/);
  assert.match(shown.output, / requests +0 answered, 0 under way\n/);
  assert.match(shown.output, /service +\/ → http:\/\/127.0.0.1:9\/ {2}does not answer\n/);
  await host.end();
});

test("without a host, status and logs say so", async () => {
  const at = setUp();
  const status = await run(["status"], at.environment);
  assert.is(status.code, 1);
  assert.match(status.output, `No host runs with ${at.state}`);
  const { code, output } = await run(["status", "--json"], at.environment);
  assert.equal([code, JSON.parse(output)], [1, { running: false }]);
  assert.is((await run(["logs"], at.environment)).code, 1);
  assert.is((await run(["logs", "--lines", "all"], at.environment)).code, 2);
});

test("logs prints the last lines, and with --follow what comes", async () => {
  const at = setUp();
  const host = await at.startHost("--log-level", "debug");
  const all = await run(["logs", "--json"], at.environment);
  const events = all.output.trim().split("\n").map((line) => JSON.parse(line).event);
  assert.equal(events.slice(0, 3), ["starting", "nobody-paired", "relay-unreachable"]);
  const last = await run(["logs", "-n", "1"], at.environment);
  assert.match(last.output, /^\d\d:\d\d:\d\d {2}[▲·] .*ECONNREFUSED.*\n$/);
  const follower = start(["logs", "--follow", "--json", "-n", "0"], at.environment);
  const before = host.lines.length;
  await follower.until(/relay-still-unreachable/);
  assert.ok(host.lines.length > before);
  await host.end();
  // The host is gone, and so is what follows it.
  await follower.until(/stopping/);
  await follower.exited;
});

test("the socket is its owner's alone, and goes with the host", async () => {
  const at = setUp();
  const host = await at.startHost();
  const path = controlPath(at.state);
  assert.is((await stat(path)).mode & 0o777, 0o600);
  await host.end();
  assert.is(await stat(path).then(() => true, () => false), false);
});

test("a second host with the same state folder is refused, and the first goes on", async () => {
  const at = setUp();
  const host = await at.startHost();
  const { code, errors } = await run(RUN, at.environment);
  assert.is(code, 2);
  assert.match(
    errors,
    `another host runs with the state folder ${at.state} (process ${host.pid})`,
  );
  assert.ok(host.isRunning);
  await host.end();
});

test("of hosts that start at the same time, also after one that was killed, one runs", async () => {
  const at = setUp();
  for (let round = 0; round < 4; round++) {
    const hosts = Array.from({ length: 3 }, () => start(RUN, at.environment));
    // All but one end by themselves.
    await until(() => hosts.filter((host) => host.isRunning).length <= 1);
    const winner = hosts.find((host) => host.isRunning);
    for (const host of hosts.filter((host) => host !== winner)) {
      assert.is(await host.exited, 2);
      assert.match(host.errors, `process ${winner!.pid}`);
    }
    const { output } = await run(["status", "--json"], at.environment);
    assert.is(JSON.parse(output).pid, winner!.pid);
    await winner!.end("SIGKILL");
  }
});

test("a host whose terminal goes ends as by Ctrl-C", async () => {
  const at = setUp();
  const host = await at.startHost();
  assert.is((await host.end("SIGHUP")).code, 0);
  assert.match(host.lines.at(-1)!, '"stopped"');
});

test("a state folder that cannot be written to is told of, with what to do", async () => {
  const { code, errors } = await run(RUN, { LIGHTHOUSE_STATE: "/dev/null/lighthouse" });
  assert.is(code, 1);
  assert.match(errors, /ENOTDIR.*\/dev\/null\/lighthouse.*--state names another/);
});

test("a state folder that no file system takes is a wrong setting", async () => {
  const environment = { LIGHTHOUSE_STATE: join(temporaryFolder(), "x".repeat(300)) };
  for (const args of [RUN, ["status"], ["devices"], ["key"]]) {
    const { code, errors } = await run(args, environment);
    assert.is(code, 2);
    assert.match(errors, /ENAMETOOLONG.*Choose another folder by --state/);
  }
});

test("a host that was killed leaves nothing in the way of the next", async () => {
  const at = setUp();
  const host = await at.startHost();
  await host.end("SIGKILL");
  assert.is((await run(["status"], at.environment)).code, 1);
  const next = await at.startHost();
  assert.is(JSON.parse((await run(["status", "--json"], at.environment)).output).pid, next.pid);
  await next.end();
});

test("what listens there and is no host is told of", async () => {
  const at = setUp();
  const host = await at.startHost();
  await host.end();
  const server = createServer((socket) => socket.end("hello\n"));
  await new Promise<void>((resolve) => server.listen(controlPath(at.state), resolve));
  const { code, errors } = await run(["status"], at.environment);
  assert.is(code, 1);
  assert.match(errors, /^error: /);
  server.close();
});

test("a state folder with a long name has its socket in a folder that is the user's own", async () => {
  assert.is(controlPath("/short"), "/short/control.sock");
  const folder = temporaryFolder();
  const [own, shared] = [join(folder, "own"), join(folder, "shared")];
  await mkdir(own, { mode: 0o700 });
  await mkdir(shared);
  await chmod(shared, 0o1777);
  const long = `/${"long/".repeat(40)}`;
  const path = controlPath(long, [undefined, shared, own]);
  assert.match(path, new RegExp(`^${own}/lighthouse-[0-9a-f]{16}\\.sock$`));
  assert.is.not(path, controlPath(`/${"long/".repeat(41)}`, [own]));
  const open = join(folder, "open");
  const replaceable = join(open, "own");
  await mkdir(replaceable, { recursive: true, mode: 0o700 });
  await chmod(open, 0o777);
  const endless = `/${"a".repeat(300)}`;
  assert.is(controlPath(long, [endless, replaceable, own]), path);
  for (
    const folders of [[], [shared], ["/tmp"], [join(folder, "none")], [`${own}${long}`], ["."], [
      replaceable,
    ]]
  ) {
    assert.throws(() => controlPath(long, folders), /too long.*Choose a shorter one by --state/);
  }
});

test("a monitor remembers what counts, and no more lines than it may", () => {
  const monitor = new Monitor();
  const log = monitor.watch(monitor.keep(() => {}));
  log("info", "online", "online");
  log("info", "page-connected", "page", { pages: 3 });
  assert.equal([monitor.standing.phase, monitor.standing.pages], ["online", 3]);
  log("warn", "relay-lost", "the relay closed");
  assert.equal(
    [monitor.standing.phase, monitor.standing.reason],
    ["connecting", "the relay closed"],
  );
  log("info", "online", "online");
  assert.is(monitor.standing.reason, undefined);
  assert.is(monitor.standing.trouble?.message, "the relay closed");
  for (let at = 0; at < 2 * MAX_LINES; at++) log("info", "x", String(at));
  assert.is(monitor.lines.length, MAX_LINES);
});

test.run();
