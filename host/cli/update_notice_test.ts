// The notice of a newer version, with a registry on this machine.
import { spawnSync } from "node:child_process";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { createServer, type ServerResponse } from "node:http";
import { join } from "node:path";
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import * as assert from "uvu/assert";
import { listen } from "../../tools/testing/listen.ts";
import { PROGRAM, run } from "../../tools/testing/program.ts";
import { suite } from "../../tools/testing/suite.ts";
import { temporaryFolder } from "../../tools/testing/temporary_folder.ts";
import { until } from "../../tools/testing/until.ts";
import { isNewer, mayNotify } from "./update_notice.ts";

const test = suite("update_notice", { deadline: 30_000 });

/** A registry, and a user who is at a terminal. */
async function setUp(answer: string | ((response: ServerResponse) => void)) {
  const requests: { url: string; headers: string[] }[] = [];
  const server = createServer(({ url = "", headers }, response) => {
    requests.push({ url, headers: Object.keys(headers) });
    if (typeof answer === "string") response.end(answer);
    else answer(response);
  });
  const { url, close } = await listen(server, 0);
  const folder = temporaryFolder();
  const environment = {
    HOME: folder,
    XDG_CONFIG_HOME: folder,
    XDG_CACHE_HOME: join(folder, "cache"),
    LIGHTHOUSE_STATE: join(folder, "state"),
    PATH: process.env.PATH,
    npm_config_registry: `${url}/npm`,
  };
  const cache = join(folder, "cache", "lighthouse", "update.json");
  return {
    requests,
    environment,
    folder,
    cache,
    /** What a command prints at a terminal. */
    atTerminal(command = "devices", more: Record<string, string> = {}) {
      const line = `stty cols 200; ${PROGRAM.join(" ")} ${command}`;
      const { stdout, status } = spawnSync("script", ["-qec", line, "/dev/null"], {
        encoding: "utf8",
        env: { ...environment, ...more },
      });
      return { text: stripVTControlCharacters(stdout).replaceAll("\r", ""), status };
    },
    async known() {
      return JSON.parse(await readFile(cache, "utf8").catch(() => "{}"));
    },
    async know(known: object) {
      await mkdir(join(folder, "cache", "lighthouse"), { recursive: true });
      await writeFile(cache, JSON.stringify(known));
    },
    [Symbol.asyncDispose]: close,
  };
}

const NEWEST = JSON.stringify({ latest: "999.0.0", next: "1000.0.0-rc.1" });
const NOTICE = /\nlighthouse-tunnel 999\.0\.0 is out, and this is \S+: npm install --global /;

test("a newer version is told of from the next command on, and asked for once a day", async () => {
  await using at = await setUp(NEWEST);
  const first = at.atTerminal();
  assert.equal(first, {
    text: "No device is paired. lighthouse-host pair lets one in\n",
    status: 0,
  });
  await until(async () => (await at.known()).latest === "999.0.0");
  assert.match(at.atTerminal().text, NOTICE);
  assert.match(at.atTerminal("status").text, NOTICE);
  assert.is(at.atTerminal("status").status, 1);
  assert.equal(at.requests.map(({ url }) => url), ["/npm/-/package/lighthouse-tunnel/dist-tags"]);
  // What says who asks is not among them.
  const { headers } = at.requests[0]!;
  assert.equal(headers.filter((name) => /cookie|auth|referer|npm|lighthouse/.test(name)), []);
  assert.is((await stat(at.cache)).mode & 0o777, 0o600);
  await at.know({ asked: Date.now() - 25 * 3_600_000, latest: "999.0.0" });
  at.atTerminal();
  await until(() => at.requests.length === 2);
});

test("it is not told, and nobody asks, where it is not wanted", async () => {
  await using at = await setUp(NEWEST);
  const quiet: [command: string, variables: Record<string, string>][] = [
    ["devices", { CI: "true" }],
    ["devices", { LIGHTHOUSE_NO_UPDATE_NOTICE: "1" }],
    ["devices", { NO_UPDATE_NOTIFIER: "1" }],
    ["devices", { LIGHTHOUSE_UPDATE_NOTICE: "off" }],
    ["devices --json", {}],
    ["devices | cat", {}],
    ["devices 2>/dev/null", {}],
  ];
  for (const known of [{}, { asked: Date.now(), latest: "999.0.0" }]) {
    if ("latest" in known) await at.know(known);
    for (const [command, variables] of quiet) {
      assert.not.match(at.atTerminal(command, variables).text, "999");
    }
    assert.is((await run(["devices"], at.environment)).errors, "");
    await mkdir(join(at.folder, "lighthouse"), { recursive: true });
    const settings = join(at.folder, "lighthouse", "config.json");
    await writeFile(settings, '{"update-notice": "off"}');
    assert.not.match(at.atTerminal().text, "999");
    await writeFile(settings, "{}");
  }
  assert.equal(at.requests, []);
  assert.match(at.atTerminal().text, NOTICE);
});

const answers: [what: string, answer: Parameters<typeof setUp>[0]][] = [
  ["an older version", JSON.stringify({ latest: "0.0.1" })],
  ["a text for the terminal", JSON.stringify({ latest: "\x1b[2J9.9.9" })],
  ["a pre-release", JSON.stringify({ latest: "999.0.0-rc.1" })],
  ["no JSON", "<html>"],
  ["an error", (response) => response.writeHead(500).end(NEWEST)],
  ["too much", `{"latest":"999.0.0","a":"${"x".repeat(100_000)}"}`],
  ["nothing", () => {}],
];
for (const [what, answer] of answers) {
  test(`a registry that answers with ${what} changes nothing, and is asked once`, async () => {
    await using at = await setUp(answer);
    at.atTerminal();
    await until(() => at.requests.length === 1);
    for (const _ of [1, 2]) {
      assert.equal(at.atTerminal(), {
        text: "No device is paired. lighthouse-host pair lets one in\n",
        status: 0,
      });
    }
    assert.is(at.requests.length, 1);
  });
}

test("a home that is not there is not made", async () => {
  await using at = await setUp(NEWEST);
  const HOME = join(at.folder, "gone");
  assert.is(at.atTerminal("devices", { HOME, XDG_CACHE_HOME: "" }).status, 0);
  assert.is(await stat(HOME).catch(({ code }) => code), "ENOENT");
  assert.equal(at.requests, []);
});

test("without a folder for the cache nobody asks, and the command succeeds", async () => {
  await using at = await setUp(NEWEST);
  await writeFile(join(at.folder, "cache"), "");
  await chmod(join(at.folder, "cache"), 0o400);
  assert.is(at.atTerminal().status, 0);
  assert.equal(at.requests, []);
});

test("versions are compared by their numbers", () => {
  const pairs: [version: string, than: string, isLater: boolean][] = [
    ["0.2.0", "0.1.0", true],
    ["0.10.0", "0.9.9", true],
    ["1.0.0", "1.0.0-rc.1", true],
    ["1.0.0", "1.0.0", false],
    ["0.9.9", "0.10.0", false],
    ["1.0.0", "1.0.1-rc.1", false],
  ];
  for (const [version, than, isLater] of pairs) assert.is(isNewer(version, than), isLater);
});

test("a variable that says no does not hide the notice", () => {
  assert.is(mayNotify({ CI: "false", LIGHTHOUSE_NO_UPDATE_NOTICE: "" }), true);
  assert.is(mayNotify({ LIGHTHOUSE_NO_UPDATE_NOTICE: "yes" }), false);
});

test.run();
