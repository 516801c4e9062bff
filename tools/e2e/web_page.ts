// What the tests of the service worker share: pages that know nothing of the tunnel.
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import { openConnected, type TunnelPage } from "./browser.ts";

/** What Firefox remarks whenever a body that comes from a service worker is not read to its end. */
const REMARK = /A ServiceWorker intercepted the request and encountered an unexpected error/;

/** Folder of a page `web.html` that has the element and its worker, and asks for nothing by itself. */
export const PLAIN_PAGE = fileURLToPath(new URL("./plain_page/", import.meta.url));

/** Opens the demo of plain URLs, or another page with the same element, and waits until it is connected. */
export async function openWeb(browser: Browser | BrowserContext, url: string): Promise<TunnelPage> {
  return await openConnected(browser, url, REMARK);
}

/** `fetch` as any page's script calls it. */
export async function plainFetch(page: Page, path: string, init: RequestInit = {}) {
  return await page.evaluate(
    async (path, init) => {
      const response = await fetch(path, init);
      const { status, url, redirected } = response;
      return { status, url, redirected, text: await response.text() };
    },
    path,
    init,
  );
}

/** Removes what asks for things by itself. */
export async function calm(page: Page): Promise<void> {
  await page.evaluate(() => {
    for (const element of document.querySelectorAll("iframe, video")) element.remove();
  });
}
