// Strangers at the relay, through the gateway stand-in with the stack's real throttles: nobody who was not
// invited keeps a paired device from connecting, or the host off line.
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { OPEN } from "../../wire/mod.ts";
import { DEFAULT_THROTTLES } from "../../stack/throttles.ts";
import { type Bridge, startBridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { startFlood } from "../testing/forger.ts";
import { pairingLink, run } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openPage, reconnect, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("uninvited", { deadline: 120_000 });

/** What a stranger does, a second. */
const FORGED = 100;

/** Connects during a flood, and the longest that one may take, in milliseconds. */
const CONNECTS = 5;
const DEADLINE_MS = 15_000;

let bridge: Bridge;
let host: HostProcess;
let page: Page;

withBridge(
  test,
  { isPublic: false, throttles: DEFAULT_THROTTLES },
  async ({ browser, ...running }) => {
    ({ bridge, host } = running);
    ({ page } = await openPage(browser, await pairingLink(bridge.state, bridge.page.url)));
    await untilState(page, "connected");
  },
);

/** Has the page connect anew, some times. @returns The median of the times, in milliseconds. */
async function connectAnew(): Promise<number> {
  const times: number[] = [];
  for (let round = 0; round < CONNECTS; round++) {
    times.push(await reconnect(page));
  }
  assert.is((await fetchText(page, "/api/notes")).status, 200);
  assert.ok(Math.max(...times) < DEADLINE_MS, `took ${times.map(Math.round)} ms`);
  return times.sort((a, b) => a - b)[CONNECTS >> 1]!;
}

test("the relay has the host's key, as soon as the host is online", () => {
  assert.match(bridge.function.environment.ADMISSION_KEY!, /^[\w-]{43}$/);
});

test("100 forged handshakes and messages a second keep no paired device out", async () => {
  const usual = await connectAnew();
  const origin = bridge.page.origins[0]!;
  const from = host.lines.length;
  let opened: number;
  let flooded: number;
  {
    using flood = await startFlood({ url: bridge.gateway.url, origin, perSecond: FORGED });
    await until(() => flood.handshakes > 3 * FORGED);
    flooded = await connectAnew();
    // A page's whole way, and so the host's registration, as the host's owner would look at it.
    const args = ["doctor", "--json", ...bridge.hostFlags()];
    const { code, output } = await run(args, bridge.hostEnvironment);
    assert.is(code, 0, output);
    assert.match(output, '"check":"loop","ok":true');
    assert.match(output, "refuses all whom this host has not invited");
    await until(() => flood.handshakes > 5 * FORGED);
    opened = flood.opened;
  }
  console.log(`  connects in ${Math.round(usual)} ms, in the flood in ${Math.round(flooded)} ms`);
  assert.is(opened, 0);
  const events = host.lines.slice(from).map(({ event }) => event);
  for (const bad of ["relay-lost", "relay-unreachable", "registration-failed", "registering"]) {
    assert.not(events.includes(bad), bad);
  }
});

test("without its key, the host opens the relay until its devices have come, and guards it again", async () => {
  const { ADMISSION_KEY: old } = bridge.function.environment;
  await host.stop();
  await rm(join(bridge.state, "admission.key"));
  host = bridge.startHost();
  await host.until("online");
  assert.is(bridge.function.environment.ADMISSION_KEY, OPEN);
  await connectAnew();
  await until(() => bridge.function.environment.ADMISSION_KEY !== OPEN);
  assert.not.equal(bridge.function.environment.ADMISSION_KEY, old);
  // With its value of the new key.
  await page.reload();
  await untilState(page, "connected");
});

test("with the registry s3, a named host's page comes in, and strangers do not", async () => {
  const named = { registry: "s3", host: "pi", publicRegistry: false } as const;
  await using other = await startBridge({ isPublic: false, ...named });
  const pi = other.startHost(["--host", "pi"]);
  await pi.until("online");
  const link = await pairingLink(other.state, other.page.url);
  const context = await page.browser().createBrowserContext();
  const opened = await openPage(context, link);
  await untilState(opened.page, "connected");
  await opened.page.reload();
  await untilState(opened.page, "connected");
  const [origin] = other.page.origins;
  const reads = () => other.store!.calls.filter(({ key }) => key.startsWith("admission/")).length;
  const before = reads();
  {
    using flood = await startFlood({ url: other.gateway.url, origin: origin!, perSecond: FORGED });
    await until(() => flood.handshakes > 2 * FORGED);
    assert.is(flood.opened, 0);
    // Each of at most ten instances reads the key of a name once a second. Two names here are no host's.
    console.log(`  ${reads() - before} reads for ${flood.handshakes} handshakes`);
  }
  await opened.page.reload();
  await untilState(opened.page, "connected");
  await context.close();
});

test.run();
