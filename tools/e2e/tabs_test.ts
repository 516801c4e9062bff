// Several tabs share one connection, in real browsers: who holds it, what becomes of requests when
// that tab goes or crashes, and when there is none.
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, untilState } from "./browser.ts";
import { openWeb, PLAIN_PAGE, plainFetch } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`tabs in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let url: string;
  /** Offers that pages have made: one each time that somebody dials. */
  let dials = 0;
  /** The backend answers these only when told to. */
  let release = () => {};

  withBridge(test, {
    browser: name,
    folder: PLAIN_PAGE,
    onActivity: (activity) => {
      if (activity.type === "close" && activity.connection.messagesIn > 0) dials++;
    },
    routes: {
      "GET /slow": async (_request, response) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        release = resolve;
        await promise;
        response.end("at last");
      },
      "POST /slow": () => {},
      "GET /half": (_request, response) => {
        response.write("half");
      },
    },
  }, (running) => {
    ({ bridge, browser } = running);
    url = `${bridge.page.url}web.html`;
  });
  test.before.each(() => {
    dials = 0;
    bridge.backend.requests.length = 0;
  });
  test.after.each(async () => {
    for (const page of (await browser.pages()).slice(1)) await page.close();
  });

  /** How often the backend has seen this. */
  const count = (path: string, method = "GET") =>
    bridge.backend.requests.filter((request) => request.path === path && request.method === method)
      .length;

  /** Starts a request as any script does, and keeps what becomes of it. */
  async function start(page: Page, path: string, init: RequestInit = {}): Promise<void> {
    const before = count(`/${path}`, init.method);
    await page.evaluate(
      (path, init) => {
        const outcome = fetch(`./local/${path}`, init).then((response) => response.text())
          .catch((error) => error.name);
        Object.assign(globalThis, { outcome });
      },
      path,
      init,
    );
    await until(() => count(`/${path}`, init.method) > before);
  }
  const outcome = (page: Page) =>
    page.evaluate(() => (globalThis as unknown as { outcome: Promise<string> }).outcome);

  test("two tabs dial once, and both reach the backend either way", async () => {
    const { page: first } = await openWeb(browser, url);
    const { page: second, troubles } = await openWeb(browser, url);
    for (const page of [first, second]) {
      assert.is((await fetchText(page, "/api/notes")).status, 200);
      assert.is((await plainFetch(page, "./local/api/notes")).status, 200);
    }
    const stats = await second.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.stats().catch((error) => error.code)
    );
    assert.is(stats, "closed");
    const reason = () => second.evaluate(() => document.querySelector("lighthouse-tunnel")!.reason);
    assert.is(await reason(), "through another tab");
    assert.is(dials, 1);
    assert.equal(troubles, []);
  });

  test("a GET goes on in another tab when the one that holds the connection is closed", async () => {
    const { page: first } = await openWeb(browser, url);
    const { page: second } = await openWeb(browser, url);
    await start(second, "slow");
    await first.close();
    const closed = performance.now();
    assert.is((await plainFetch(second, "./local/api/notes")).status, 200);
    console.log(`  ${name}: answered ${Math.round(performance.now() - closed)} ms after the close`);
    await until(() => count("/slow") === 2);
    release();
    assert.is(await outcome(second), "at last");
    assert.is(count("/slow"), 2);
    await untilState(second, "connected");
    assert.is((await fetchText(second, "/api/notes")).status, 200);
  });

  test("a POST under way fails when that tab is closed, and is sent once", async () => {
    const { page: first } = await openWeb(browser, url);
    const { page: second } = await openWeb(browser, url);
    await start(second, "slow", { method: "POST", body: "once" });
    await first.close();
    assert.is(await outcome(second), "TypeError");
    assert.is((await plainFetch(second, "./local/api/notes")).status, 200);
    assert.is(count("/slow", "POST"), 1);
  });

  test("an answer that breaks off in the middle fails its reader", async () => {
    const { page: first } = await openWeb(browser, url);
    const { page: second } = await openWeb(browser, url);
    await second.evaluate(async () => {
      const reader = (await fetch("./local/half")).body!.getReader();
      await reader.read();
      Object.assign(globalThis, { outcome: reader.read().catch((error) => error.name) });
    });
    await first.close();
    assert.ok(["TypeError", "AbortError"].includes(await outcome(second)));
    assert.is(count("/half"), 1);
  });

  test("tunnel.fetch of another tab says why it failed", async () => {
    const { page: first } = await openWeb(browser, url);
    const { page: second } = await openWeb(browser, url);
    await second.evaluate(() => {
      const outcome = document.querySelector("lighthouse-tunnel")!
        .fetch("/slow", { method: "POST", body: "once" })
        .catch((error) => [error.name, error.cause.code].join());
      Object.assign(globalThis, { outcome });
    });
    await until(() => count("/slow", "POST") === 1);
    await first.close();
    assert.is(await outcome(second), "TypeError,connection-lost");
  });

  test("a tab that comes back by the Back button joins again, and takes over", async () => {
    const { page: first } = await openWeb(browser, url);
    const { page: second } = await openWeb(browser, url);
    await second.evaluate(() => Object.assign(globalThis, { isKept: true }));
    await second.goto(`${bridge.page.url}sw.js`);
    await second.goBack();
    // Chromium kept the page as it was; Firefox has read it anew.
    assert.is(await second.evaluate(() => "isKept" in globalThis), name === "chromium");
    await first.close();
    await second.waitForFunction(() =>
      document.querySelector("lighthouse-tunnel")!.stats().then(() => true, () => false)
    );
    assert.is((await plainFetch(second, "./local/api/notes")).status, 200);
  });

  test("without a tab that holds a connection, requests wait, and then are told so", async () => {
    const { page } = await openWeb(browser, url);
    await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.remove());
    const app = await browser.newPage();
    const [answer, shown] = await Promise.all([
      plainFetch(page, "./local/api/notes"),
      app.goto(`${bridge.page.url}local/wishes`),
    ]);
    assert.equal([answer.status, JSON.parse(answer.text).error.code], [503, "no-holder"]);
    assert.is(await app.title(), "Your laptop cannot be reached");
    assert.is(shown?.status() ?? 503, 503);
    // As soon as some tab is connected, the page goes on.
    await openWeb(browser, url);
    await app.waitForFunction(() => document.title === "Wishes");
  });

  test("requests that wait are answered by the tab that comes", async () => {
    const { page } = await openWeb(browser, url);
    await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.close());
    const answer = plainFetch(page, "./local/api/notes");
    await openWeb(browser, url);
    assert.is((await answer).status, 200);
  });

  if (name === "chromium") {
    test("a crash of the tab is no worse than its end", async () => {
      const { page: first } = await openWeb(browser, url);
      const { page: second } = await openWeb(browser, url);
      await start(second, "slow");
      await first.goto("chrome://crash").catch(() => {});
      await until(() => count("/slow") === 2);
      release();
      assert.is(await outcome(second), "at last");
    });
  }

  test.run();
}
