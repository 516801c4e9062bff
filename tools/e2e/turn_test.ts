// TURN as its user has it: page and host behind symmetric NATs, UDP blocked at either, and coturn between
// them, in both browsers. It takes Linux, root and its rights.
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { sourceOf } from "../../host/ice/sources.ts";
import { type BrowserName, findBrowser } from "../browser.ts";
import { Network, SERVER } from "../lab/network.ts";
import { startBridge } from "../local/bridge.ts";
import { startCoturn } from "../testing/coturn.ts";
import { lendPorts } from "../testing/lent_ports.ts";
import { freePort } from "../testing/listen.ts";
import { canMakeNetworks } from "../testing/networks.ts";
import { pairingLink, type RunningProgram, start } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { fetchText, launchBrowser, openPage, reconnect } from "./browser.ts";

const test = suite("TURN", { deadline: 60_000 });

const SECRET = "a secret of coturn and host";
const STUN = `stun:${SERVER}:3478`;
const UDP = `turn:${SERVER}:3478`;
const TCP = `turn:${SERVER}:3478?transport=tcp`;
const TLS = `turns:${SERVER}:5349`;

/** Limit for a connect, in milliseconds: a machine three times as slow as it may be gets through. */
const LIMIT_MS = 9_000;

const inside = ({ name }: { name: string }) => ["ip", "netns", "exec", name];

/** Two networks with coturn between them, and a bridge that both reach by loopback. */
async function setUp() {
  await using stack = new AsyncDisposableStack();
  const nat = { nat: "symmetric" } as const;
  const [network, bridge, control] = await Promise.all([
    Network.start({ page: nat, host: nat, wire: {} }),
    startBridge({ propagation: 0, isPublic: false }),
    // Firefox is driven over TCP.
    freePort(),
  ]);
  stack.use(network);
  stack.use(bridge);
  const portOf = (url: string) => Number(new URL(url).port);
  const { gateway, controlPlane, backend, page } = bridge;
  const forHost = [gateway.url, controlPlane.endpoint, backend.url].map(portOf);
  const [turn, ...lent] = await Promise.all([
    startCoturn({
      secret: SECRET,
      address: SERVER,
      before: inside(network.wan),
      ports: { plain: 3478, tls: 5349 },
    }),
    lendPorts(inside(network.host), forHost),
    lendPorts(inside(network.page), [gateway.port, page.port], [control]),
  ]);
  for (const each of [turn, ...lent]) stack.use(each);
  const parts = stack.move();
  return { network, bridge, turn, control, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

/** Resolves when the page's connection has the path. @returns The time that it took, in milliseconds. */
function untilPath(page: Page, path: string): Promise<number> {
  return page.evaluate(async (path) => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const started = performance.now();
    const paths = () => tunnel.stats().then((stats) => stats.path, () => "none");
    while (await paths() !== path) await new Promise((resolve) => setTimeout(resolve, 20));
    return performance.now() - started;
  }, path);
}

function testIn(name: BrowserName, parts: () => Awaited<ReturnType<typeof setUp>>): void {
  let host: RunningProgram;
  let browser: Browser;
  let page: Page;

  /** A host whose setting has these URLs; without any, it has no TURN. */
  async function startHost(...urls: string[]): Promise<void> {
    const { bridge, network, turn } = parts();
    const folder = temporaryFolder();
    const file = (name: string) => join(folder, name);
    const entries = urls.length === 0 ? [] : [{ urls, secret: SECRET }];
    await writeFile(file("servers.json"), JSON.stringify(entries), { mode: 0o600 });
    await writeFile(file("ca.pem"), turn.ca);
    const flags = bridge.hostFlags();
    flags[flags.indexOf("--stun") + 1] = STUN;
    host = start(["run", "--json", ...flags, "--ice-servers", file("servers.json")], {
      ...bridge.hostEnvironment,
      NODE_EXTRA_CA_CERTS: file("ca.pem"),
    }, { through: inside(network.host) });
    await host.until(/"event":"online"/);
  }

  /** A browser in the page's network. */
  async function browse(): Promise<void> {
    const { network, control } = parts();
    const executablePath = join(temporaryFolder(), "browser");
    const command = [...inside(network.page), `"${await findBrowser(name)}"`].join(" ");
    await writeFile(executablePath, `#!/bin/sh\nexec ${command} "$@"\n`);
    await chmod(executablePath, 0o755);
    const way = name === "firefox" ? { debuggingPort: control } : { pipe: true };
    browser = await launchBrowser(name, { executablePath, ...way });
  }

  /** Pairs the page as a new device, which knows no TURN server. */
  async function pair(): Promise<void> {
    const { bridge } = parts();
    const link = await pairingLink(bridge.state, bridge.page.url);
    await page.evaluate(
      async (stun, link) => {
        const tunnel = document.querySelector("lighthouse-tunnel")!;
        await tunnel.forget();
        tunnel.stun = stun;
        tunnel.pair(link);
      },
      STUN,
      link,
    );
  }

  async function works(): Promise<void> {
    assert.is((await fetchText(page, "/api/notes")).status, 200);
  }

  test(`symmetric NATs at both ends: ${name} connects by the host's TURN server, and knows none itself`, async () => {
    await Promise.all([startHost(UDP, TCP, TLS), browse()]);
    const { bridge } = parts();
    ({ page } = await openPage(browser, bridge.page.url));
    await pair();
    const ms = await untilPath(page, "relay");
    await works();
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
  });

  test(`UDP blocked at the host: ${name} connects by its TURN server over TCP or TLS`, async () => {
    const { hostRouter } = parts().network;
    hostRouter.blockUdp("dropped");
    const ms = await reconnect(page) + await untilPath(page, "relay");
    await works();
    hostRouter.letUdpThrough();
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
  });

  test(`UDP blocked at the page: ${name} connects over TCP by what the host's answer has brought`, async () => {
    const { pageRouter } = parts().network;
    pageRouter.blockUdp("dropped");
    const ms = await reconnect(page) + await untilPath(page, "relay");
    await works();
    pageRouter.letUdpThrough();
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
  });

  if (name === "chromium") {
    test("UDP blocked at a page that knows no server: it comes by the relay, and moves to TURN", async () => {
      const { pageRouter } = parts().network;
      pageRouter.blockUdp("dropped");
      await pair();
      const ms = await untilPath(page, "relay");
      await works();
      pageRouter.letUdpThrough();
      assert.ok(ms < LIMIT_MS, `${ms} ms`);
    });
  }

  test(`TURN at the page only: ${name} connects by the attribute's server`, async () => {
    await host.end();
    await startHost();
    const [server] = await sourceOf({ urls: [UDP], secret: SECRET })
      .renew(AbortSignal.timeout(1000));
    await page.evaluate(async (servers) => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.iceServers = servers;
      await tunnel.updateComplete;
    }, JSON.stringify([server]));
    const ms = await untilPath(page, "relay");
    await works();
    assert.ok(ms < LIMIT_MS, `${ms} ms`);
    await browser.close();
    await host.end();
  });
}

if (canMakeNetworks()) {
  let parts: Awaited<ReturnType<typeof setUp>>;
  test.before(async () => {
    parts = await setUp();
  });
  test.after(() => parts?.[Symbol.asyncDispose]());
  for (const name of ["chromium", "firefox"] as const) testIn(name, () => parts);
} else {
  test.skip("page and host behind NATs connect by TURN", () => {});
}

test.run();
