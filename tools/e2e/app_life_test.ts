// An app goes on through what happens to its connection: a terminal whose page is in the shell's frame, in
// real browsers.
import { createServer } from "node:http";
import type { Browser, BrowserContext, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { WebSocketServer } from "ws";
import type { BrowserName } from "../browser.ts";
import type { HostProcess } from "../local/host_process.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { launchBrowser } from "./browser.ts";

/** Lets SIGUSR2 cut the host's connections, as if the network had failed. */
const CUTTABLE = new URL("../bench/cuts/cuttable_host.ts", import.meta.url).href;

/** The page's script: it opens its socket again, as terminals do, and asks for what it has not got. */
const SCRIPT = `
const terminal = { lines: [], closes: 0, opens: 0 };
function open() {
  const id = new URLSearchParams(location.search).get("id");
  const url = "ws://" + location.host + "/socket?id=" + id + "&after=" + terminal.lines.length;
  const socket = new WebSocket(url);
  terminal.type = (keys) => socket.send(keys);
  socket.onopen = () => terminal.opens++;
  socket.onmessage = ({ data }) => terminal.lines.push(data);
  socket.onclose = () => {
    terminal.closes++;
    setTimeout(open, 100);
  };
}
open();
`;

/** What the page's script has. */
declare const terminal: {
  lines: string[];
  closes: number;
  opens: number;
  type(keys: string): void;
};

/** A terminal, which lives on without its socket: it counts, and answers each line. */
interface Shell {
  lines: string[];
  typed: string;
  send: (line: string) => void;
}

/** Starts the app. @returns Its server, and its terminals by their ids. */
async function startTerminals() {
  const shells = new Map<string, Shell>();
  const put = (shell: Shell, line: string) => {
    const numbered = `${shell.lines.length} ${line}`;
    shell.lines.push(numbered);
    shell.send(numbered);
  };
  const server = createServer(({ url, headers }, response) => {
    if (url!.startsWith("/terminal")) {
      response.setHeader("content-type", "text/html");
      response.end(`<!doctype html><title>Terminal</title><script>${SCRIPT}</script>`);
    } else {
      response.end(headers.cookie ?? "");
    }
  });
  const sockets = new WebSocketServer({ server });
  sockets.on("connection", (socket, { url }) => {
    const query = new URL(url!, "http://terminal.invalid").searchParams;
    const id = query.get("id")!;
    const shell = shells.get(id) ?? { lines: [], typed: "", send: () => {} };
    shells.set(id, shell);
    shell.send = (line) => socket.send(line);
    for (const line of shell.lines.slice(Number(query.get("after")))) socket.send(line);
    socket.on("message", (keys) => {
      shell.typed += String(keys);
      const lines = shell.typed.split("\n");
      shell.typed = lines.pop()!;
      for (const line of lines) put(shell, `you said ${line}`);
    });
  });
  const timer = setInterval(() => shells.forEach((shell) => put(shell, "tick")), 50);
  const listening = await listen(server);
  return {
    url: listening.url,
    shells,
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      sockets.clients.forEach((socket) => socket.terminate());
      await listening[Symbol.asyncDispose]();
    },
  };
}

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`an app's life in ${name}`, { deadline: 60_000 });
  const stack = new AsyncDisposableStack();
  let site: AppSite;
  let host: HostProcess;
  let browser: Browser;
  let context: BrowserContext;
  let shells: Map<string, Shell>;

  test.before(async () => {
    const app = stack.use(await startTerminals());
    shells = app.shells;
    site = stack.use(await startAppSite({ backend: app.url }));
    host = site.bridge.startHost([], { NODE_OPTIONS: `--import ${CUTTABLE}` });
    browser = await launchBrowser(name);
    stack.defer(() => browser.close());
    await host.until("online");
  });
  test.after(() => stack.disposeAsync());
  test.before.each(async () => {
    context = await browser.createBrowserContext();
  });
  test.after.each(() => context.close());

  /** Opens a terminal in a tab. */
  async function open(id: string): Promise<{ page: Page; frame: Frame }> {
    const page = await context.newPage();
    await page.goto(`${site.url}terminal?id=${id}`);
    let frame: Frame | undefined;
    await until(() => {
      frame = page.frames().find((each) =>
        each !== page.mainFrame() && each.url().includes("/terminal")
      );
      return frame !== undefined;
    });
    await until(() => frame!.evaluate(() => terminal.opens > 0).catch(() => false));
    return { page, frame: frame! };
  }

  function type(frame: Frame, keys: string): Promise<void> {
    return frame.evaluate((keys) => terminal.type(keys), keys);
  }

  /** Waits until the terminal shows a line, and checks that it has all of them, in their order. */
  async function untilShown(frame: Frame, text: string): Promise<void> {
    await until(async () => {
      const lines = await frame.evaluate(() => terminal.lines);
      return lines.some((line) => line.endsWith(` ${text}`));
    });
    const lines = await frame.evaluate(() => terminal.lines);
    const numbers = lines.map((line) => Number(line.split(" ")[0]));
    assert.equal(numbers, numbers.map((_, index) => index));
  }

  test("a terminal keeps its socket and its line through cuts of the connection", async () => {
    const { page, frame } = await open("cut");
    for (const word of ["one", "two", "three"]) {
      await type(frame, `${word} is`);
      await until(() => shells.get("cut")!.typed === `${word} is`);
      host.signal("SIGUSR2");
      await type(frame, " whole\n");
      await untilShown(frame, `you said ${word} is whole`);
    }
    assert.equal(await frame.evaluate(() => [terminal.opens, terminal.closes]), [1, 0]);
    await page.close();
  });

  test("a terminal goes on when the tab closes that held the connection", async () => {
    const first = await open("first");
    const second = await open("second");
    await type(second.frame, "half");
    await until(() => shells.get("second")!.typed === "half");
    await first.page.close();
    await until(() => second.frame.evaluate(() => terminal.opens > 1));
    await type(second.frame, " whole\n");
    await untilShown(second.frame, "you said half whole");
  });

  test("a reload comes back to the same terminal", async () => {
    const { page, frame } = await open("reload");
    await type(frame, "before");
    await until(() => shells.get("reload")!.typed === "before");
    await page.close();
    const again = await open("reload");
    await type(again.frame, " and after\n");
    await untilShown(again.frame, "you said before and after");
  });

  if (name !== "chromium") return test.run();

  test("a worker that is stopped takes nothing away", async () => {
    const { page, frame } = await open("stopped");
    const devtools = await page.createCDPSession();
    await devtools.send("ServiceWorker.enable");
    for (const word of ["one", "two"]) {
      await devtools.send("ServiceWorker.stopAllWorkers");
      await frame.evaluate((word) => void (document.cookie = `said=${word}`), word);
      await type(frame, `${word}\n`);
      await untilShown(frame, `you said ${word}`);
      const cookies = () => frame.evaluate(async () => await (await fetch("/cookies")).text());
      await until(async () => (await cookies()) === `said=${word}`);
      assert.is(await frame.evaluate(() => document.cookie), `said=${word}`);
    }
    assert.equal(await frame.evaluate(() => [terminal.opens, terminal.closes]), [1, 0]);
  });

  test.run();
}
