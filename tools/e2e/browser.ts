// What the end-to-end tests share: a real Chromium, and pages with the element in it.
import puppeteer, { type Browser, type Page } from "puppeteer-core";
import { findBrowser } from "../browser.ts";

/** Flags for a quiet headless browser that may run as root, as it does in containers. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Starts Chromium. The caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  return await puppeteer.launch({ executablePath: await findBrowser(), args: FLAGS });
}

/** What a test sees of a page, errors and warnings of its script included. */
export interface TunnelPage {
  page: Page;
  /** Texts of uncaught errors, and of the console's warnings and errors. */
  troubles: string[];
}

/** Opens a page that has a `<lighthouse-tunnel>`. */
export async function openPage(browser: Browser, url: string): Promise<TunnelPage> {
  const page = await browser.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warn") troubles.push(message.text());
  });
  await page.goto(url);
  await page.waitForSelector("lighthouse-tunnel:defined");
  return { page, troubles };
}

/** Resolves when the page's tunnel is in the state, with the reason it gives. */
export async function untilState(page: Page, state: string, timeout = 15_000): Promise<string> {
  await page.waitForFunction(
    (state) => document.querySelector("lighthouse-tunnel")!.state === state,
    { timeout, polling: 20 },
    state,
  );
  return await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.reason);
}

/** Fetches through the page's tunnel, and gives the status and the body's text. */
export async function fetchText(page: Page, path: string, init: RequestInit = {}) {
  return await page.evaluate(
    async (path, init) => {
      const response = await document.querySelector("lighthouse-tunnel")!.fetch(path, init);
      return { status: response.status, text: await response.text() };
    },
    path,
    init,
  );
}
