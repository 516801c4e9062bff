// Opens a browser with a page that measures one contender, and reads the page's heap.
import { build, stop } from "esbuild";
import { fileURLToPath } from "node:url";
import type { Browser, CDPSession, Page } from "puppeteer-core";
import { type BrowserName, findBrowser } from "../browser.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { type Link, loopback } from "./link.ts";
import type { DrivenPage, Driver } from "./page/driver.ts";

/** Limit for one measurement, in milliseconds. */
const PATIENCE_MS = 600_000;

/** Options of {@linkcode BenchPage.open}. */
export interface BenchPageOptions<Settings> {
  /** The page's address. Only its origin matters. */
  url: string;
  /** The script's name in `tools/bench/page/`. */
  script: string;
  /** The script's settings. */
  settings: Settings;
  /** URLs of scripts that the page loads first. */
  modules?: string[];
  /** The path between browser and servers. @default loopback */
  link?: Link;
  /** @default "chromium" */
  browserName?: BrowserName;
  /** Further flags for Chromium. */
  flags?: string[];
  /** Functions of this process that the page may call, by name. */
  lends?: Record<string, (...args: never[]) => unknown>;
}

/** A page in a separate browser. */
export class BenchPage implements AsyncDisposable {
  readonly browser: Browser;
  readonly tab: Page;
  #session: CDPSession | undefined;

  private constructor(browser: Browser, page: Page) {
    this.browser = browser;
    this.tab = page;
  }

  /** @throws {Error} The script's error, if it fails to start. */
  static async open<Settings>(options: BenchPageOptions<Settings>): Promise<BenchPage> {
    const { url, script, settings, modules = [], link = loopback, lends = {} } = options;
    const { browserName = "chromium", flags = [] } = options;
    const browser = await launchBrowser(browserName, {
      executablePath: await link.programOf(await findBrowser(browserName)),
      ...browserName === "firefox"
        ? await link.firefoxOptions?.()
        // The browser may run in a namespace that cannot reach this side's loopback.
        : { args: [...link.flags, ...flags], pipe: true },
      // Reporting each request to this process would cost more than the request.
      networkEnabled: false,
      protocolTimeout: PATIENCE_MS,
      // Puppeteer's handler would end this process, and leave the other processes behind.
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
      return new BenchPage(browser, page);
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

  /** Chromium only, as what follows. */
  async collectGarbage(): Promise<void> {
    const session = await this.#developerTools();
    await session.send("HeapProfiler.collectGarbage");
  }

  /** Takes a snapshot of the heap and drops it: the most thorough garbage collection. */
  async snapshotHeap(): Promise<void> {
    const session = await this.#developerTools();
    await session.send("HeapProfiler.takeHeapSnapshot");
  }

  /** Bytes of the page's heap: JavaScript objects, the browser's objects behind them, and buffers. */
  async heap(): Promise<number> {
    const session = await this.#developerTools();
    const { usedSize, embedderHeapUsedSize, backingStorageSize } = await session.send(
      "Runtime.getHeapUsage",
    );
    return usedSize + embedderHeapUsedSize + backingStorageSize;
  }

  async #developerTools(): Promise<CDPSession> {
    return this.#session ??= await this.tab.createCDPSession();
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
    // Ends esbuild's process, which otherwise runs as long as this one.
    await stop();
  }
}
