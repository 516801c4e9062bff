// EventSources through the service worker outlive backend, host and tab, in real browsers.
import { spawn } from "node:child_process";
import process from "node:process";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { freePort } from "../testing/listen.ts";
import { RunningProgram } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { openWeb, PLAIN_PAGE } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

const BACKEND = fileURLToPath(new URL("./event_backend.ts", import.meta.url));

/** EventSource.CLOSED. */
const CLOSED = 2;

/** An event as the page got it. */
interface Got {
  id: number;
  /** The process that sent it. */
  pid: number;
  /** The Last-Event-ID that the process got, or "-". */
  last: string;
}

for (const name of ["chromium", "firefox"] as const) await testIn(name);

async function testIn(name: BrowserName): Promise<void> {
  const test = suite(`EventSource in ${name}`, { deadline: 90_000 });
  const port = await freePort();
  let bridge: Bridge;
  let browser: Browser;
  let host: HostProcess;
  let backend: RunningProgram;

  async function startBackend(): Promise<void> {
    backend = new RunningProgram(spawn(process.execPath, [BACKEND, String(port)]));
    await backend.until(/listening/);
  }

  withBridge(
    test,
    { browser: name, folder: PLAIN_PAGE, backend: `http://127.0.0.1:${port}` },
    async (running) => {
      ({ bridge, browser, host } = running);
      await startBackend();
      running.stack.defer(() => void backend.child.kill("SIGKILL"));
    },
  );

  async function open(): Promise<Page> {
    const { page } = await openWeb(browser, `${bridge.page.url}web.html`);
    return page;
  }

  /** Opens an EventSource in the page, or in a frame of it. */
  function listenIn(page: Page, path: string, frame?: string): Promise<void> {
    return page.evaluate(
      async (path, src) => {
        let view: Window & typeof globalThis = window;
        if (src) {
          const frame = document.createElement("iframe");
          frame.src = src;
          const loaded = new Promise((resolve) => frame.onload = resolve);
          document.body.append(frame);
          await loaded;
          view = frame.contentWindow as Window & typeof globalThis;
        }
        const source = new view.EventSource(path);
        const got: Got[] = [];
        source.onmessage = ({ data, lastEventId }) => {
          const [pid, last] = data.split(" ");
          got.push({ id: Number(lastEventId), pid: Number(pid), last });
        };
        Object.assign(globalThis, { source, got });
      },
      path,
      frame,
    );
  }

  const gotIn = (page: Page) => page.evaluate(() => (globalThis as unknown as { got: Got[] }).got);

  const untilMore = async (page: Page, more = 3) => {
    const before = (await gotIn(page)).length;
    await until(async () => (await gotIn(page)).length >= before + more);
  };

  const stateIn = (page: Page) =>
    page.evaluate(() => (globalThis as unknown as { source: EventSource }).source.readyState);

  /** The page has missed no event, and got no event twice. */
  function assertUnbroken(got: Got[]): void {
    assert.equal(got.map(({ id }) => id), got.map((_, index) => got[0]!.id + index));
  }

  for (
    const [where, path, frame] of [
      ["a page", "./local/events", undefined],
      ["a backend's page in a frame, with a time of its own", "events?retry=500", "./local/page"],
    ] as const
  ) {
    test(`a backend that is killed and started again goes on in ${where}`, async () => {
      const page = await open();
      await listenIn(page, path, frame);
      await untilMore(page);
      for (let i = 0; i < 2; i++) {
        await backend.end("SIGKILL");
        // The browser asks for it while it is away: two seconds later, or half a second.
        await new Promise((resolve) => setTimeout(resolve, i * 3000));
        await startBackend();
        await untilMore(page);
        const got = await gotIn(page);
        assertUnbroken(got);
        const back = got.find(({ pid }) => pid === backend.pid)!;
        assert.is(back.last, String(back.id - 1));
      }
      await page.close();
    });
  }

  test("a host that is started again goes on", async () => {
    const page = await open();
    await listenIn(page, "./local/events");
    await untilMore(page);
    const before = (await gotIn(page)).length;
    await host.stop("SIGKILL");
    host = bridge.startHost();
    await host.until("online");
    await until(async () => (await gotIn(page)).length > before + 5);
    const got = await gotIn(page);
    assertUnbroken(got);
    await page.close();
  });

  test("another tab that takes over goes on", async () => {
    const first = await open();
    const second = await open();
    await listenIn(second, "./local/events");
    await untilMore(second);
    await first.close();
    await untilMore(second, 30);
    assertUnbroken(await gotIn(second));
    await second.close();
  });

  test("an answer that is meant ends it, and a closed one asks no more", async () => {
    const page = await open();
    for (const status of [204, 401, 403, 404, 500]) {
      await listenIn(page, `./local/status?status=${status}`);
      await until(async () => await stateIn(page) === CLOSED);
    }
    for (const status of [502, 503, 504]) {
      await listenIn(page, `./local/status?status=${status}`);
      await new Promise((resolve) => setTimeout(resolve, 500));
      assert.is.not(await stateIn(page), CLOSED);
      await page.evaluate(() => (globalThis as unknown as { source: EventSource }).source.close());
    }
    await listenIn(page, "./local/events");
    await untilMore(page);
    await page.evaluate(() => (globalThis as unknown as { source: EventSource }).source.close());
    await new Promise((resolve) => setTimeout(resolve, 2500));
    await listenIn(page, "./local/events");
    await untilMore(page);
    assert.is((await gotIn(page))[0]!.last, "-");
    await page.close();
  });

  test("a stream that a script fetches breaks off as it does without a worker", async () => {
    const page = await open();
    const ended = page.evaluate(async () => {
      const { body } = await fetch("./local/events", { headers: { accept: "text/event-stream" } });
      const reader = body!.getReader();
      try {
        while (!(await reader.read()).done) Object.assign(globalThis, { hasRead: true });
        return "ended";
      } catch (error) {
        return (error as Error).name;
      }
    });
    await page.waitForFunction(() => "hasRead" in globalThis);
    await backend.end("SIGKILL");
    // Firefox has another word for it when it comes from a worker.
    assert.ok(["TypeError", "AbortError"].includes(await ended), await ended);
    await startBackend();
    await page.close();
  });

  test.run();
}
