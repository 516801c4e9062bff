// A newcomer's first command: from `npx` of the packed package to their backend's answer in their own page.
import { spawn } from "node:child_process";
import { mkdir } from "node:fs/promises";
import { createServer } from "node:http";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { pack, TARBALL } from "../package/examples.ts";
import { listen } from "../testing/listen.ts";
import { RunningProgram } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { fetchText, launchBrowser, untilState } from "./browser.ts";

// The whole way may take a minute.
const test = suite("adoption", { deadline: 60_000 });

const folder = temporaryFolder();

test.before(async () => {
  await pack(folder);
});

/** Runs `npx ./PACKAGE.tgz dev …` as a user with an empty home. */
async function startByNpx(...args: string[]): Promise<RunningProgram> {
  const home = join(folder, "home");
  await mkdir(home);
  const command = ["--yes", "--prefer-offline", `./${TARBALL}`, "dev", "--json", ...args];
  const child = spawn("npx", command, {
    cwd: folder,
    env: {
      PATH: process.env.PATH,
      HOME: home,
      npm_config_cache: process.env.npm_config_cache ?? join(homedir(), ".npm"),
    },
    stdio: ["ignore", "pipe", "pipe"],
    // Signals go to npx and to the program, as Ctrl-C at a terminal does.
    detached: true,
  });
  return new RunningProgram(child);
}

test("one command, and the own page has the own backend's answer", async () => {
  await using backend = await listen(createServer((request, response) => {
    response.end(`${request.method} ${request.url}`);
  }));
  let markup = "";
  await using page = await listen(createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Mine</title>${markup}`);
  }));
  const flags = ["--origin", page.url, "--port", "0"];
  const program = await startByNpx(String(backend.port), ...flags);
  try {
    markup = JSON.parse(await program.until(/"event":"snippet"/)).html;
    const { link } = JSON.parse(await program.until(/"event":"link"/));
    assert.match(program.errors, /Fetching node-datachannel/);
    const browser = await launchBrowser("chromium");
    try {
      const tab = await browser.newPage();
      await tab.goto(link);
      await untilState(tab, "connected");
      assert.equal(await fetchText(tab, "/api/mine"), { status: 200, text: "GET /api/mine" });
    } finally {
      await browser.close();
    }
  } finally {
    if (program.isRunning) process.kill(-program.pid, "SIGINT");
    await program.exited;
  }
  assert.match(program.lines.at(-1)!, /"event":"stopped"/);
});

test.run();
