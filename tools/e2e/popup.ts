// A window that a page opens, as its driver has it.
import { setTimeout as sleep } from "node:timers/promises";
import type { Page } from "puppeteer-core";

const PATIENCE_MS = 10_000;

/**
 * Does something that opens another window in the page's context. Puppeteer's event for that does not tell
 * of the windows that a frame has opened in Firefox.
 *
 * @returns That window's page.
 * @throws {Error} If there is none after 10 s.
 */
export async function openPopup(page: Page, act: () => unknown): Promise<Page> {
  const context = page.browserContext();
  const before = new Set(await context.pages());
  await act();
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end; await sleep(20)) {
    const opened = (await context.pages()).find((each) => !before.has(each));
    if (opened) return opened;
  }
  throw new Error(`${page.url()} has opened no window`);
}
