// Sessions through the relay, in real browsers and at the throttles of a stack that sets none: how they
// begin, how fast they are, how they move to a direct connection, and what is said where neither works.
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { StateChangeEvent } from "../../components/events.ts";
import { DEFAULT_THROTTLES } from "../../stack/throttles.ts";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { ConnectionCounts } from "../local/gateway_connection.ts";
import type { HostProcess } from "../local/host_process.ts";
import { startSocketServer } from "../testing/socket_server.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openConnected, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

const KiB = 1024;
const MiB = 1024 * KiB;
const RELAYED = "Connected through the relay, slowly";

/** Time after which a hastened page rests, in milliseconds. */
const HASTY_MS = 1_000;

const socketServer = await startSocketServer();

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`relayed in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let context: BrowserContext;
  let host: HostProcess;
  /** Counts of the pages' connections to the relay, the newest last. */
  const sockets: ConnectionCounts[] = [];

  withBridge(test, {
    browser: name,
    quic: false,
    throttles: DEFAULT_THROTTLES,
    hostFlags: ["--service", `/sockets=${socketServer.url}`],
    onActivity: (activity) => {
      if (activity.type === "open" && activity.connection.origin) sockets.push(activity.connection);
    },
  }, (running) => {
    ({ bridge, browser, host } = running);
    // The tests in Firefox, which come later, do without.
    if (name === "chromium") running.stack.use(socketServer);
  });
  test.before(async () => {
    context = await browser.createBrowserContext();
  });
  test.before.each(() => {
    sockets.length = 0;
  });
  test.after.each(async () => {
    bridge.gateway.faults.alter = bridge.gateway.faults.delay = undefined;
    for (const page of await context.pages()) await page.close();
  });

  /** Opens a page that has no direct way to the host. All share a profile, which keeps that. */
  async function openBlocked(script: () => void = block): Promise<Page> {
    const page = await context.newPage();
    await page.evaluateOnNewDocument(script);
    await page.evaluateOnNewDocument(noteStates);
    await page.goto(bridge.page.url);
    await page.waitForSelector("lighthouse-tunnel:defined");
    return page;
  }

  test("a direct connection costs one message out and one in, and leaves no socket open", async () => {
    const { page } = await openConnected(context, bridge.page.url);
    await fetchText(page, "/api/hash?bytes=1");
    const [{ connectionId, messagesIn, messagesOut }] = sockets as [ConnectionCounts];
    assert.equal([sockets.length, messagesIn, messagesOut], [1, 1, 1]);
    await until(() => !bridge.gateway.connections.has(connectionId));
  });

  test("a page without a direct way connects within 3 s, the next time at once, and says so", async () => {
    const page = await openBlocked();
    assert.is(await untilState(page, "connected"), RELAYED);
    const first = await connectTime(page);
    assert.ok(first < 3_000, `${first} ms`);
    assert.is((await fetchText(page, "/api/hash?bytes=1")).status, 200);
    const stats = await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.stats());
    assert.is(stats.path, "relayed");
    assert.ok(stats.bytesSent > 0 && stats.bytesReceived > 0 && stats.roundTripTime! > 0);
    const shown = await page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.shadowRoot!
        .querySelector("[role=status]")!.textContent!.replaceAll(/\s+/g, " ").trim()
    );
    assert.match(
      shown,
      new RegExp(`^${RELAYED} .+\\.$`),
    );

    await page.reload();
    assert.is(await untilState(page, "connected"), RELAYED);
    const second = await connectTime(page);
    assert.ok(second < 1_000, `${second} ms`);
    await page.close();
  });

  test("streams are exact where the relay drops, doubles, changes and reorders messages", async () => {
    const page = await openBlocked();
    await untilState(page, "connected");
    let count = 0;
    bridge.gateway.faults.delay = () => Math.random() * 40;
    bridge.gateway.faults.alter = (text) => {
      if (!text.includes('"relayed"')) return [text];
      switch (++count % 16) {
        case 3:
          return [];
        case 6:
          return [text, text];
        case 10:
          return [text.replace(/.("})/, (_, end) => `${count % 3 ? "A" : "Q"}${end}`)];
      }
      return [text];
    };
    const [down, up] = await page.evaluate(async (bytes) => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const hashOf = async (body: BufferSource) => {
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
        return [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join("");
      };
      const body = crypto.getRandomValues(new Uint8Array(bytes / 4));
      return await Promise.all([
        (async () => {
          const { sha256 } = await (await tunnel.fetch(`/api/hash?bytes=${bytes}`)).json();
          const answer = await tunnel.fetch(`/api/download?bytes=${bytes}`);
          return [await hashOf(await answer.arrayBuffer()), sha256];
        })(),
        (async () => {
          const answer = await tunnel.fetch("/api/upload", { method: "POST", body });
          return [await hashOf(body), (await answer.json()).sha256];
        })(),
      ]);
    }, 160 * KiB);
    assert.is(down![0], down![1]);
    assert.is(up![0], up![1]);
    assert.ok(count > 20, String(count));
  });

  /** Late, since the browser then forgets that it needed the relay. */
  function testMove(): void {
    test("a download moves to the direct connection that opens meanwhile, and is exact", async () => {
      const page = await openBlocked();
      await untilState(page, "connected");
      const { firstMiB, hash, expected } = await page.evaluate(async (MiB) => {
        const tunnel = document.querySelector("lighthouse-tunnel")!;
        const bytes = 16 * MiB;
        const { sha256: expected } = await (await tunnel.fetch(`/api/hash?bytes=${bytes}`)).json();
        const began = performance.now();
        const body = new Uint8Array(bytes);
        const reader = (await tunnel.fetch(`/api/download?bytes=${bytes}`)).body!.getReader();
        let at = 0;
        let firstMiB = 0;
        for (;;) {
          const { value, done } = await reader.read();
          if (done) break;
          body.set(value, at);
          at += value.length;
          if (firstMiB || at < MiB) continue;
          firstMiB = performance.now() - began;
          unblock();
        }
        const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
        return {
          firstMiB,
          hash: [...hash].map((byte) => byte.toString(16).padStart(2, "0")).join(""),
          expected,
        };
      }, MiB);
      assert.is(hash, expected);
      assert.ok(firstMiB < 10_000, `${firstMiB} ms`);
      const { reason, path } = await page.evaluate(async () => {
        const tunnel = document.querySelector("lighthouse-tunnel")!;
        return { reason: tunnel.reason, path: (await tunnel.stats()).path };
      });
      assert.equal([reason, path], ["Connected", "host"]);
      await until(() => !bridge.gateway.connections.has(sockets.at(-1)!.connectionId));
    });
  }

  // What follows does not depend on the browser.
  if (name === "firefox") {
    testMove();
    return test.run();
  }

  test("a notes app is usable: small GETs take at most twice the relay's own round trip", async () => {
    const page = await openBlocked();
    await untilState(page, "connected");
    // So that the pauses of the machine, and the throttle, count less.
    bridge.gateway.faults.delay = 30;
    // To the host and back is twice the way to the relay and back.
    const own = 2 * median(await page.evaluate(roundTrips, bridge.gateway.url));
    const times = await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const times: number[] = [];
      for (let i = 0; i < 12; i++) {
        const began = performance.now();
        await (await tunnel.fetch("/api/notes")).text();
        times.push(performance.now() - began);
      }
      return times;
    });
    assert.ok(median(times) <= 2 * own, `${median(times)} ms, the relay's own ${own} ms`);
  });

  test("tabs share the relay, keep it for a silent WebSocket, and rest from it until the next request", async () => {
    const first = await openTab();
    const second = await openTab();
    const reasons = await Promise.all([first, second].map((page) => untilState(page, "connected")));
    assert.equal(reasons, [RELAYED, RELAYED]);
    assert.is(sockets.length, 1);
    const { connectionId } = sockets[0]!;
    await second.evaluate(async () => {
      const socket = document.querySelector("lighthouse-tunnel")!.socket("/sockets/echo");
      globalThis.echo = (text) =>
        new Promise((resolve) => {
          socket.onmessage = ({ data }) => resolve(data);
          socket.onclose = () => resolve("closed");
          if (text) socket.send(text);
          else socket.close();
        });
      await new Promise((resolve) => socket.onopen = resolve);
    });
    assert.is(await second.evaluate(() => echo("one")), "one");
    await sleep(1_500);
    const messages = () => bridge.gateway.connections.get(connectionId)?.messagesIn;
    const before = messages();
    await sleep(2 * HASTY_MS);
    assert.is(messages(), before, "the silent WebSocket sends nothing, and holds the connection");
    assert.is(await second.evaluate(() => echo("two")), "two");
    assert.is(await second.evaluate(() => echo("")), "closed");

    await until(() => messages() === undefined);
    await sleep(500);
    assert.is(sockets.length, 1, "nobody dials");
    const began = performance.now();
    assert.is((await fetchText(second, "/api/hash?bytes=1")).status, 200);
    assert.ok(performance.now() - began < 1_000);
    assert.is(sockets.length, 2);
    for (const page of [first, second]) {
      const seen = await page.evaluate(() => states.map(({ state }) => state));
      assert.equal([seen.at(-1), seen.indexOf("connected")], ["connected", seen.length - 1]);
    }
  });

  /** Opens a tab that shares its connection, and rests sooner. */
  async function openTab(): Promise<Page> {
    const page = await context.newPage();
    await page.evaluateOnNewDocument(block);
    await page.evaluateOnNewDocument(noteStates);
    await page.evaluateOnNewDocument(hasten, HASTY_MS);
    const cdp = await page.createCDPSession();
    await cdp.send("Network.enable");
    // What asks for things by itself.
    await cdp.send("Network.setBlockedURLs", { urls: ["*/web.js"] });
    await page.goto(`${bridge.page.url}web.html`);
    await page.waitForSelector("lighthouse-tunnel:defined");
    return page;
  }

  test("a page without WebRTC connects through the relay at once", async () => {
    const page = await openBlocked(() => {
      for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection"]) {
        Object.defineProperty(globalThis, name, { value: undefined });
      }
    });
    assert.is(await untilState(page, "connected"), RELAYED);
    assert.ok(await connectTime(page) < 1_000);
    assert.is((await fetchText(page, "/api/hash?bytes=1")).status, 200);
  });

  test("where the relay's connection ends, the session goes on over the next one", async () => {
    const page = await openBlocked();
    await untilState(page, "connected");
    const download = fetchText(page, `/api/stream?lines=10&interval=100`);
    await until(() => sockets.at(-1)!.messagesOut > 4);
    await bridge.restartGateway();
    const { text } = await download;
    assert.is(text.trim().split("\n").length, 10);
    assert.is(await untilState(page, "connected"), RELAYED);
  });

  testMove();

  test("where the day's budget is spent, the page says so, and requests go on when a way opens", async () => {
    await host.stop();
    await rm(join(bridge.state, "relay-budget.json"), { force: true });
    host = bridge.startHost(["--relay-budget", "0.0006"]);
    await host.until("online");
    const page = await openBlocked();
    await untilState(page, "connected");
    const { code, later, seen } = await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      globalThis.answer = tunnel.fetch("/api/download?bytes=4000000")
        .then(async (response) => (await response.arrayBuffer()).byteLength, String);
      while (!tunnel.error) {
        await new Promise((resolve) => tunnel.addEventListener("statechange", resolve));
      }
      const later = await tunnel.fetch("/api/notes").catch(({ cause }) => cause.code);
      return { code: tunnel.error.code, later, seen: states };
    });
    assert.equal([code, later], ["relay-budget", "relay-budget"]);
    // At once, and not after the 15 s of the direct attempt; and once.
    const [left] = seen.filter(({ state }) => state === "connected").slice(-1);
    const failed = seen.filter(({ state }) => state === "failed");
    assert.is(failed.length, 1);
    assert.ok(failed[0]!.at - left!.at < 10_000, JSON.stringify(seen));
    await page.evaluate(() => unblock());
    await untilState(page, "connected");
    assert.is(await page.evaluate(() => answer), 4_000_000);
  });
  test.run();
}

/** In a page: lets WebRTC connect no other way than through a TURN server, until `unblock()`. */
function block(): void {
  let isBlocked = true;
  const Native = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Native {
    constructor(config?: RTCConfiguration) {
      super(isBlocked ? { ...config, iceTransportPolicy: "relay" } : config);
    }
  };
  globalThis.unblock = () => {
    isBlocked = false;
    dispatchEvent(new Event("online"));
  };
}

/** In a page: makes it rest after that time, in place of three minutes. */
function hasten(ms: number): void {
  const start = setTimeout;
  globalThis.setTimeout =
    ((run: () => void, wait?: number) =>
      start(run, wait === 180_000 ? ms : wait)) as typeof setTimeout;
}

/** In a page: notes when the tunnel's state changes. */
function noteStates(): void {
  globalThis.states = [];
  document.addEventListener("statechange", (event) => {
    const { state } = event as StateChangeEvent;
    states.push({ state, at: performance.now() });
  }, { capture: true });
}

/** The time from the page's first attempt to its connection, in milliseconds. */
async function connectTime(page: Page): Promise<number> {
  return await page.evaluate(() => {
    const at = (state: string) => states.find((each) => each.state === state)!.at;
    return at("connected") - at("signalling");
  });
}

/** In a page: the relay's own round trips, by messages that a page sends to itself, in milliseconds. */
async function roundTrips(url: string): Promise<number[]> {
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.onopen = resolve);
  const times: number[] = [];
  for (let i = 0; i < 5; i++) {
    const began = performance.now();
    socket.send(JSON.stringify({ action: "sendSignal", to: "me", data: i }));
    await new Promise((resolve) => socket.onmessage = resolve);
    times.push(performance.now() - began);
  }
  socket.close();
  return times;
}

declare global {
  var unblock: () => void;
  var echo: (text: string) => Promise<string>;
  var answer: Promise<number | string>;
  var states: { state: string; at: number }[];
}

function median(values: number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}
