// A page that is reloaded again and again, as an impatient user or a dev server does it. Each time it
// leaves a connection behind, half open or open, and the last one has to connect all the same.
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openConnected, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

declare global {
  /** In the page: whether it is in its last life. */
  var isLast: boolean;
}

/** When a page is reloaded: once its state is one of these. */
const MOMENTS = {
  "the host has answered": "connecting connected",
  "it is connected": "connected",
};

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`reloads in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let host: HostProcess;

  withBridge(test, {
    browser: name,
    isPublic: false,
    routes: {
      "GET /endless": (_request, response) => {
        const chunk = Buffer.alloc(64 * 1024);
        const more = () => {
          while (response.write(chunk));
        };
        response.on("drain", more);
        more();
      },
    },
  }, (running) => {
    ({ bridge, browser, host } = running);
  });

  /** Opens a page of a new device. It reloads itself as often as `reload` says. */
  async function openPaired(): Promise<Page> {
    const context = await browser.createBrowserContext();
    const { page } = await openConnected(context, await pairingLink(bridge.state, bridge.page.url));
    await page.evaluateOnNewDocument(() => {
      const left = Number(sessionStorage.getItem("left"));
      globalThis.isLast = left === 0;
      if (isLast) return;
      const states = sessionStorage.getItem("states")!;
      const downloads = Number(sessionStorage.getItem("downloads"));
      const timer = setInterval(async () => {
        const tunnel = document.querySelector("lighthouse-tunnel");
        if (!tunnel?.state || !states.includes(tunnel.state)) return;
        clearInterval(timer);
        await Promise.all(Array.from({ length: downloads }, async () => {
          const { body } = await tunnel.fetch("/endless");
          const reader = body!.getReader();
          // On and on, but the reload waits for some of it only.
          for (let i = 0; i < 10; i++) await reader.read();
          (async () => {
            while (!(await reader.read()).done);
          })();
        }));
        sessionStorage.setItem("left", `${left - 1}`);
        location.reload();
      }, 1);
    });
    return page;
  }

  /** Has a page reload itself, and waits for its last life. */
  async function reload(page: Page, count: number, states: string, downloads = 0): Promise<void> {
    const settings = { left: count - 1, states, downloads };
    await page.evaluate((settings) => {
      for (const [name, value] of Object.entries(settings)) {
        sessionStorage.setItem(name, `${value}`);
      }
    }, settings);
    await page.reload();
    // A page that is about to go does not answer.
    await until(() => page.evaluate(() => isLast).catch(() => false));
  }

  /** Checks that a page connects soon and that the host has refused none of its lives. */
  async function check(page: Page, seen: number): Promise<void> {
    const began = performance.now();
    await untilState(page, "connected");
    assert.is((await fetchText(page, "/api/notes")).status, 200);
    assert.ok(performance.now() - began < 5_000);
    const lines = host.lines.slice(seen).map((line) => JSON.stringify(line)).join();
    assert.not.match(lines, "host-busy");
    await page.browserContext().close();
  }

  // Firefox takes twice as long for each.
  const reloads = name === "chromium" ? 25 : 10;
  for (const [moment, states] of Object.entries(MOMENTS)) {
    test(`${reloads} reloads, each as soon as ${moment}, leave a page that connects at once`, async () => {
      const page = await openPaired();
      const seen = host.lines.length;
      await reload(page, reloads, states);
      await check(page, seen);
    });
  }

  test("10 reloads while downloads run leave a page that connects at once", async () => {
    const page = await openPaired();
    const seen = host.lines.length;
    await reload(page, 10, "connected", 4);
    await check(page, seen);
  });

  test.run();
}
