// Pages over WebTransport, in real browsers: they come by themselves, and go on without it.
import { execFileSync } from "node:child_process";
import { networkInterfaces } from "node:os";
import process from "node:process";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { quicAddresses } from "../../host/quic/addresses.ts";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { childrenOf, isRunning } from "../testing/processes.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { launchBrowser, openConnected } from "./browser.ts";
import { withHostlessBridge } from "./with_bridge.ts";

const MiB = 1024 * 1024;

/** More than all windows hold, so that a page that does not read has the rest still to come. */
const LARGE = 64 * MiB;

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`quic in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let host: HostProcess;

  withHostlessBridge(test, { browser: name }, async (running) => {
    ({ bridge, browser } = running);
    running.stack.defer(giveAddress());
    await startHost();
  });

  async function startHost(...flags: string[]): Promise<void> {
    await host?.stop();
    host = bridge.startHost(flags);
    await host.until("online");
  }

  test("downloads and uploads go by QUIC, and arrive as they were", async () => {
    await host.until("quic-on");
    const from = host.lines.length;
    const { page, troubles } = await openConnected(browser, bridge.page.url);
    await untilPath(page, "quic");
    const before = await page.evaluate(statsOf);
    const hashes = await page.evaluate(transfer, 8 * MiB);
    assert.is(hashes.down, hashes.expected);
    assert.is(hashes.received, hashes.up);
    const after = await page.evaluate(statsOf);
    assert.is(after.path, "quic");
    const received = after.bytesReceived - before.bytesReceived;
    const sent = after.bytesSent - before.bytesSent;
    assert.ok(received >= 8 * MiB && sent >= MiB, `${received} received, ${sent} sent`);
    assert.is((await host.until("page-lane", from)).way, "quic");
    assert.equal(troubles, []);
    await page.close();
  });

  test("a download goes on when the endpoint is killed, and by QUIC again when that is back", async () => {
    const { page } = await openConnected(browser, bridge.page.url);
    await untilPath(page, "quic");
    const from = host.lines.length;
    const done = page.evaluate(downloadLater, LARGE);
    await page.waitForFunction(() => document.documentElement.dataset.has === "begun");
    const [endpoint] = childrenOf(host.pid, "quic_endpoint.js");
    process.kill(endpoint!.pid, "SIGKILL");
    await host.until("quic-ended", from);
    await page.evaluate(() => void (document.documentElement.dataset.has = "resumed"));
    const { hash, expected } = await done;
    assert.is(hash, expected);
    await host.until("quic-on", from);
    await untilPath(page, "quic");
    const resumed = host.lines.slice(from).some(({ event }) => event === "page-back");
    assert.not.ok(resumed, "the session's other connection has carried on");
    await page.close();
  });

  test("the endpoint ends with the host, also when that is killed", async () => {
    const [endpoint] = childrenOf(host.pid, "quic_endpoint.js");
    await host.stop("SIGKILL");
    await until(() => !isRunning(endpoint!.pid));
    await startHost();
    await host.until("quic-on");
    const [next] = childrenOf(host.pid, "quic_endpoint.js");
    assert.is(await host.stop(), 0);
    assert.not.ok(isRunning(next!.pid));
  });

  test("with quic off, pages go by WebRTC", async () => {
    await startHost("--quic", "off");
    const { page, troubles } = await openConnected(browser, bridge.page.url);
    assert.equal(childrenOf(host.pid, "quic_endpoint.js"), []);
    const hashes = await page.evaluate(transfer, MiB);
    assert.is(hashes.down, hashes.expected);
    assert.is.not((await page.evaluate(statsOf)).path, "quic");
    assert.equal(troubles, []);
    await page.close();
  });

  if (name === "chromium") {
    test("a browser whose QUIC is turned off connects", async () => {
      await startHost();
      await host.until("quic-on");
      const other = await launchBrowser(name, { args: ["--disable-quic"] });
      try {
        const { page } = await openConnected(other, bridge.page.url);
        const hashes = await page.evaluate(transfer, MiB);
        assert.is(hashes.down, hashes.expected);
      } finally {
        await other.close();
      }
    });
  }

  test.run();
}

/** Gives this machine an address if it has none but its loopback's. @returns Takes it away. */
function giveAddress(): () => void {
  if (quicAddresses({ interfaces: networkInterfaces(), port: 1 }).length > 0) return () => {};
  const ip = (...args: string[]) => execFileSync("ip", args);
  const [device, peer] = [`lhq${process.pid}`, `lhp${process.pid}`];
  ip("link", "add", device, "type", "veth", "peer", "name", peer);
  ip("address", "add", "198.51.100.1/32", "dev", device);
  for (const each of [device, peer]) ip("link", "set", each, "up");
  // Without a route to the internet, Firefox takes itself to be off line.
  ip("route", "add", "default", "dev", device);
  return () => void ip("link", "del", device);
}

/** Resolves when the page's bytes take the path. */
async function untilPath(page: Page, path: string): Promise<void> {
  await until(async () => (await page.evaluate(statsOf)).path === path);
}

/** In a page. */
async function statsOf() {
  return await document.querySelector("lighthouse-tunnel")!.stats();
}

/** In a page: loads and sends as many bytes. @returns The hashes of both ends. */
async function transfer(bytes: number) {
  const tunnel = document.querySelector("lighthouse-tunnel")!;
  const hex = async (data: ArrayBuffer) =>
    [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))]
      .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const { sha256: expected } = await (await tunnel.fetch(`/api/hash?bytes=${bytes}`)).json();
  const down = await hex(
    await (await tunnel.fetch(`/api/download?bytes=${bytes}`)).arrayBuffer(),
  );
  const body = new Uint8Array(bytes);
  for (let i = 0; i < bytes; i += 65_536) crypto.getRandomValues(body.subarray(i, i + 65_536));
  const answer = await (await tunnel.fetch("/api/upload", { method: "POST", body })).json();
  return { expected, down, up: await hex(body.buffer), received: answer.sha256 as string };
}

/** In a page: loads as many bytes, and after the first ones waits until it may go on. */
async function downloadLater(bytes: number) {
  const tunnel = document.querySelector("lighthouse-tunnel")!;
  const { dataset } = document.documentElement;
  const { sha256: expected } = await (await tunnel.fetch(`/api/hash?bytes=${bytes}`)).json();
  const { body } = await tunnel.fetch(`/api/download?bytes=${bytes}`);
  const all = new Uint8Array(bytes);
  let at = 0;
  const reader = body!.getReader();
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    all.set(value, at);
    at += value.length;
    if (at > 1024 * 1024 && !dataset.has) {
      dataset.has = "begun";
      while (dataset.has === "begun") await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
  const hash = [...new Uint8Array(await crypto.subtle.digest("SHA-256", all))]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
  return { hash, expected };
}
