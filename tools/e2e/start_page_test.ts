// A site for several apps, and what is special about a project's site: the start page, paths that lead out
// of the site's folder, and a new version.
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { startExpressApp } from "../../host/testing/express_app.ts";
import type { BrowserName } from "../browser.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { launchBrowser } from "./browser.ts";
import { appOf, clickButton, headingOf, judge, nameOf, panelOf, untilPanel } from "./shell_page.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`start page in ${name}`, { deadline: 30_000 });
  const stack = new AsyncDisposableStack();
  let site: AppSite;
  let browser: Browser;
  let page: Page;

  test.before(async () => {
    const app = await startExpressApp(temporaryFolder());
    stack.defer(() => app.close());
    site = stack.use(
      await startAppSite({
        path: "/repo/",
        service: null,
        name: "Ann's laptop",
        routes: {
          "GET /plain": (_request, response) => {
            response.setHeader("content-type", "text/plain");
            response.end("only text");
          },
          "GET /": (_request, response) => {
            response.setHeader("content-type", "text/html");
            response.end(`<!doctype html><html lang="en"><title>Notes</title><h1>Notes</h1>
<a id="out" href="https://other.example/">Another site</a>`);
          },
        },
      }),
    );
    const { backend } = site.bridge;
    const services = { "/notes": backend.url, "/app": app.url, "/gone": "http://127.0.0.1:9" };
    const host = site.bridge.startHost(
      Object.entries(services)
        .flatMap(([path, url]) => ["--service", `${path}=${url}`, "--public", path]),
    );
    await host.until("online");
    browser = await launchBrowser(name);
    stack.defer(() => browser.close());
    page = await browser.newPage();
    await page.setViewport({ width: 390, height: 700 });
  });
  test.after(() => stack.disposeAsync());

  test("the start page lists the services, and whether they run", async () => {
    await page.goto(`${site.url}lighthouse/start`);
    await page.waitForSelector(".services a");
    assert.is(await page.title(), "Ann's laptop");
    const shown = await page.$$eval(
      ".services li",
      (items) =>
        items.map((item) =>
          [".name", ".up"].map((part) => item.querySelector(part)!.textContent!.trim()).join(": ")
        ),
    );
    assert.ok(shown.includes("notes: Running"), shown.join(", "));
    assert.ok(shown.includes("gone: Not running"), shown.join(", "));
    assert.match(await panelOf(page), /Refresh/);
    await judge(page);
  });

  test("a service opens under its path, and Back leads to the start page again", async () => {
    await page.click('a[href$="/repo/notes/"]');
    assert.is(await headingOf(await appOf(page)), "Notes");
    assert.is(page.url(), `${site.url}notes/`);
    await page.goBack();
    await page.waitForSelector(".services a");
    assert.is(await page.$("main > iframe"), null);
    assert.is(await page.title(), "Ann's laptop");
    await page.goForward();
    assert.is(await headingOf(await appOf(page)), "Notes");
    await page.click(".pill");
    await clickButton(page, ".menu", "All services");
    await page.waitForSelector(".services a");
    assert.is(await page.$("main > iframe"), null);
  });

  test("the start page comes after a reload, too, and refreshes at a press", async () => {
    await page.goto(`${site.url}lighthouse/start`);
    await page.waitForSelector(".services a");
    await page.reload();
    await page.waitForSelector(".services a");
    await clickButton(page, "main", "Refresh");
    await until(() =>
      page.$eval(".bar button", (button) => !(button as HTMLButtonElement).disabled)
    );
    assert.match(await panelOf(page), /\d of \d running/);
  });

  test("what would leave the site's folder is led back, and nothing reaches the static host", async () => {
    await page.goto(`${site.url}notes/plain`);
    const app = await appOf(page);
    site.asked.length = 0;
    // The document has no script that would lead it.
    await page.$eval("main > iframe", (frame) => {
      (frame as HTMLIFrameElement).contentWindow!.location.href = "/?led";
    });
    await until(() => page.url() === `${site.url}notes/?led`);
    assert.is(await headingOf(app), "Notes");
    assert.equal(site.asked.filter(({ path }) => path.includes("led")), []);
  });

  test("a newer version of the site is announced, and comes by a reload", async () => {
    await page.goto(`${site.url}notes/`);
    await appOf(page);
    await site.write({ name: "Ann's new laptop" });
    await page.evaluate(async () => void (await navigator.serviceWorker.ready).update());
    await until(async () => (await nameOf(page, ".pill")).endsWith("New version"));
    await page.click(".pill");
    await judge(page);
    // The reload may be faster than the answer to the click.
    await Promise.all([
      page.waitForNavigation(),
      clickButton(page, ".menu", "Reload with the new version"),
    ]);
    await page.goto(`${site.url}lighthouse/start`);
    await untilPanel(page, /Ann's new laptop/);
  });

  test.run();
}
