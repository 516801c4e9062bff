// A page on a bridge with the S3 registry, in a real browser: the host that it names, and what it sees
// of the registry before it opens a socket.
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { type NamedBackends, startNamedBackends } from "../testing/named_backends.ts";
import { ownState } from "../testing/own_state.ts";
import { suite } from "../testing/suite.ts";
import { fetchText, openPage, untilState } from "./browser.ts";
import { withHostlessBridge } from "./with_bridge.ts";

const test = suite("S3 registry", { deadline: 60_000 });

const ENTRY = "hosts/b.json";

let bridge: Bridge;
let backends: NamedBackends;
let hosts: Record<"a" | "b", HostProcess>;
let page: Page;
let troubles: string[];

async function start(name: string): Promise<HostProcess> {
  const state = await ownState(bridge.state, name);
  return bridge.startHost(["--host", name, "--backend", backends.urlOf(name), "--state", state]);
}

withHostlessBridge(
  test,
  { registry: "s3", host: "b", quic: false },
  async ({ browser, stack, ...running }) => {
    ({ bridge } = running);
    backends = stack.use(await startNamedBackends());
    hosts = { a: await start("a"), b: await start("b") };
    await Promise.all([hosts.a.until("online"), hosts.b.until("online")]);
    ({ page, troubles } = await openPage(browser, bridge.page.url, /503/));
  },
);

/** Loads the page anew. @returns How many sockets are opened from then on. */
async function reload(): Promise<() => number> {
  const { connects } = bridge.gateway.counts;
  await page.reload();
  await page.waitForSelector("lighthouse-tunnel:defined");
  return () => bridge.gateway.counts.connects - connects;
}

test("a page that names host b reaches host b, having looked into the registry", async () => {
  await untilState(page, "connected");
  assert.equal(await fetchText(page, "/"), { status: 200, text: "b" });
  const reads = bridge.store!.calls.filter(({ accessKeyId }) => accessKeyId === undefined);
  assert.ok(reads.length > 0);
  assert.ok(reads.every(({ key, status }) => key === ENTRY && status === 200));
});

test("a registry that cannot be read stands in nobody's way", async () => {
  bridge.store!.faults.answer = ({ accessKeyId }) =>
    accessKeyId === undefined ? { status: 503, code: "SlowDown" } : undefined;
  await reload();
  await untilState(page, "connected");
  assert.is((await fetchText(page, "/")).text, "b");
  bridge.store!.faults.answer = undefined;
});

test("an entry that the host has not signed is refused, without a socket", async () => {
  const own = bridge.store!.read(ENTRY)!;
  // Written by another host, or by whoever holds its right: signed by the same key, for another name.
  const entry = { ...JSON.parse(bridge.store!.read("hosts/a.json")!), host: "b" };
  bridge.store!.write(ENTRY, JSON.stringify(entry));
  const sockets = await reload();
  assert.match(await untilState(page, "failed"), /registry entry is not signed by the host/);
  assert.is(sockets(), 0);
  bridge.store!.write(ENTRY, own);
});

test("a host that has left is offline at once, without a socket, and found when it is back", async () => {
  await hosts.b.stop();
  const sockets = await reload();
  await untilState(page, "offline");
  assert.is(sockets(), 0);
  hosts.b = await start("b");
  await hosts.b.until("online");
  await untilState(page, "connected", 40_000);
  assert.is((await fetchText(page, "/")).text, "b");
});

test("a host that finds another's entry in its place says so, and takes it", async () => {
  await hosts.b.stop();
  const entry = { ...JSON.parse(bridge.store!.read("hosts/a.json")!), host: "b" };
  bridge.store!.write(ENTRY, JSON.stringify(entry));
  hosts.b = await start("b");
  await hosts.b.until("online");
  assert.match((await hosts.b.until("foreign-entry")).message, /not written by this host's key/);
  assert.equal(troubles, []);
});

test.run();
