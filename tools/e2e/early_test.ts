// A known device's first answers arrive with the host's answer, before any connection is open.
import { once } from "node:events";
import type { ServerResponse } from "node:http";
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openConnected, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

/** What a page asks for as soon as there is a tunnel. */
interface Ask {
  path: string;
  method?: string;
  body?: string;
}

/** What it got: the tunnel's state at the first bytes and at the last ones. */
interface Got {
  text: string;
  states: string[];
  error?: string;
}

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`first answers in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let host: HostProcess;
  let page: Page;
  const posts: string[] = [];
  const open: ServerResponse[] = [];

  withBridge(test, {
    browser: name,
    isPublic: false,
    // This machine may be busy.
    hostFlags: ["--early-wait", "500"],
    routes: {
      "POST /posts": async (request, response) => {
        const chunks: Buffer[] = [];
        request.on("data", (chunk: Buffer) => chunks.push(chunk));
        await once(request, "end");
        posts.push(String(Buffer.concat(chunks)));
        response.end(`post ${posts.length}`);
      },
      "GET /two-parts": (_request, response) => {
        response.write("first ");
        open.push(response);
      },
      "GET /hello": (_request, response) => {
        response.end("hello");
      },
      "GET /large": (_request, response) => {
        response.end("x".repeat(300_000));
      },
    },
  }, async (running) => {
    const { browser, stack } = running;
    ({ bridge, host } = running);
    const context = await browser.createBrowserContext();
    stack.defer(() => context.close());
    ({ page } = await openConnected(context, await pairingLink(bridge.state, bridge.page.url)));
    await page.evaluateOnNewDocument(askAtOnce);
  });
  test.before.each(() => {
    posts.length = open.length = 0;
  });

  /** Reloads the page, which asks at once. @returns What it will have got. */
  async function reload(...asks: Ask[]): Promise<() => Promise<Got[]>> {
    await untilState(page, "connected");
    await untilKept(page);
    await page.evaluate((asks) => sessionStorage.setItem("asks", JSON.stringify(asks)), asks);
    await page.reload();
    return async () => {
      await page.waitForFunction("window.got?.every(Boolean)", { polling: 20 });
      return await page.evaluate("window.got") as Got[];
    };
  }

  test("requests of a device that is known are answered before it is connected", async () => {
    const before = { ...bridge.gateway.counts };
    const from = host.lines.length;
    const got = await (await reload(
      { path: "/hello" },
      { path: "/posts", method: "POST", body: "hello" },
    ))();
    for (const { states, error } of got) assert.is.not(states.at(-1), "connected", error);
    assert.is(got[1]!.text, "post 1");
    await untilState(page, "connected");
    assert.equal(posts, ["hello"]);
    await host.until("page-early", from);
    await host.until("page-connected", from);
    // One message out, as without: the host's answer is the other one.
    const { messagesIn } = bridge.gateway.counts;
    assert.is(messagesIn - before.messagesIn, 2);
    assert.is((await fetchText(page, "/hello")).status, 200);
  });

  test("what does not fit, or comes later, goes on over the direct connection", async () => {
    const finish = await reload({ path: "/two-parts" }, { path: "/large" });
    await untilState(page, "connected");
    await until(() => open.length === 1);
    open[0]!.end("second");
    const [parts, large] = await finish();
    assert.is(parts!.text, "first second", parts!.error);
    assert.is.not(parts!.states[0], "connected");
    assert.is(large!.text.length, 300_000, large!.error);
  });

  test("where the answer is lost, a POST is executed once", async () => {
    const { faults } = bridge.gateway;
    let lost = 0;
    faults.alter = (text) => {
      if (!text.startsWith('{"data":{"type":"sealed-answer"') || lost++ > 0) return [text];
      return ['{"error":{"code":"relay-failed","message":"The answer is lost"}}'];
    };
    try {
      const finish = await reload({ path: "/posts", method: "POST", body: "once" });
      const [got] = await finish();
      assert.is(got!.text, "post 1", got!.error);
      assert.equal(posts, ["once"]);
      assert.is(lost, 2);
      assert.is.not(got!.states.at(-1), "connected");
    } finally {
      faults.alter = undefined;
    }
  });

  test("after the host's restart, requests go as if for the first time", async () => {
    await untilState(page, "connected");
    await untilKept(page);
    await host.stop();
    host = bridge.startHost(["--early-wait", "500"]);
    await host.until("online");
    const finish = await reload({ path: "/posts", method: "POST", body: "again" });
    const [got] = await finish();
    assert.is(got!.text, "post 1", got!.error);
    assert.equal(posts, ["again"]);
  });

  test.run();
}

/** Runs in each new document, before its scripts. */
function askAtOnce(): void {
  const asks = JSON.parse(sessionStorage.getItem("asks") ?? "[]") as Ask[];
  sessionStorage.removeItem("asks");
  const got: (Got | undefined)[] = asks.map(() => undefined);
  Object.assign(globalThis, { got });
  // As soon as the element begins to connect.
  document.addEventListener("statechange", () => {
    for (const [index, { path, ...init }] of asks.splice(0).entries()) ask(index, path, init);
  }, { capture: true });
  async function ask(index: number, path: string, init: RequestInit) {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const states: string[] = [];
    try {
      const response = await tunnel.fetch(path, init);
      let text = "";
      const reader = response.body!.getReader();
      for (;;) {
        const { done, value } = await reader.read();
        states.push(tunnel.state);
        if (done) break;
        text += new TextDecoder().decode(value);
      }
      got[index] = { text, states };
    } catch (error) {
      got[index] = { text: "", states, error: String(error) };
    }
  }
}

/** Resolves when the page has a secret for its next offer. */
async function untilKept(page: Page): Promise<void> {
  await until(() =>
    page.evaluate(async () => {
      const request = indexedDB.open("lighthouse-tunnel");
      await new Promise((resolve) => request.onsuccess = resolve);
      const all = request.result.transaction("devices").objectStore("devices").getAll();
      await new Promise((resolve) => all.onsuccess = resolve);
      request.result.close();
      return (all.result as { resumption?: CryptoKey }[]).some((record) => record.resumption);
    })
  );
}
