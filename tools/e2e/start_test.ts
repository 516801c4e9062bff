// `npm start` as a newcomer meets it: the demo page in a real Chromium, and nothing left behind.
import { exec, spawn } from "node:child_process";
import { readdir, readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import process from "node:process";
import { promisify } from "node:util";
import * as assert from "uvu/assert";
import { listen } from "../testing/listen.ts";
import { RunningProgram } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { inTerminal } from "../testing/terminal.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { until } from "../testing/until.ts";
import { launchBrowser, openConnected, untilState } from "./browser.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const test = suite("npm start", { deadline: 90_000 });

test("the demo lists, adds and deletes notes, and Ctrl-C ends all of it", async () => {
  await using demo = startDemo();
  const url = /page +(http\S+)/.exec(await demo.until(/click here/))![1]!;
  const backend = /backend +http:\/\/127\.0\.0\.1:(\d+)/.exec(demo.lines.join("\n"))![1]!;
  await demo.until(/online/);

  const browser = await launchBrowser();
  try {
    const { page, troubles } = await openConnected(browser, url);
    await demo.until(/page connected/);
    await demo.until(/AWS would have billed \d+ messages and \d+ runs so far: \$0\.0/);
    const before = await page.$$eval("#notes li", (items) => items.length);

    const text = `A note <b>${Date.now()}</b>`;
    await page.type("#note-text", text);
    await page.keyboard.press("Enter");
    await page.waitForFunction(
      (count) => document.querySelectorAll("#notes li").length === count,
      {},
      before + 1,
    );
    await page.reload();
    await untilState(page, "connected");
    const item = await page.waitForSelector("#notes li");
    assert.ok((await item!.evaluate((item) => item.textContent))!.includes(text));

    await (await item!.$("button.delete"))!.click();
    await page.waitForFunction(
      (count) => document.querySelectorAll("#notes li").length === count,
      {},
      before,
    );

    await page.click("#download");
    await page.waitForFunction(() =>
      /MiB\/s/.test(document.querySelector("#download-result")!.textContent)
    );
    await page.click("#stream");
    await page.waitForFunction(() =>
      document.querySelector("#stream-output")!.textContent.includes("line 3")
    );
    const rtt = await page.waitForFunction(() =>
      /\d+ ms/.exec(document.querySelector("#rtt")!.textContent)
    );
    assert.ok(rtt);
    assert.match(await page.$eval("#path", (element) => element.textContent), /direct/);
    assert.equal(troubles, []);
  } finally {
    await browser.close();
  }

  for (const address of otherAddresses()) {
    assert.is(await canConnect(address, Number(backend)), false, `${address} reaches the backend`);
  }

  const children = await processesUnder(demo.pid);
  assert.ok(children.length > 0, "the host runs as a process of its own");
  assert.is(await demo.interrupt(), 0);
  for (const pid of children) assert.is(isAlive(pid), false, `process ${pid} is left`);
});

test("with --app, the sample app is there as it is, once the link is opened", async () => {
  await using demo = startDemo("0", "--", "--app");
  const link = /page +(http\S+)/.exec(await demo.until(/click here/))![1]!;
  await demo.until(/online/);
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    const shows = (selector: string) =>
      page.waitForFunction(
        (selector) => {
          const app = document.querySelector("iframe")?.contentDocument;
          return Boolean(app?.querySelector(selector));
        },
        { timeout: 30_000, polling: 50 },
        selector,
      );
    await page.goto(link);
    await shows("a[href='/wishes']");
    await page.waitForFunction(() => document.title === "Sample app");
    await page.goto(new URL("/wishes", link).href);
    await shows("form");
  } finally {
    await browser.close();
  }
  assert.is(await demo.interrupt(), 0);
});

test("with --backend, a backend of one's own is shown, p gives a link, and so does the pair command", async () => {
  await using backend = await listen(createServer((_request, response) => response.end("mine")));
  const [command, ...args] = inTerminal(120, 40);
  const child = spawn(command!, [...args, "npm", "start", "--", "--backend", backend.url], {
    env: { ...process.env, PORT: "0", LIGHTHOUSE_STATE: state, NO_COLOR: "1" },
    stdio: ["pipe", "pipe", "pipe"],
  });
  const demo = new RunningProgram(child);
  assert.match(await demo.until(/^ {2}backend/), backend.url);
  const links = () => demo.lines.filter((line) => line.includes("#lighthouse="));
  await demo.until(/online/);
  child.stdin.write("p");
  await until(() => links().length === 2);
  const [, pair] = /pair +(.*)/.exec(demo.lines.join("\n"))!;
  const { stdout } = await promisify(exec)(`${pair} --no-wait`, { cwd: ROOT });
  assert.match(stdout, /http:\/\/127\.0\.0\.1:\d+\/#lighthouse=\d+/);
  child.stdin.write("q");
  assert.is(await demo.exited, 0);
});

test("help lists the flags, and others are refused", async () => {
  const answers: [flags: string[], code: number, text: RegExp][] = [
    [["--help"], 0, /--backend 3000/],
    [["--bakend", "1"], 2, /Unknown option: --bakend. Did you mean --backend\?/],
    [["3000"], 2, /Did you mean --backend 3000\?/],
    [["--backend", "nowhere"], 2, /--backend is not a URL/],
    [["--example", "reakt"], 2, /none of page, .* vue: reakt\. Did you mean react\?/],
    [["--example", "page", "--app"], 2, /two pages/],
  ];
  for (const [flags, code, text] of answers) {
    const program = new RunningProgram(
      spawn(process.execPath, ["tools/local/start.ts", ...flags], { cwd: ROOT }),
    );
    assert.is(await program.exited, code);
    assert.match(program.lines.join("\n") + program.errors, text);
  }
});

test("a port that is in use is named, with what to do", async () => {
  await using first = startDemo();
  const port = new URL(/page +(http\S+)/.exec(await first.until(/click here/))![1]!).port;
  await using second = startDemo(port);
  assert.is(await second.exited, 1);
  assert.match(second.errors, new RegExp(`port ${port} is in use.*PORT=\\d+ npm start`));
  assert.is(await first.interrupt(), 0);
});

test("a PORT that is none is refused", async () => {
  await using demo = startDemo("80a");
  assert.is(await demo.exited, 2);
  assert.match(demo.errors, /PORT is not a number/);
});

/** Where the host keeps its key: not where the developer's own is. */
const state = temporaryFolder();

/** Runs `npm start`. Its signals go to npm alone, as from a supervisor. */
function startDemo(port = "0", ...flags: string[]) {
  const child = spawn("npm", ["start", ...flags], {
    env: { ...process.env, PORT: port, LIGHTHOUSE_STATE: state },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const demo = new RunningProgram(child);
  const interrupt = async () => (await demo.end("SIGINT")).code;
  return Object.assign(demo, {
    interrupt,
    async [Symbol.asyncDispose]() {
      await interrupt();
    },
  });
}

function otherAddresses(): string[] {
  return Object.values(networkInterfaces()).flat()
    .filter((address) => address !== undefined && !address.internal)
    .map((address) => address!.address)
    .filter((address) => !address.startsWith("fe80:"))
    .concat("::1");
}

function canConnect(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 2000 });
    const end = (connected: boolean) => {
      socket.destroy();
      resolve(connected);
    };
    socket.on("connect", () => end(true));
    socket.on("timeout", () => end(false));
    socket.on("error", () => end(false));
  });
}

/** Pids of a process's descendants (Linux). */
async function processesUnder(root: number): Promise<number[]> {
  const parents = new Map<number, number>();
  for (const name of await readdir("/proc")) {
    const stat = /^\d+$/.test(name) && await readFile(`/proc/${name}/stat`, "utf8").catch(() => "");
    if (stat) {
      parents.set(Number(name), Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[1]));
    }
  }
  const isUnder = (pid: number): boolean => {
    const parent = parents.get(pid);
    return parent === root || (parent !== undefined && parent > 1 && isUnder(parent));
  };
  return [...parents.keys()].filter(isUnder);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

test.run();
