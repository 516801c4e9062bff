// Which requests of a page under the prefix pass by the service worker, in real browsers: the table in
// docs/service-worker.md, "What no worker can serve".
import type { Browser, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { openWeb, PLAIN_PAGE } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

/** Asks for `url`, in the page. */
type Ask = (url: string) => unknown;

/** Puts an element into the page. */
const element = (name: string, attribute: string): Ask =>
  new Function(
    "url",
    `
    const element = document.createElement("${name}");
    element.setAttribute("${attribute}", url);
    document.body.append(element);
    if (element.localName === "a") element.click();`,
  ) as Ask;

const cases: [what: string, ask: Ask, servedIn: BrowserName[]][] = [
  ["<iframe>", element("iframe", "src"), ["chromium", "firefox"]],
  ["<img>", element("img", "src"), ["chromium", "firefox"]],
  ["<object>", element("object", "data"), []],
  ["<embed>", element("embed", "src"), []],
  ["<a download>", (url) => {
    const link = document.createElement("a");
    link.href = url;
    link.download = "file.txt";
    document.body.append(link);
    link.click();
  }, ["chromium", "firefox"]],
  ["a link that is saved", element("a", "href"), ["chromium", "firefox"]],
  ["navigator.sendBeacon()", (url) => navigator.sendBeacon(url, "x"), ["chromium", "firefox"]],
  ["fetch with keepalive", (url) => fetch(url, { keepalive: true }), ["chromium", "firefox"]],
  ["a Web Worker", (url) => void new Worker(url), ["chromium", "firefox"]],
  ["a shared worker", (url) => void new SharedWorker(url), ["chromium", "firefox"]],
  ["a picture in a frame of srcdoc", (url) => {
    const frame = document.createElement("iframe");
    frame.srcdoc = `<img src="${url}">`;
    document.body.append(frame);
  }, ["chromium", "firefox"]],
  ["a picture in a frame of a blob", (url) => {
    const frame = document.createElement("iframe");
    frame.src = URL.createObjectURL(new Blob([`<img src="${url}">`], { type: "text/html" }));
    document.body.append(frame);
  }, ["chromium", "firefox"]],
  ["a frame with sandbox", (url) => {
    const frame = document.createElement("iframe");
    frame.setAttribute("sandbox", "allow-scripts");
    frame.src = url;
    document.body.append(frame);
  }, ["chromium", "firefox"]],
  [
    "a service worker of the backend's",
    (url) => navigator.serviceWorker.register(url).catch(() => {}),
    [],
  ],
];

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`limits of the worker in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let page: Page;
  let frame: Frame;

  withBridge(test, {
    browser: name,
    folder: PLAIN_PAGE,
    routes: {
      "GET /page": (_request, response) => {
        response.setHeader("content-type", "text/html");
        response.end("<!doctype html><title>A page</title><body>");
      },
      "GET /asked/:number": (_request, response) => {
        response.setHeader("content-disposition", "attachment; filename=file.txt");
        response.end("");
      },
      "GET /slow": async (_request, response) => {
        await new Promise((resolve) => setTimeout(resolve, 12_000));
        response.end("slow");
      },
      "POST /asked/:number": (_request, response) => void response.end(""),
    },
  }, async (running) => {
    ({ bridge, browser } = running);
    ({ page } = await openWeb(browser, `${bridge.page.url}web.html`));
    await page.evaluate(async () => {
      const frame = document.createElement("iframe");
      frame.id = "under";
      frame.src = "./local/page";
      const loaded = new Promise((resolve) => frame.onload = resolve);
      document.body.append(frame);
      await loaded;
    });
    frame = await (await page.$("#under"))!.contentFrame() as Frame;
  });

  cases.forEach(([what, ask, servedIn], number) => {
    const isServed = servedIn.includes(name);
    test(`${what} is ${isServed ? "served" : "not served"}`, async () => {
      const isAsked = () => bridge.backend.requests.some(({ path }) => path === `/asked/${number}`);
      await frame.evaluate(
        ask as (url: string) => unknown,
        `${bridge.page.url}local/asked/${number}`,
      );
      if (isServed) return await until(isAsked);
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.not(isAsked());
    });
  });

  const askNow = (frame: Frame | Page, url: string) =>
    frame.evaluate((url) => {
      const request = new XMLHttpRequest();
      request.open("GET", url, false);
      try {
        request.send();
        return request.responseText;
      } catch (error) {
        return (error as Error).name;
      }
    }, url);

  test("a beacon of a page that goes arrives", async () => {
    const tab = await browser.newPage();
    await tab.goto(`${bridge.page.url}local/page`);
    await tab.evaluate(() => {
      addEventListener("pagehide", () => navigator.sendBeacon("asked/pagehide", "x"));
    });
    await tab.goto("about:blank");
    await until(() => bridge.backend.requests.some(({ path }) => path === "/asked/pagehide"));
    await tab.close();
  });

  test("a document to which its script has given a URL outside of the prefix is loaded again", async () => {
    const tab = await browser.newPage();
    await tab.goto(`${bridge.page.url}local/page`);
    await tab.evaluate(() => history.pushState(null, "", "/page?pushed"));
    await tab.reload();
    assert.is(tab.url(), `${bridge.page.url}local/page?pushed`);
    assert.is(await tab.title(), "A page");
    await tab.close();
  });

  test("an answer that is slow arrives, since its leader says that it is there", async () => {
    const text = await frame.evaluate(async () => (await fetch("slow")).text());
    assert.is(text, "slow");
  });

  test("a synchronous XMLHttpRequest is not served in the leading tab, and does not block it for long", async () => {
    const answer = await askNow(frame, `${bridge.page.url}local/page`);
    assert.is(answer, name === "firefox" ? "NetworkError" : "");
  });

  test(`it is ${name === "firefox" ? "" : "not "}served in another tab`, async () => {
    const other = await browser.newPage();
    await other.goto(`${bridge.page.url}local/page`);
    const answer = await askNow(other, `${bridge.page.url}local/page`);
    assert.match(answer, name === "firefox" ? /A page/ : /^$/);
    await other.close();
  });

  test.run();
}
