// A page on a bridge whose hosts hold no AWS credentials, since the relay registers them, in real browsers.
import process from "node:process";
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { type NamedBackends, startNamedBackends } from "../testing/named_backends.ts";
import { ownState } from "../testing/own_state.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { fetchText, openPage, untilState } from "./browser.ts";
import { withHostlessBridge } from "./with_bridge.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`registry relay in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let backends: NamedBackends;
  let hosts: Record<"a" | "b", HostProcess>;
  let page: Page;

  async function start(name: string): Promise<HostProcess> {
    const state = await ownState(bridge.state, name);
    const flags = ["--host", name, "--backend", backends.urlOf(name), "--state", state];
    const host = bridge.startHost(flags, withoutAws());
    await host.until("online");
    return host;
  }

  withHostlessBridge(
    test,
    // As a stack is deployed: pages have no right to read the bucket.
    {
      browser: name,
      isPublic: false,
      registry: "relay",
      hosts: ["a", "b"],
      host: "b",
      publicRegistry: false,
    },
    async ({ browser, stack, ...running }) => {
      ({ bridge } = running);
      backends = stack.use(await startNamedBackends());
      hosts = { a: await start("a"), b: await start("b") };
      const link = await pairingLink(`${bridge.state}-b`, bridge.page.url);
      ({ page } = await openPage(browser, link));
    },
  );

  test("a page pairs with the host that it names, of two on one relay", async () => {
    await untilState(page, "connected");
    assert.equal(await fetchText(page, "/"), { status: 200, text: "b" });
  });

  test("a host that starts again registers anew, and the page comes back to it", async () => {
    const first = JSON.parse(bridge.store!.read("hosts/b.json")!);
    await hosts.b.stop("SIGKILL");
    hosts.b = await start("b");
    await untilState(page, "connected", 40_000);
    assert.equal(await fetchText(page, "/"), { status: 200, text: "b" });
    const second = JSON.parse(bridge.store!.read("hosts/b.json")!);
    assert.is.not(second.connectionId, first.connectionId);
    assert.ok(second.time > first.time);
  });

  test("a host that stops says so, and pages then know that it is offline", async () => {
    await hosts.b.stop();
    assert.is(JSON.parse(bridge.store!.read("hosts/b.json")!).connectionId, undefined);
    await page.reload();
    await page.waitForSelector("lighthouse-tunnel:defined");
    assert.match(await untilState(page, "offline"), /offline|not connected/i);
    // The other host stays.
    const { connectionId } = await hosts.a.until("online");
    assert.is(JSON.parse(bridge.store!.read("hosts/a.json")!).connectionId, connectionId);
    hosts.b = await start("b");
    await untilState(page, "connected", 40_000);
  });

  test("nothing but the relay has called AWS", () => {
    assert.equal(bridge.controlPlane.calls, []);
    const callers = new Set(bridge.store!.calls.map(({ accessKeyId }) => accessKeyId));
    assert.equal([...callers], ["local-access-key"]);
  });

  test.run();
}

/** An environment that has no AWS variable, and a home that has no AWS profile. */
function withoutAws(): Record<string, string | undefined> {
  const names = ["AWS_EC2_METADATA_DISABLED", ...Object.keys(process.env)];
  return {
    ...Object.fromEntries(
      names.filter((name) => /^AWS_/.test(name)).map((name) => [name, undefined]),
    ),
    HOME: temporaryFolder(),
  };
}
