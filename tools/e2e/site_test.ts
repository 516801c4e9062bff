// A site that `lighthouse-host site` has written, in real browsers: it can be installed, gets newer, and goes
// away again.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { suite } from "../testing/suite.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { launchBrowser } from "./browser.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`site in ${name}`, { deadline: 60_000 });
  let site: AppSite;
  let browser: Browser;

  test.before(async () => {
    site = await startAppSite({ path: "/repo/" });
    const host = site.bridge.startHost();
    browser = await launchBrowser(name);
    await host.until("online");
  });
  test.after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  /** Opens a page of the site once the service worker answers there. */
  async function open(): Promise<Page> {
    const page = await browser.newPage();
    await page.goto(site.url);
    await page.evaluate(async () => {
      await navigator.serviceWorker.ready;
      // It serves the page from when it has taken over.
      while (!navigator.serviceWorker.controller) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    });
    return page;
  }

  const versionsIn = (page: Page) =>
    page.evaluate(async (site) => {
      const names = await caches.keys();
      return names.filter((name) => name.startsWith(`lighthouse ${site} `))
        .map((name) => name.split(" ").at(-1));
    }, site.url);

  if (name === "chromium") {
    test("it can be installed, and opens without the browser around it", async () => {
      const page = await open();
      const session = await page.createCDPSession();
      const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
      // Windows of tests keep nothing, so the browser would not install anything for good.
      const errors = installabilityErrors.filter(({ errorId }) => errorId !== "in-incognito");
      assert.equal(errors, []);
      const { url, errors: wrong, data } = await session.send("Page.getAppManifest");
      assert.is(url, `${site.url}lighthouse/manifest.webmanifest`);
      assert.equal(wrong, []);
      const { id, scope, start_url, display, icons } = JSON.parse(data!);
      assert.equal([id, scope, start_url, display], ["/repo/", "/repo/", "/repo/", "standalone"]);
      const sizes = await page.evaluate(
        (icons) =>
          Promise.all(icons.map(async ({ src }) => {
            const image = Object.assign(new Image(), { src });
            await image.decode();
            return `${image.naturalWidth}x${image.naturalHeight}`;
          })),
        icons as { src: string }[],
      );
      const wanted = icons.map((icon: { sizes: string }) => icon.sizes);
      assert.equal(sizes.slice(1), wanted.slice(1));
      assert.ok(wanted.includes("192x192") && wanted.includes("512x512"));
      await page.close();
    });
  }

  test("its policy lets the shell work, and nothing is refused", async () => {
    const page = await browser.newPage();
    const violations: string[] = [];
    page.on("console", (message) => {
      if (/content.security.policy/i.test(message.text())) violations.push(message.text());
    });
    await page.goto(`${site.url}deep/link?a=1`);
    await page.waitForFunction(
      () => document.querySelector("lighthouse-tunnel")?.state === "connected",
      { timeout: 15_000 },
    );
    assert.equal(violations, []);
    await page.close();
  });

  test("the site's reset page takes the worker and its files away, and leaves the key", async () => {
    const page = await open();
    assert.equal((await versionsIn(page)).length, 1);
    await page.goto(`${site.url}lighthouse/reset.html`);
    await page.waitForFunction(() =>
      document.querySelector("#outcome")!.textContent!.startsWith("Removed")
    );
    const left = await page.evaluate(async () => ({
      workers: (await navigator.serviceWorker.getRegistrations()).length,
      caches: await caches.keys(),
      databases: (await indexedDB.databases()).map(({ name }) => name),
    }));
    assert.equal(left, { workers: 0, caches: [], databases: ["lighthouse-tunnel"] });
    await page.click("#forget");
    await page.waitForFunction(() =>
      document.querySelector("#forgotten")!.textContent!.startsWith("Forgotten")
    );
    assert.equal(await page.evaluate(() => indexedDB.databases()), []);
    await page.reload();
    await page.waitForFunction(() =>
      document.querySelector("#outcome")!.textContent!.includes("no service worker")
    );
    await page.close();
  });

  test("a newer version replaces the worker and its files at the next visit", async () => {
    // It does not wait until all tabs are closed.
    const other = await open();
    const page = await open();
    const [before] = await versionsIn(page);
    const { version } = await site.write({ name: "Newer" });
    assert.is.not(version, before);
    await page.goto(site.url);
    await page.evaluate(async () => {
      await (await navigator.serviceWorker.ready).update();
    });
    await page.waitForFunction(
      async (version) => (await caches.keys()).some((name) => name.endsWith(version)),
      { timeout: 15_000 },
      version,
    );
    await page.waitForFunction(
      async () => {
        const { installing, waiting, active } = await navigator.serviceWorker.ready;
        return !installing && !waiting && active?.state === "activated";
      },
      { timeout: 15_000 },
    );
    await page.goto(site.url);
    assert.is(await page.$eval("meta[name=application-name]", (meta) => meta.content), "Newer");
    await page.close();
    await other.close();
  });

  test("the reset page works where the rest of the site is gone", async () => {
    const page = await open();
    await rm(join(site.folder, "sw.js"));
    await rm(join(site.folder, "lighthouse", "shell.js"));
    await page.goto(`${site.url}lighthouse/reset.html`);
    await page.waitForFunction(() =>
      document.querySelector("#outcome")!.textContent!.startsWith("Removed")
    );
    await page.close();
  });

  test.run();
}
