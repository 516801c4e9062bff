// An element with a key-site, in real browsers: the frame of another origin keeps the key and the
// connection, and pages of other origins do not get them.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { devicesFolder, readDevices } from "../../host/access/devices.ts";
import type { BrowserName } from "../browser.ts";
import type { HostProcess } from "../local/host_process.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, launchBrowser, openConnected, openPage, untilState } from "./browser.ts";
import { type IsolatedSite, startIsolatedSite } from "./key_site.ts";

/** The code with which the page's tunnel refuses a request, or the answer's status. */
function outcomeOf(page: Page, path: string): Promise<string> {
  return page.evaluate(async (path) => {
    try {
      const { status } = await document.querySelector("lighthouse-tunnel")!.fetch(path);
      return String(status);
    } catch (error) {
      return ((error as Error).cause as { code: string }).code;
    }
  }, path);
}

/** Waits until the page's tunnel fails. @returns The code, and the reason. */
async function failureOf(page: Page): Promise<[code: string, reason: string]> {
  const reason = await untilState(page, "failed");
  const code = await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.error!.code);
  return [code, reason];
}

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`key site in ${name}`, { deadline: 60_000 });
  let site: IsolatedSite;
  let browser: Browser;
  let host: HostProcess;
  let url: string;
  /** The device that is paired in the first tests, as the host has it. */
  let device: { id: string; name: string };

  test.before(async () => {
    site = await startIsolatedSite({
      isPublic: false,
      service: "/notes",
      routes: { "POST /echo": (request, response) => void request.pipe(response) },
    });
    const { backend } = site.bridge;
    host = site.bridge.startHost(
      ["/notes", "/notes/inner"].flatMap((prefix) => ["--service", `${prefix}=${backend.url}`]),
    );
    browser = await launchBrowser(name);
    url = `${site.url}plain.html`;
    await writeFile(
      join(site.folder, "plain.html"),
      `<!doctype html><title>Plain</title><link rel=icon href="data:,">
<script type=module src=tunnel.js></script>
<lighthouse-tunnel key-site="${site.keyUrl}" device-name="Phone"></lighthouse-tunnel>`,
    );
    await writeFile(
      join(site.folder, "around.html"),
      `<!doctype html><title>Around</title><link rel=icon href="data:,"><iframe src="${url}"></iframe>`,
    );
    await host.until("online");
  });
  test.after.each(async () => {
    for (const page of (await browser.pages()).slice(1)) await page.close();
  });
  test.after(async () => {
    await browser?.close();
    await site?.[Symbol.asyncDispose]();
  });

  test("a browser without a pairing is told how to pair", async () => {
    const { page } = await openPage(browser, url);
    const [code, reason] = await failureOf(page);
    assert.is(code, "not-paired");
    assert.match(reason, /lighthouse-host pair/);
  });

  test("a link on the app's page pairs the frame, for the app's site and its service only", async () => {
    const link = await pairingLink(site.bridge.state, url);
    const { page, troubles } = await openConnected(browser, link);
    assert.is(page.url(), url);
    device = (await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.device))!;
    assert.is(device.name, "Phone");
    const { origin } = readDevices(devicesFolder(site.bridge.state))
      .find(({ id }) => id === device.id)!;
    assert.is(origin, new URL(site.url).origin);
    assert.is((await fetchText(page, "/notes/api/notes")).status, 200);
    // The device itself may reach the other service.
    assert.is(await outcomeOf(page, "/api/notes"), "no-access");
    assert.is(await outcomeOf(page, "/notes/../api/notes"), "no-access");
    assert.is(await outcomeOf(page, "/notes/inner/api/notes"), "403");
    const socket = await page.evaluate(async () => {
      const socket = document.querySelector("lighthouse-tunnel")!.socket("/notes/inner/live");
      return await new Promise((resolve) => {
        socket.onerror = (event) => resolve((event as Event & { cause: Error }).cause.message);
        socket.onopen = () => resolve("open");
      });
    });
    assert.match(String(socket), /403|another service/);
    const stats = await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.stats());
    assert.match(stats.path, /^(?:host|quic)$/);
    assert.equal(troubles, []);
  });

  test("the app's origin has no key: the frame's storage has it, and another visit finds it", async () => {
    const { page } = await openConnected(browser, url);
    assert.equal(await page.evaluate(() => indexedDB.databases()), []);
    const frame = page.frames().find((each) => each.url() === site.keyUrl)!;
    const kept = await frame.evaluate(async () =>
      (await indexedDB.databases()).map(({ name }) => name)
    );
    assert.equal(kept, [`lighthouse-tunnel ${new URL(site.url).origin}`]);
    const now = await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.device);
    assert.equal(now, device);
    const reached = await page.evaluate(() => {
      const { contentWindow } = document.documentElement.querySelector("iframe")!;
      try {
        return contentWindow!.document.title;
      } catch (error) {
        return (error as Error).name;
      }
    });
    assert.is(reached, "SecurityError");
  });

  test("large bodies go through the frame, both ways", async () => {
    const { page } = await openConnected(browser, url);
    const outcome = await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const bytes = new Uint8Array(3_000_000).map((_, index) => index * 7);
      const answer = await tunnel.fetch("/notes/echo", { method: "POST", body: bytes });
      const back = new Uint8Array(await answer.arrayBuffer());
      return [answer.status, back.length, back.every((byte, at) => byte === bytes[at])];
    });
    assert.equal(outcome, [200, 3_000_000, true]);
  });

  test("a closed tab says goodbye to the host, and a page that comes back connects", async () => {
    const { page } = await openConnected(browser, url);
    const from = host.lines.length;
    await page.goto("about:blank");
    await host.until("page-left", from);
    await page.goBack();
    await untilState(page, "connected");
    assert.is((await fetchText(page, "/notes/api/notes")).status, 200);
  });

  test("a page of another origin is refused, however near", async () => {
    const { page } = await openPage(browser, url.replace("127.0.0.1", "localhost"));
    const [code, reason] = await failureOf(page);
    assert.is(code, "wrong-origin");
    assert.match(reason, "--app http://localhost:");
  });

  test("the app's page in a page of another site is refused", async () => {
    const page = await browser.newPage();
    await page.goto(`${site.url.replace("127.0.0.1", "localhost")}around.html`);
    const inner = () => page.frames().find((each) => each.url() === url);
    await until(() => inner() !== undefined);
    await inner()!.waitForFunction(() =>
      document.querySelector("lighthouse-tunnel")?.state === "failed"
    );
    const error = await inner()!.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.error!.code
    );
    assert.is(error, "wrong-origin");
  });

  test("a device that is forgotten is not paired any more, and a new link pairs anew", async () => {
    const { page } = await openConnected(browser, url);
    await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.forget());
    await untilState(page, "failed");
    await page.reload();
    assert.is((await failureOf(page))[0], "not-paired");
    const link = await pairingLink(site.bridge.state, url);
    await page.evaluate((hash) => void (location.hash = hash), new URL(link).hash);
    await untilState(page, "connected");
    const now = await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.device);
    assert.is.not(now!.id, device.id);
  });

  test("tabs share one frame's connection, and the next one takes over", async () => {
    // The site's own pages, whose worker leads all of it from here on.
    const { page: first } = await openConnected(browser, site.url);
    const { page: second } = await openConnected(browser, site.url);
    const framesOf = (page: Page) => page.frames().filter((each) => each.url() === site.keyUrl);
    assert.equal([framesOf(first).length, framesOf(second).length], [1, 0]);
    assert.is((await fetchText(second, "/notes/api/notes")).status, 200);
    assert.is(await outcomeOf(second, "/api/notes"), "no-access");
    // A tab that follows pairs and forgets by a frame that does not connect.
    await second.evaluate(() => document.querySelector("lighthouse-tunnel")!.forget());
    await untilState(second, "failed");
    const link = await pairingLink(site.bridge.state, site.url);
    await second.evaluate((hash) => void (location.hash = hash), new URL(link).hash);
    await untilState(second, "connected");
    assert.equal([framesOf(first).length, framesOf(second).length], [1, 1]);
    await first.close();
    await second.waitForFunction(() =>
      document.querySelector("lighthouse-tunnel")!.reason === "Connected"
    );
    assert.is((await fetchText(second, "/notes/api/notes")).status, 200);
  });

  test("an app that the key's site knows no longer is refused at its next visit", async () => {
    await site.writeKeys([{ page: new URL("https://other.example/"), service: "/notes" }]);
    const { page } = await openPage(browser, site.url);
    assert.is((await failureOf(page))[0], "wrong-origin");
  });

  test.run();
}
