// A service worker that is stopped at any time, in real browsers, and a window that has none.
import type { Browser, LaunchOptions, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, launchBrowser, openPage, untilState } from "./browser.ts";
import { calm, openWeb, plainFetch } from "./web_page.ts";

const test = suite("worker's life", { deadline: 90_000 });

let bridge: Bridge;
let url: string;
/** Streams that the backend is writing. */
let open = 0;

test.before(async () => {
  bridge = await startBridge({
    propagation: 200,
    routes: {
      "GET /ticks": (_request, response) => {
        open++;
        const timer = setInterval(() => response.write("tick\n"), 500);
        response.on("close", () => {
          clearInterval(timer);
          open--;
        });
      },
    },
  });
  await bridge.startHost().until("online");
  url = `${bridge.page.url}web.html`;
});
test.after(async () => {
  await bridge?.[Symbol.asyncDispose]();
});

async function withBrowser(
  name: BrowserName,
  options: LaunchOptions,
  use: (browser: Browser) => Promise<void>,
): Promise<void> {
  const browser = await launchBrowser(name, options);
  try {
    await use(browser);
  } finally {
    await browser.close();
  }
}

/** Reads a stream of the backend's for some time, and tells how that ended. */
function readTicks(page: Page, seconds: number): Promise<string> {
  return page.evaluate(async (seconds) => {
    const reader = (await fetch("./local/ticks")).body!.getReader();
    const started = performance.now();
    while (performance.now() - started < seconds * 1000) {
      try {
        if ((await reader.read()).done) return "ended";
        Object.assign(globalThis, { hasTicked: true });
      } catch (error) {
        return (error as Error).name;
      }
    }
    await reader.cancel();
    return "goes on";
  }, seconds);
}

test("Chromium stops the worker: requests go on, and what it streamed ends at the backend", async () => {
  await withBrowser("chromium", {}, async (browser) => {
    const { page } = await openWeb(browser, url);
    await calm(page);
    const devtools = await page.createCDPSession();
    await devtools.send("ServiceWorker.enable");
    for (let i = 0; i < 3; i++) {
      await devtools.send("ServiceWorker.stopAllWorkers");
      assert.is((await plainFetch(page, "./local/api/notes")).status, 200);
    }
    const ticks = readTicks(page, 60);
    await page.waitForFunction(() => "hasTicked" in globalThis);
    assert.is(open, 1);
    await devtools.send("ServiceWorker.stopAllWorkers");
    assert.is(await ticks, "TypeError");
    await until(() => open === 0);
    assert.is((await plainFetch(page, "./local/api/notes")).status, 200);
  });
});

/** Makes Firefox stop a worker that long after its last event. */
function idleAfter(milliseconds: number): LaunchOptions {
  return {
    extraPrefsFirefox: {
      "dom.serviceWorkers.idle_timeout": milliseconds,
      "dom.serviceWorkers.idle_extended_timeout": 500,
    },
  };
}

test("Firefox stops the worker: requests go on", async () => {
  await withBrowser("firefox", idleAfter(500), async (browser) => {
    const { page } = await openWeb(browser, url);
    await calm(page);
    const locks = () =>
      page.evaluate(async () => (await navigator.locks.query()).held!.map(({ name }) => name));
    for (let i = 0; i < 2; i++) {
      assert.is((await plainFetch(page, "./local/api/notes")).status, 200);
      // The tab's own, the one of the election, and the worker's while it runs.
      await until(async () => (await locks()).length === 2);
    }
    assert.is((await plainFetch(page, "./local/api/notes")).status, 200);
  });
});

test("Firefox leaves the worker running while something is streamed", async () => {
  // Less would not leave the tab the time to keep it awake: it does so every 15 s.
  await withBrowser("firefox", idleAfter(18_000), async (browser) => {
    const { page } = await openWeb(browser, url);
    await calm(page);
    assert.is(await readTicks(page, 25), "goes on");
  });
});

test("a worker that cannot be loaded is named, and fetch works without", async () => {
  await withBrowser("chromium", {}, async (browser) => {
    const { page, troubles } = await openPage(browser, bridge.page.url);
    await page.evaluate(() => {
      document.querySelector("lighthouse-tunnel")!.worker = "./missing.js";
    });
    await page.waitForFunction(() => document.querySelector("lighthouse-tunnel")!.workerError);
    await untilState(page, "connected");
    const error = await page.evaluate(() => {
      const { code, message } = document.querySelector("lighthouse-tunnel")!.workerError!;
      return [code, message];
    });
    assert.is(error[0], "bad-config");
    assert.match(error[1]!, /^Cannot use the service worker http:\S+missing\.js: .*404/);
    assert.ok(troubles.some((text) => text.includes("does without its service worker")));
    assert.is((await fetchText(page, "/api/notes")).status, 200);
  });
});

test("a page that is not secure has neither worker nor keys, and says so", async () => {
  const args = ["--host-resolver-rules=MAP insecure.test 127.0.0.1"];
  await withBrowser("chromium", { args }, async (browser) => {
    const { page } = await openPage(browser, url.replace("127.0.0.1", "insecure.test"));
    assert.match(await untilState(page, "failed"), /This page is not secure/);
    const code = await page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.error?.code
    );
    assert.is(code, "unsupported");
  });
});

test.run();
