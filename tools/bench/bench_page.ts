// A page that measures one contender, and what of its browser is seen from outside.
import { build, stop } from "esbuild";
import { fileURLToPath } from "node:url";
import type { Browser, CDPSession, Page } from "puppeteer-core";
import { findBrowser } from "../browser.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { type Link, loopback } from "./link.ts";
import type { DrivenPage, Driver } from "./page/driver.ts";

/** A measurement that takes longer has failed, in milliseconds. */
const PATIENCE_MS = 600_000;

/** Options of {@linkcode BenchPage.open}. */
export interface BenchPageOptions<Settings> {
  /** The page's address. What is there does not matter: its origin does. */
  url: string;
  /** The script's name in `tools/bench/page/`. */
  script: string;
  /** What the script is started with. */
  settings: Settings;
  /** Scripts that the page loads before, by their URL. */
  modules?: string[];
  /** Where the browser is. @default loopback */
  link?: Link;
  /** Further flags for the browser. */
  flags?: string[];
  /** What the page may call in this process, by name. */
  lends?: Record<string, (...args: never[]) => unknown>;
}

/** A page, in a browser of its own. */
export class BenchPage implements AsyncDisposable {
  readonly browser: Browser;
  readonly tab: Page;
  readonly #session: CDPSession;

  private constructor(browser: Browser, page: Page, session: CDPSession) {
    this.browser = browser;
    this.tab = page;
    this.#session = session;
  }

  /** @throws {Error} What the script throws while it starts. */
  static async open<Settings>(options: BenchPageOptions<Settings>): Promise<BenchPage> {
    const { url, script, settings, modules = [], link = loopback, flags = [], lends = {} } =
      options;
    const browser = await launchBrowser("chromium", {
      executablePath: await link.programOf(await findBrowser("chromium")),
      args: [...link.flags, ...flags],
      // The browser may be where this side's loopback is not.
      pipe: true,
      // Or each request of the page would be reported to this process, which costs more than it.
      networkEnabled: false,
      protocolTimeout: PATIENCE_MS,
      // It would end this process, and leave the others behind.
      handleSIGINT: false,
      handleSIGTERM: false,
      handleSIGHUP: false,
    });
    try {
      const [page = await browser.newPage()] = await browser.pages();
      for (const [name, lent] of Object.entries(lends)) await page.exposeFunction(name, lent);
      await page.goto(url);
      for (const module of modules) await page.addScriptTag({ url: module, type: "module" });
      await page.addScriptTag({ content: await bundle(script) });
      await page.evaluate(
        (settings) => (globalThis as unknown as DrivenPage<Settings>).start(settings as Settings),
        settings,
      );
      return new BenchPage(browser, page, await page.createCDPSession());
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  /** Runs one of the driver's measurements. */
  async run<Name extends keyof Driver>(
    name: Name,
    ...args: Parameters<Driver[Name]>
  ): Promise<Awaited<ReturnType<Driver[Name]>>> {
    return await this.tab.evaluate(
      (name, args) => {
        const { driver } = globalThis as unknown as DrivenPage<unknown>;
        return (driver[name] as (...args: unknown[]) => unknown)(...args);
      },
      name,
      args,
    ) as Awaited<ReturnType<Driver[Name]>>;
  }

  async collectGarbage(): Promise<void> {
    await this.#session.send("HeapProfiler.collectGarbage");
  }

  /** Takes a snapshot of the heap and drops it: nothing collects garbage as thoroughly. */
  async snapshotHeap(): Promise<void> {
    await this.#session.send("HeapProfiler.takeHeapSnapshot");
  }

  /** Bytes of the page's heap: objects, the browser's own behind them, and buffers. */
  async heap(): Promise<number> {
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = await this.#session.send(
      "Runtime.getHeapUsage",
    );
    return usedSize + embedderHeapUsedSize + backingStorageSize;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.browser.close();
  }
}

async function bundle(script: string): Promise<string> {
  try {
    const result = await build({
      entryPoints: [fileURLToPath(new URL(`./page/${script}`, import.meta.url))],
      bundle: true,
      format: "iife",
      write: false,
      logLevel: "warning",
    });
    return result.outputFiles[0]!.text;
  } finally {
    // esbuild's own process would stay as long as this one.
    await stop();
  }
}
