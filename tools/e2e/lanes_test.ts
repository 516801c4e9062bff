// Further connections for large transfers over a long path. The page itself makes the path long: it
// sends everything later.
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { LANES } from "../../components/connection/lanes.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openConnected, openPage, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("lanes", { deadline: 120_000 });
const MiB = 1024 * 1024;

let bridge: Bridge;
let host: HostProcess;
let browser: Browser;

// A session that goes by QUIC needs no lanes.
withBridge(test, { quic: false }, (running) => ({ bridge, host, browser } = running));

/** In a page: delays what is sent over data channels, in milliseconds. Chromium's own delay does not. */
function sendLater(delay: number): void {
  const { send } = RTCDataChannel.prototype;
  RTCDataChannel.prototype.send = function (this: RTCDataChannel, message: unknown) {
    const bytes = (message as Uint8Array<ArrayBuffer>).slice();
    setTimeout(() => this.readyState === "open" && send.call(this, bytes), delay);
  } as typeof send;
}

/** Events of the host from a line on. */
function count(event: string, from: number): number {
  return host.lines.slice(from).filter((line) => line.event === event).length;
}

/** Downloads over and over until the condition holds, and at least once. Each must be whole. */
async function download(page: Page, bytes: number, isEnough: () => boolean): Promise<void> {
  do {
    const [expected, hash] = await page.evaluate(async (bytes) => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const { sha256 } = await (await tunnel.fetch(`/api/hash?bytes=${bytes}`)).json();
      const body = await (await tunnel.fetch(`/api/download?bytes=${bytes}`)).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
      return [sha256, [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("")];
    }, bytes);
    assert.is(hash, expected);
  } while (!isEnough());
}

test("downloads over a long path get further connections, which end with the first", async () => {
  const from = host.lines.length;
  const { page, troubles } = await openPage(browser, bridge.page.url);
  await page.evaluateOnNewDocument(sendLater, 50);
  await page.reload();
  await untilState(page, "connected");
  await download(page, 4 * MiB, () => count("page-lane", from) >= LANES - 1);
  // Large and small ones side by side, now that there are several.
  const [small] = await Promise.all([
    fetchText(page, "/api/hash?bytes=1"),
    download(page, 4 * MiB, () => true),
  ]);
  assert.is(small.status, 200);
  assert.is(count("page-lane", from), LANES - 1);
  assert.is(host.lines.findLast((line) => line.event === "page-lane")!.carriers, LANES);

  await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.close());
  await host.until("page-left", from);
  assert.is(count("page-away", from), 0);
  assert.equal(troubles, []);
  await page.close();
});

test("on a short path one connection is all there is", async () => {
  const from = host.lines.length;
  const { page } = await openConnected(browser, bridge.page.url);
  const started = performance.now();
  await download(page, 4 * MiB, () => performance.now() - started > 3000);
  assert.is(count("page-lane", from), 0);
  await page.close();
  await until(() => count("page-left", from) === 1);
});

test.run();
