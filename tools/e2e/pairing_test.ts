// Pairing as its user goes through it: from what the terminal prints to the first answer in a real
// browser, and what page and terminal say if it does not work.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { outputOf, pairingLink, type RunningProgram, start } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { giveCamera, holdCode } from "./camera.ts";
import { fetchText, openPage, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`pairing in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let host: HostProcess;
  let browser: Browser;
  let context: BrowserContext;
  let flags: string[];

  withBridge(test, {
    browser: name,
    isPublic: false,
    routes: {
      "GET /fields": (request, response) => {
        response.end(JSON.stringify(request.headers));
      },
      "GET /never": () => {},
    },
  }, (running) => {
    ({ bridge, host, browser } = running);
    flags = ["--state", bridge.state];
  });
  test.before.each(async () => {
    context = await browser.createBrowserContext();
  });
  test.after.each(() => context.close());

  /** `lighthouse-host pair`, and the link that it prints. */
  async function pair(...more: string[]): Promise<{ command: RunningProgram; link: string }> {
    const command = start(["pair", ...flags, "--page", bridge.page.url, ...more]);
    return { command, link: (await command.until(/^ +http\S+#lighthouse=\S+$/)).trim() };
  }

  /** A page in the test's own profile. */
  const open = async (url = bridge.page.url, where = context) => (await openPage(where, url)).page;

  /** Pairs the test's profile. */
  async function openPaired(...more: string[]): Promise<Page> {
    const { command, link } = await pair(...more);
    const page = await open(link);
    await untilState(page, "connected");
    assert.is(await command.exited, 0);
    return page;
  }

  const device = (page: Page) =>
    page.evaluate(() => document.querySelector("lighthouse-tunnel")!.device);

  async function failure(page: Page): Promise<[code: string, reason: string]> {
    const reason = await untilState(page, "failed");
    const code = await page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.error!.code
    );
    return [code, reason];
  }

  /** The code that the host's log has for the refusal that comes next. */
  function nextRefusal(): Promise<unknown> {
    const from = host.lines.length;
    return host.until("signal-refused", from).then(({ code }) => code);
  }

  test("from the terminal's link to the first answer", async () => {
    const { command, link } = await pair("--name", "Ännchens phone");
    const page = await open(link);
    await untilState(page, "connected");
    assert.is(page.url(), bridge.page.url);
    const { status, text } = await fetchText(page, "/fields");
    assert.is(status, 200);
    const paired = (await device(page))!;
    assert.is(paired.name, "Ännchens phone");
    const fields = JSON.parse(text);
    assert.is(fields["lighthouse-device-id"], paired.id);
    assert.is(decodeURIComponent(fields["lighthouse-device"]), paired.name);

    // The terminal says who came.
    assert.is(await command.exited, 0);
    const site = bridge.page.url.slice(0, -1);
    assert.match(
      command.lines.join("\n"),
      `Paired with “Ännchens phone” on ${site}, for all services`,
    );
    assert.match(await outputOf("devices", ...flags), new RegExp(`Ännchens phone +${paired.id}`));
    // And the demo shows it.
    const shown = await page.$eval("#device", (element) => element.textContent);
    assert.is(shown, "paired as “Ännchens phone”");
    await page.reload();
    await untilState(page, "connected");
    assert.equal(await device(page), paired);
  });

  test("the pill takes a pasted link, and leaves the page's address alone", async () => {
    const { command, link } = await pair();
    const page = await open(`${bridge.page.url}#/notes/1`);
    await untilState(page, "failed");
    await page.click("lighthouse-tunnel >>> [part=pair]");
    await page.type("lighthouse-tunnel >>> input", "https://me.example/");
    await page.keyboard.press("Enter");
    await page.waitForSelector("lighthouse-tunnel >>> [role=alert]");
    const input = (await page.$("lighthouse-tunnel >>> input"))!;
    await input.evaluate((input) => (input as HTMLInputElement).select());
    await page.keyboard.type(`Open ${link} please`);
    await page.keyboard.press("Enter");
    await untilState(page, "connected");
    assert.is(page.url(), `${bridge.page.url}#/notes/1`);
    assert.is(await command.exited, 0);
  });

  test("the demo's pill reads the code with the camera", async () => {
    const { command, link } = await pair();
    const page = await context.newPage();
    await giveCamera(page);
    await page.goto(bridge.page.url);
    await page.waitForSelector("lighthouse-tunnel:defined");
    await untilState(page, "failed");
    // The page brings the reader where the browser has none.
    await page.waitForFunction(() => "BarcodeDetector" in globalThis);
    await page.click("lighthouse-tunnel >>> [part=pair]");
    await holdCode(page, link);
    await (await page.waitForSelector("lighthouse-tunnel >>> [part=scan]"))!.click();
    await untilState(page, "connected");
    assert.is(await command.exited, 0);
  });

  test("a device without a given name proposes one", async () => {
    const page = await openPaired();
    const browserName = name === "chromium" ? "Chrome" : "Firefox";
    assert.match((await device(page))!.name, new RegExp(`^${browserName} on Linux`));
  });

  test("a link that was used is refused to the next browser, and serves the first again", async () => {
    const { link } = await pair();
    const first = await open(link);
    await untilState(first, "connected");
    const paired = await device(first);
    const other = await browser.createBrowserContext();
    try {
      const refusal = nextRefusal();
      const [code, reason] = await failure(await open(link, other));
      assert.is(code, "pairing-used");
      assert.match(reason, /has let another device in already.*lighthouse-host pair/);
      assert.is(await refusal, "pairing-used");
    } finally {
      await other.close();
    }
    const again = await open(link);
    await untilState(again, "connected");
    assert.equal(await device(again), paired);
  });

  test("a link that has expired is refused", async () => {
    const { link, command } = await pair("--no-wait");
    await command.exited;
    await expireAll();
    const refusal = nextRefusal();
    const [code, reason] = await failure(await open(link));
    assert.is(code, "pairing-expired");
    assert.match(reason, /has expired.*lighthouse-host pair/);
    assert.is(await refusal, "pairing-expired");
  });

  test("a link that its owner took back lets nobody in", async () => {
    const { link, command } = await pair();
    assert.is((await command.end("SIGINT")).code, 1);
    assert.match(command.lines.join("\n"), /Cancelled: the link lets nobody in/);
    const [code] = await failure(await open(link));
    assert.is(code, "pairing-expired");
  });

  test("a link of another host is refused by the relay, and the host hears nothing", async () => {
    const link = await pairingLink(join(temporaryFolder(), "state"), bridge.page.url);
    const [code, reason] = await failure(await open(link));
    assert.is(code, "relay-unreachable");
    assert.match(reason, /refuses this pairing link/);
  });

  test("revoked while connected, it is out at once, and comes back by another link", async () => {
    const page = await openPaired("--name", "lost phone");
    await page.evaluate(() => {
      const outcome = document.querySelector("lighthouse-tunnel")!.fetch("/never")
        .catch((error) => error.cause.code);
      Object.assign(globalThis, { outcome });
    });
    const started = performance.now();
    const output = await outputOf("revoke", "lost phone", ...flags);
    assert.match(output, /Revoked “lost phone”/);
    const [code, reason] = await failure(page);
    console.log(`  ${name}: out after ${Math.round(performance.now() - started)} ms`);
    assert.is(code, "device-revoked");
    assert.match(reason, /has removed this browser from its devices/);
    const outcome = await page.evaluate(() =>
      (globalThis as unknown as { outcome: Promise<string> }).outcome
    );
    assert.ok(["device-revoked", "session-lost"].includes(outcome), outcome);
    assert.match((await host.until("device-revoked")).message, /“lost phone” is revoked/);
    assert.not.match(await outputOf("devices", ...flags), /lost phone/);

    const { link } = await pair("--name", "found phone");
    await page.evaluate((hash) => {
      location.hash = hash;
    }, new URL(link).hash);
    await untilState(page, "connected");
    assert.is((await device(page))!.name, "found phone");
    assert.is((await fetchText(page, "/fields")).status, 200);
  });

  test("revoked while it was away, it is told when it comes, and the host is left in peace", async () => {
    const page = await openPaired("--name", "away");
    await page.goto("about:blank");
    await outputOf("revoke", "away", ...flags);
    const refusal = nextRefusal();
    await page.goto(bridge.page.url);
    await page.waitForSelector("lighthouse-tunnel:defined");
    assert.is((await failure(page))[0], "device-revoked");
    assert.is(await refusal, "device-revoked");
    // The host, too, says something now and then, by the connection that it has.
    const { connects } = bridge.gateway.counts;
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.is(bridge.gateway.counts.connects, connects);
  });

  test("another name shows at the next connection", async () => {
    const page = await openPaired("--name", "old name");
    await outputOf("rename", "old name", "new name", ...flags);
    await page.reload();
    await untilState(page, "connected");
    assert.is((await device(page))!.name, "new name");
  });

  test("a browser that was never paired is told so, and asks nobody", async () => {
    const { connects } = bridge.gateway.counts;
    const page = await open();
    const [code, reason] = await failure(page);
    assert.is(code, "not-paired");
    assert.match(reason, /lighthouse-host pair/);
    assert.is(bridge.gateway.counts.connects, connects);
    const shown = await page.$eval("#notes-empty", (element) => element.textContent);
    assert.match(shown, /once this browser is paired/);
  });

  test("the demo's button forgets the key, and the browser is a stranger again", async () => {
    const page = await openPaired("--name", "forgetful");
    await page.click("#forget");
    assert.is((await failure(page))[0], "not-paired");
    assert.is(await device(page), undefined);
    await page.reload();
    assert.is((await failure(page))[0], "not-paired");
  });

  /** Lets the time of all pairing links be over. */
  async function expireAll(): Promise<void> {
    const folder = join(bridge.state, "pairings");
    for (const file of await readdir(folder)) {
      if (!file.endsWith(".json")) continue;
      const pairing = JSON.parse(await readFile(join(folder, file), "utf8"));
      pairing.expires = typeof pairing.expires === "string"
        ? new Date(Date.now() - 1000).toISOString()
        : Date.now() - 1000;
      await writeFile(join(folder, file), JSON.stringify(pairing));
    }
  }

  test.run();
}
