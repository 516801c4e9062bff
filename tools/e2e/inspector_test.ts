// The inspector as the laptop's owner sees it: a page's requests in a real browser, while they come.
import { execFile } from "node:child_process";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { startSocketServer } from "../testing/socket_server.ts";
import { suite } from "../testing/suite.ts";
import { fetchText, openConnected } from "./browser.ts";
import { judge } from "./shell_page.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("inspector", { deadline: 60_000 });

let bridge: Bridge;
let host: HostProcess;
let browser: Browser;
let page: Page;
let inspector: Page;
/** Where the host writes the inspector's address, and the address. */
let file: string;
let url: string;
const troubles: string[] = [];

const sockets = await startSocketServer();
const hostFlags = ["--inspect", "0", "--service", `/live=${sockets.url}`];

withBridge(test, { hostFlags }, async (running) => {
  ({ bridge, host, browser } = running);
  running.stack.use(sockets);
  ({ page } = await openConnected(browser, bridge.page.url));
  file = join(bridge.state, "inspector.url");
  url = (await readFile(file, "utf8")).trim();
  inspector = await browser.newPage();
  inspector.on("pageerror", (error) => troubles.push(String(error)));
  inspector.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) troubles.push(message.text());
  });
  await inspector.goto(url);
});

/** Resolves when the text of what the selector finds matches. */
const until = (selector: string, pattern: RegExp) =>
  inspector.waitForFunction(
    (selector, source) =>
      [...document.querySelectorAll(selector)]
        .some((element) => new RegExp(source).test(element.textContent!)),
    {},
    selector,
    pattern.source,
  );

test("the address is its owner's alone to read, and in no log", async () => {
  assert.is((await stat(file)).mode & 0o077, 0);
  const token = new URL(url).hash.slice("#token=".length);
  assert.ok(token.length > 20);
  assert.is(host.lines.some((line) => JSON.stringify(line).includes(token)), false);
  await until("#status", /Following/);
  assert.is(new URL(inspector.url()).hash, "");
});

test("a request appears as it comes, is shown, and is replayed with its body", async () => {
  await inspector.click("#bodies");
  await inspector.waitForFunction(() =>
    document.querySelector<HTMLInputElement>("#bodies")!.checked
  );
  const init = { method: "POST", body: '{"text":"Milk"}', headers: { "x-token": "hush" } };
  assert.is((await fetchText(page, "/api/notes", init)).status, 201);
  await until("#rows tr", /POST \/api\/notes.*201/s);
  await inspector.click("#rows tr button");
  await until("#request-body", /"text":"Milk"/);
  await until("#answer-body", /Milk/);
  assert.not.match(await inspector.content(), "hush");
  const posts = () =>
    bridge.backend.requests.filter(({ method, path }) =>
      method === "POST" && path === "/api/notes"
    );
  assert.is(posts().length, 1);
  await inspector.click("#replay");
  await until("#outcome", /answer to the replay/);
  await until("#rows tr", /POST \/api\/notes \(replay\).*201/s);
  assert.is(posts().length, 2);

  await inspector.type("#filter", "nothing like it");
  await inspector.waitForFunction(() =>
    [...document.querySelectorAll<HTMLElement>("#rows tr")].every(({ hidden }) => hidden)
  );
  await inspector.keyboard.press("Escape");
  await inspector.waitForSelector("#details", { hidden: true });
  assert.equal(troubles, []);
});

test("a WebSocket is shown with its messages and its close", async () => {
  await page.evaluate(async () => {
    const socket = document.querySelector("lighthouse-tunnel")!.socket("/live/echo");
    await new Promise((resolve) => socket.onopen = resolve);
    const answer = new Promise((resolve) => socket.onmessage = resolve);
    socket.send("Hello, socket");
    await answer;
    const closed = new Promise((resolve) => socket.onclose = resolve);
    socket.close(4001, "Enough");
    await closed;
  });
  await until("#rows tr", /GET \/live\/echo \(WebSocket\).*closed 4001/s);
  await inspector.click("#rows tr button");
  await until("#messages-note", /1 \(13 B\) from the page, 1 \(13 B\) from the backend$/);
  await until("#message-list", /Page.*Hello, socket.*Backend.*Hello, socket/s);
  await inspector.waitForSelector("#replay", { hidden: true });
});

test("a request is copied as a command that a shell runs", async () => {
  await inspector.keyboard.press("Escape");
  // The first request is the last row; the newest has the focus at first.
  const title = () => inspector.evaluate(() => document.activeElement!.textContent);
  await inspector.focus("#rows tr button");
  await inspector.keyboard.press("End");
  while (await title() !== "POST /api/notes") await inspector.keyboard.press("ArrowUp");
  await inspector.keyboard.press("Enter");
  await until("#details-title", /POST \/api\/notes/);
  await inspector.click("#curl");
  await until("#outcome", /, without x-token/);
  const command = await inspector.$eval("#command", ({ textContent }) => textContent!);
  const posts = () => bridge.backend.requests.filter(({ method }) => method === "POST").length;
  const before = posts();
  const { stdout } = await promisify(execFile)("sh", ["-c", command]);
  assert.match(stdout, /"text":"Milk"/);
  assert.is(posts(), before + 1);
});

test("all of it can be read on a phone, in the dark, and by a screen reader", async () => {
  await inspector.setViewport({ width: 390, height: 700 });
  const width = await inspector.evaluate(() => document.documentElement.scrollWidth);
  assert.ok(width <= 390, `it is ${width} pixels wide`);
  await inspector.reload();
  await until("#rows tr", /WebSocket/);
  await judge(inspector);
  await inspector.click("#rows tr button");
  await until("#message-list", /Hello/);
  await judge(inspector);
});

test("a reload goes on, and an address without the token gets nothing", async () => {
  await inspector.reload();
  await until("#rows tr", /POST \/api\/notes/);
  const stranger = await browser.createBrowserContext();
  const other = await stranger.newPage();
  await other.goto(new URL("/", url).href);
  await other.waitForFunction(() =>
    document.querySelector("#status")!.textContent.includes("Open the address")
  );
  await stranger.close();
});

test("its page and its address end with the host", async () => {
  assert.is(await host.stop(), 0);
  await until("#status", /trying again/);
  assert.is(await stat(file).then(() => true, () => false), false);
});

test.run();
