// The host on a machine whose network comes, goes and changes: a network namespace with one cable, which
// takes Linux, root and its rights. Elsewhere the parts are tested by themselves: host/daemon_test.ts.
import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import { type Bridge, startBridge } from "../local/bridge.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { type RunningProgram, start } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { fetchText, launchBrowser, openConnected, untilState } from "./browser.ts";

const test = suite("network", { deadline: 120_000 });

/** How long the network is gone, in milliseconds. */
const GONE_MS = Number(process.env.LIGHTHOUSE_TEST_GONE_MS) || 4_000;

/** A machine three times as slow as it may be takes this long to be online again, in milliseconds. */
const BACK_MS = 15_000;

/** Addresses set aside for benchmarks (RFC 2544). */
const NET = `198.19.${process.pid % 256}`;

/** A machine of its own, whose one cable leads here. */
async function plugIn(bridge: Bridge) {
  await using stack = new AsyncDisposableStack();
  const name = `lighthouse-net-${process.pid}`;
  const [here, there] = [`lhn${process.pid}a`, `lhn${process.pid}b`];
  const ip = (...args: string[]) => execFileSync("ip", args, { encoding: "utf8" });
  ip("netns", "add", name);
  stack.defer(() => void ip("netns", "del", name));
  // With its other end, and sooner than the kernel lets go of a namespace.
  stack.defer(() => void ip("link", "del", here));
  ip("link", "add", here, "type", "veth", "peer", "name", there, "netns", name);
  ip("addr", "add", `${NET}.1/24`, "dev", here);
  ip("link", "set", here, "up");
  ip("-n", name, "link", "set", "lo", "up");
  // What listens on loopback here is reached from there.
  const urls = [bridge.gateway.url, bridge.controlPlane.endpoint, bridge.backend.url];
  for (const { port } of urls.map((url) => new URL(url))) {
    const open = new Set<Socket>();
    const server = createServer((near) => {
      const far = connect(Number(port), "127.0.0.1");
      for (const socket of [near, far]) {
        open.add(socket);
        socket.on("error", () => {}).on("close", () => open.delete(socket));
      }
      near.pipe(far).pipe(near);
    });
    server.listen(Number(port), `${NET}.1`);
    await once(server, "listening");
    stack.defer(() => {
      server.close();
      // An address that is gone says no goodbye.
      for (const socket of open) socket.destroy();
    });
  }
  const hosts: RunningProgram[] = [];
  stack.defer(async () => {
    for (const host of hosts) await host.end();
  });
  const over = (text: string) => text.replaceAll("127.0.0.1", `${NET}.1`);
  const parts = stack.move();
  return {
    /** Gives the machine an address, and a network with it. */
    up(last: number) {
      ip("-n", name, "addr", "add", `${NET}.${last}/24`, "dev", there);
      ip("-n", name, "link", "set", there, "up");
    },
    down() {
      ip("-n", name, "addr", "flush", "dev", there);
      ip("-n", name, "link", "set", there, "down");
    },
    /** Lets nothing through, which no machine is told of. */
    cut: (isCut: boolean) => ip("link", "set", here, isCut ? "down" : "up"),
    startHost() {
      const flags = [...bridge.hostFlags().map(over), "--public", "/"];
      const variables = Object.entries(bridge.hostEnvironment).map(([key, value]) => [
        key,
        over(value),
      ]);
      const environment = { ...process.env, ...Object.fromEntries(variables) };
      const through = ["ip", "netns", "exec", name];
      const host = start(["run", "--json", ...flags], environment, { through });
      hosts.push(host);
      return host;
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const ONLINE = /"event":"online"/;

/** What becomes of it within the time: no test takes forever to fail. */
async function within(ms: number, what: Promise<unknown>): Promise<number> {
  const started = performance.now();
  const late = sleep(ms, "late", { ref: false });
  assert.is.not(await Promise.race([what, late]), "late", `not within ${ms} ms`);
  return performance.now() - started;
}

if (canMakeNetworks()) {
  let browser: Browser;
  test.before(async () => {
    browser = await launchBrowser();
  });
  test.after(() => browser?.close());

  test("a network that is gone for a while, and back with another address: host and page are, too", async () => {
    await using bridge = await startBridge({ propagation: 0 });
    await using machine = await plugIn(bridge);
    machine.up(2);
    const { until } = machine.startHost();
    await until(ONLINE);
    const { page } = await openConnected(browser, bridge.page.url);
    assert.is((await fetchText(page, "/api/notes")).status, 200);
    machine.down();
    await sleep(GONE_MS);
    machine.up(3);
    const ms = await within(BACK_MS, until(ONLINE, 2));
    console.log(`  online ${Math.round(ms)} ms after the network`);
    // It waits for the page to notice, and to dial.
    assert.is((await fetchText(page, "/api/notes")).status, 200);
    await untilState(page, "connected");
    await page.close();
    assert.is(
      bridge.function.environment.LAPTOP_ID,
      JSON.parse(await until(ONLINE, 2)).connectionId,
    );
  });

  test("from one network to another, without a pause", async () => {
    await using bridge = await startBridge({ propagation: 0 });
    await using machine = await plugIn(bridge);
    machine.up(2);
    const { until } = machine.startHost();
    await until(ONLINE);
    machine.down();
    machine.up(3);
    const ms = await within(BACK_MS, until(ONLINE, 2));
    console.log(`  online ${Math.round(ms)} ms after the network`);
  });

  test("an address that comes besides, and goes, leaves the link alone", async () => {
    await using bridge = await startBridge({ propagation: 0 });
    await using machine = await plugIn(bridge);
    machine.up(2);
    const { until, lines } = machine.startHost();
    const { connectionId } = JSON.parse(await until(ONLINE));
    machine.up(4);
    await until(/"network-changed"/);
    // Twice as long as it takes to look, and to check.
    await sleep(3_000);
    assert.equal(lines.filter((line) => /"relay-/.test(line)), []);
    assert.is(bridge.function.environment.LAPTOP_ID, connectionId);
    assert.ok(bridge.gateway.connections.has(connectionId));
  });

  test("no network at the start, and one that says nothing while it is cut", async () => {
    await using bridge = await startBridge({ propagation: 0 });
    await using machine = await plugIn(bridge);
    const { child, until, lines } = machine.startHost();
    await until(/"relay-unreachable"/);
    machine.up(2);
    machine.cut(true);
    await sleep(GONE_MS);
    machine.cut(false);
    const ms = await within(BACK_MS, until(ONLINE));
    console.log(`  online ${Math.round(ms)} ms after the network`);
    assert.is(child.exitCode, null, lines.join("\n"));
  });
} else {
  test.skip("a network that comes, goes and changes");
  test("the host looks at this machine's addresses", async () => {
    const { watchNetwork } = await import("../../host/platform/network_monitor.ts");
    using _ = watchNetwork({ onJump: () => {}, onNetwork: () => {} });
  });
}

test.run();
