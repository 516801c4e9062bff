// The promise of the README: from `npx` to the answer of one's own backend in a page of one's own, by one
// command, within a minute. npm and the host begin with empty caches of their own.
import { spawn } from "node:child_process";
import { createServer } from "node:http";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { pack } from "../package/examples.ts";
import { listen } from "../testing/listen.ts";
import { RunningProgram } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { fetchText, launchBrowser, openConnected } from "./browser.ts";

const test = suite("npx", { deadline: 60_000 });

const folder = temporaryFolder();
let tarball: string;

test.before(async () => {
  tarball = await pack(folder);
});

test("npx leads from the package to the own backend's answer in an own page", async () => {
  await using backend = await listen(createServer((request, response) => {
    response.end(`mine: ${request.url}`);
  }));
  let markup = "";
  await using page = await listen(createServer((_request, response) => {
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>Mine</title><link rel="icon" href="data:,">${markup}`);
  }));
  const port = String(new URL(backend.url).port);
  const flags = ["dev", port, "--origin", page.url, "--port", "0", "--json"];
  const program = new RunningProgram(
    spawn("npx", ["--yes", `file:${tarball}`, ...flags], {
      cwd: folder,
      env: {
        ...process.env,
        npm_config_cache: join(folder, "npm"),
        XDG_CACHE_HOME: join(folder, "cache"),
        LIGHTHOUSE_STATE: join(folder, "state"),
      },
      // As at a terminal, Ctrl-C reaches all of the group.
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
    }),
  );
  const { html } = JSON.parse(await program.until(/"event":"snippet"/));
  markup = html;
  const { link } = JSON.parse(await program.until(/"event":"link"/));
  const browser = await launchBrowser();
  try {
    const opened = await openConnected(browser, link);
    assert.equal(await fetchText(opened.page, "/a"), { status: 200, text: "mine: /a" });
    assert.equal(opened.troubles, []);
  } finally {
    await browser.close();
    process.kill(-program.pid, "SIGINT");
  }
  await program.exited;
  assert.match(program.lines.at(-1)!, "stopped");
});

test.run();
