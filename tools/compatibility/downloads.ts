// Browsers that save downloads into a folder without asking.
import { readFile, rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import type { BrowserName } from "../browser.ts";
import { launchBrowser } from "../e2e/browser.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";

const folders = new WeakMap<Browser, string>();

/**
 * Starts a browser whose downloads {@linkcode takeDownload} finds. The caller closes it.
 *
 * @param settings Further settings of Firefox.
 */
export async function launchForDownloads(
  name: BrowserName,
  settings: Record<string, unknown> = {},
): Promise<Browser> {
  const folder = temporaryFolder();
  const browser = await launchBrowser(name, {
    extraPrefsFirefox: {
      ...settings,
      "browser.download.dir": folder,
      "browser.download.folderList": 2,
      "browser.download.always_ask_before_handling_new_types": false,
    },
  });
  folders.set(browser, folder);
  return browser;
}

/** Makes a context in such a browser: it shares no cookies and no storage with others. */
export async function newContext(browser: Browser): Promise<BrowserContext> {
  const downloadPath = folders.get(browser);
  // Firefox has it from its settings.
  if (!downloadPath || await isFirefox(browser)) return await browser.createBrowserContext();
  return await browser.createBrowserContext({
    downloadBehavior: { policy: "allow", downloadPath },
  });
}

async function isFirefox(browser: Browser): Promise<boolean> {
  return (await browser.version()).toLowerCase().startsWith("firefox");
}

/** Waits for a file that the page's browser saves, and removes it. @throws {Error} If there is none. */
export async function takeDownload(page: Page, name: string): Promise<Uint8Array> {
  const path = join(folders.get(page.browser()) ?? "", name);
  for (let tries = 0; tries < 100; tries++) {
    await sleep(100);
    const bytes = await readFile(path).catch(() => undefined);
    if (!bytes?.length) continue;
    await rm(path);
    return bytes;
  }
  throw new Error(`${name} has not been saved`);
}
