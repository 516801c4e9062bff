// Measures the first page of an app in a browser that knows the site already, by plain HTTP and in app
// mode: from the navigation to the end of the page's load.
import { type Browser, type BrowserContext, type Frame, type Page } from "puppeteer-core";
import { startAppSite } from "../e2e/app_site.ts";
import { launchBrowser, reconnect, untilState } from "../e2e/browser.ts";
import type { Route } from "../local/backend_route.ts";
import { pairingLink } from "../testing/program.ts";
import { startBenchBackend } from "./backend.ts";

/** Times in milliseconds. */
export interface FirstPages {
  http: number[];
  app: number[];
  /** Connects of a page that does nothing else. */
  connects: number[];
}

/** Number of pictures in the page. */
const PICTURES = 8;

/** Says that the page's load has ended. */
let onLoaded = () => {};

/** An app's page with its style, its script and pictures, each of which comes anew. */
const ROUTES: Record<string, Route> = {
  "GET /app/": answering("text/html; charset=utf-8", pageText()),
  "GET /app/style.css": answering("text/css", `/*${"s".repeat(20_000)}*/`),
  "GET /app/script.js": answering(
    "text/javascript",
    `addEventListener("load", () => {
  loadedAt = performance.timeOrigin + performance.now();
  void fetch("loaded", { method: "POST" });
});
/*${"s".repeat(150_000)}*/`,
  ),
  "GET /app/picture.svg": answering(
    "image/svg+xml",
    `<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"><!--${
      "s".repeat(10_000)
    }--></svg>`,
  ),
  "POST /app/loaded": (_request, response) => {
    response.writeHead(204).end();
    onLoaded();
  },
};

/** The page's script says when it was loaded, by the clock of the machine. */
declare const loadedAt: number;

/** Opens the page `count` times each way, in turns. Needs the built bundles. */
export async function runFirstPages(count: number): Promise<FirstPages> {
  await using stack = new AsyncDisposableStack();
  const backend = stack.use(await startBenchBackend(ROUTES));
  const site = stack.use(await startAppSite({ backend: backend.url }));
  await site.bridge.startHost().until("online");
  const browser = await launchBrowser();
  stack.defer(() => browser.close());

  const times: FirstPages = { http: [], app: [], connects: [] };
  const page = await openTab(browser, await pairingLink(site.bridge.state, site.url));
  await untilState(page, "connected");
  while (times.connects.length < count) times.connects.push(await reconnect(page));
  await page.close();
  // The first of each fills the caches of the browser.
  for (let at = -1; at < count; at++) {
    const http = await timeOf(browser, `${backend.url}/app/`, (page) => page.mainFrame());
    const app = await timeOf(browser, `${site.url}app/`, appIn);
    if (at < 0) continue;
    times.http.push(http);
    times.app.push(app);
  }
  return times;
}

async function openTab(browser: Browser | BrowserContext, url: string): Promise<Page> {
  const page = await browser.newPage();
  await page.goto(url);
  return page;
}

/** Opens the page in a tab of its own, which then is closed, and the connection with it. */
async function timeOf(
  browser: Browser,
  url: string,
  frameOf: (page: Page) => Frame | undefined,
): Promise<number> {
  // Nothing asks the page meanwhile: that would be work in between.
  const loaded = new Promise<void>((resolve) => onLoaded = resolve);
  const page = await openTab(browser, url);
  await loaded;
  const time = await frameOf(page)!.evaluate(() => loadedAt);
  const started = await page.evaluate(() => performance.timeOrigin);
  await page.close();
  return time - started;
}

function appIn(page: Page): Frame | undefined {
  return page.frames().find((frame) => frame !== page.mainFrame() && frame.url().endsWith("/app/"));
}

function answering(type: string, body: string): Route {
  return (_request, response) => {
    response.writeHead(200, { "content-type": type, "cache-control": "no-store" }).end(body);
  };
}

function pageText(): string {
  const pictures = Array.from({ length: PICTURES }, (_, at) => `<img src="picture.svg?${at}">`);
  return `<!doctype html><html lang="en"><title>An app</title><link rel="stylesheet" href="style.css">
<script src="script.js"></script><body>${pictures.join("")}<p>${"text ".repeat(4_000)}</p>`;
}
