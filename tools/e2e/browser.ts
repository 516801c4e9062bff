// What the end-to-end tests share: real browsers, and pages with the element in them.
import puppeteer, {
  type Browser,
  type BrowserContext,
  type LaunchOptions,
  type Page,
} from "puppeteer-core";
import { type BrowserName, findBrowser } from "../browser.ts";

/** Flags for a quiet headless Chromium that may run as root, as it does in containers. */
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  // Chromium draws two pop-ups of its address bar for each window, which is half of a short test's CPU time.
  "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup",
];

/** Starts a browser. The caller closes it. @param options Besides its own, such as further `args`. */
export async function launchBrowser(
  name: BrowserName = "chromium",
  options: LaunchOptions = {},
): Promise<Browser> {
  const executablePath = await findBrowser(name);
  return name === "firefox"
    ? await puppeteer.launch({ browser: "firefox", executablePath, ...options })
    : await puppeteer.launch({
      executablePath,
      ...options,
      args: [...FLAGS, ...options.args ?? []],
    });
}

/** What a test sees of a page, errors and warnings of its script included. */
export interface TunnelPage {
  page: Page;
  /** Texts of uncaught errors, and of the console's warnings and errors. */
  troubles: string[];
}

/** Opens a page that has a `<lighthouse-tunnel>`. @param remark What is no trouble, if anything. */
export async function openPage(
  browser: Browser | BrowserContext,
  url: string,
  remark?: RegExp,
): Promise<TunnelPage> {
  const page = await browser.newPage();
  const troubles: string[] = [];
  const note = (text: string) => {
    if (!remark?.test(text)) troubles.push(text);
  };
  page.on("pageerror", (error) => note(String(error)));
  page.on("console", (message) => {
    if (message.type() === "error" || message.type() === "warn") note(message.text());
  });
  await page.goto(url);
  await page.waitForSelector("lighthouse-tunnel:defined");
  return { page, troubles };
}

/** Opens a page, and waits until its tunnel is connected. */
export async function openConnected(
  ...page: Parameters<typeof openPage>
): Promise<TunnelPage> {
  const opened = await openPage(...page);
  await untilState(opened.page, "connected");
  return opened;
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

/** Has the page's element connect again. @returns The time that it took, in milliseconds. */
export function reconnect(page: Page): Promise<number> {
  return page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    tunnel.close();
    const started = performance.now();
    tunnel.connect();
    await tunnel.ready;
    return performance.now() - started;
  });
}
