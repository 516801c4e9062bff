// An element with a key-site, in real browsers: the frame of another origin keeps the key and the connection.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { suite } from "../testing/suite.ts";
import { fetchText, launchBrowser, openConnected } from "./browser.ts";
import { type IsolatedSite, startIsolatedSite } from "./key_site.ts";

/** The code with which the page's tunnel refuses a request. */
function refusalOf(page: Page, path: string): Promise<string> {
  return page.evaluate(async (path) => {
    try {
      const { status } = await document.querySelector("lighthouse-tunnel")!.fetch(path);
      return String(status);
    } catch (error) {
      return ((error as Error).cause as { code: string }).code;
    }
  }, path);
}

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`key site in ${name}`, { deadline: 60_000 });
  let site: IsolatedSite;
  let browser: Browser;
  let url: string;

  test.before(async () => {
    site = await startIsolatedSite({ allowed: "/notes" });
    const { backend } = site.bridge;
    const host = site.bridge.startHost([
      "--service",
      `/notes=${backend.url}`,
      "--public",
      "/notes",
    ]);
    browser = await launchBrowser(name);
    url = `${site.url}plain.html`;
    await writeFile(
      join(site.folder, "plain.html"),
      `<!doctype html><title>Plain</title><link rel=icon href="data:,"><script type=module src=tunnel.js></script>
<lighthouse-tunnel key-site="${site.keyUrl}"></lighthouse-tunnel>`,
    );
    await host.until("online");
  });
  test.after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  test("requests go through the frame, to the app's service only", async () => {
    const { page, troubles } = await openConnected(browser, url);
    assert.is((await fetchText(page, "/notes/api/notes")).status, 200);
    assert.is(await refusalOf(page, "/api/notes"), "no-access");
    assert.equal(troubles, []);
  });

  test.run();
}
