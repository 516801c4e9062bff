// <lighthouse-tunnel> as a page's author and a page's reader meet it.
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { toBase64url } from "../../wire/mod.ts";
import type { Bridge } from "../local/bridge.ts";
import { suite } from "../testing/suite.ts";
import { openPage, untilState } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("element", { deadline: 60_000 });

let bridge: Bridge;
let browser: Browser;
let page: Page;
let troubles: string[];

withBridge(test, {}, (running) => ({ bridge, browser } = running));

/** A test with a fresh page, in which nothing may be reported as an error in the end. */
function scenario(name: string, run: () => Promise<void>): void {
  test(name, async () => {
    ({ page, troubles } = await openPage(browser, bridge.page.url));
    try {
      // The page's own element is in the way of counting, and so is a connect that it has begun.
      await untilState(page, "connected");
      await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.remove());
      await run();
      assert.equal(troubles, []);
    } finally {
      await page.close();
    }
  });
}

/** Puts a new element into the page and records its state changes in `seen`. */
async function embed(relay: string | null, content = ""): Promise<void> {
  await page.evaluate(
    (relay, hostKey, content) => {
      const tunnel = document.createElement("lighthouse-tunnel");
      tunnel.setAttribute("host-key", hostKey);
      tunnel.setAttribute("stun", "none");
      if (relay !== null) tunnel.setAttribute("relay", relay);
      tunnel.innerHTML = content;
      const seen: string[] = [];
      tunnel.addEventListener("statechange", (event) => {
        seen.push((event as Event & { state: string }).state);
      });
      Object.assign(globalThis, { seen });
      document.body.append(tunnel);
    },
    relay,
    toBase64url(bridge.identity.publicKey),
    content,
  );
}

const seen = () => page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);

scenario("goes from idle to connected, and says each step once", async () => {
  await embed(bridge.gateway.url);
  await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.ready);
  assert.equal(await seen(), ["signalling", "connecting", "connected"]);
});

scenario("a fetch right after the element was made waits for the connection", async () => {
  const status = await page.evaluate(
    async (relay, hostKey) => {
      const tunnel = document.createElement("lighthouse-tunnel");
      tunnel.relay = relay;
      tunnel.hostKey = hostKey;
      tunnel.stun = "none";
      document.body.append(tunnel);
      return (await tunnel.fetch("/api/notes")).status;
    },
    bridge.gateway.url,
    toBase64url(bridge.identity.publicKey),
  );
  assert.is(status, 200);
});

scenario("without a relay attribute it is idle, and fetch says what is missing", async () => {
  await embed(null);
  const [state, error] = await page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const error = await tunnel.fetch("/").catch((error) => [error.name, error.cause.code]);
    return [tunnel.state, error];
  });
  assert.is(state, "idle");
  assert.equal(error, ["TypeError", "closed"]);
});

for (const relay of ["", "not a url", "https://example.com/prod"]) {
  scenario(`a relay attribute "${relay}" is refused, and nothing is attempted`, async () => {
    const { connects, refused } = bridge.gateway.counts;
    await embed(relay);
    const reason = await untilState(page, "failed");
    assert.match(reason, /relay attribute is not a URL such as wss:/);
    assert.is(
      await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.error!.code),
      "bad-config",
    );
    assert.equal([bridge.gateway.counts.connects, bridge.gateway.counts.refused], [
      connects,
      refused,
    ]);
  });
}

scenario("a stun attribute that is none is refused with the server's name", async () => {
  await embed(null);
  await page.evaluate((relay) => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    tunnel.setAttribute("stun", "stun:example.com turn:example.com");
    tunnel.setAttribute("relay", relay);
  }, bridge.gateway.url);
  assert.match(await untilState(page, "failed"), /"turn:example.com" as a STUN server/);
});

scenario("correcting the relay attribute connects", async () => {
  await embed("ws://127.0.0.1:1/prod");
  await untilState(page, "failed");
  // The browser itself reports the refused socket.
  troubles.length = 0;
  await page.evaluate(
    (relay) => document.querySelector("lighthouse-tunnel")!.setAttribute("relay", relay),
    bridge.gateway.url,
  );
  await untilState(page, "connected");
});

scenario("close() ends it, fetch then fails, and connect() brings it back", async () => {
  await embed(bridge.gateway.url);
  await untilState(page, "connected");
  const results = await page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const before = tunnel.ready;
    tunnel.close();
    const after = tunnel.ready;
    const code = await tunnel.fetch("/").catch((error) => error.cause.code);
    const stats = await tunnel.stats().catch((error) => error.code);
    const { state } = tunnel;
    tunnel.connect();
    await after;
    return { state, code, stats, isAnother: before !== after, again: tunnel.state };
  });
  assert.equal(results, {
    state: "idle",
    code: "closed",
    stats: "closed",
    isAnother: true,
    again: "connected",
  });
});

scenario("closing or removing it while it connects leaves nothing behind", async () => {
  for (const end of ["close", "remove"] as const) {
    await embed(bridge.gateway.url);
    await page.evaluate(async (end) => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      await tunnel.updateComplete;
      tunnel[end]();
      await new Promise((resolve) => setTimeout(resolve, 300));
      if (tunnel.state !== "idle") throw new Error(`It is ${tunnel.state}`);
      tunnel.remove();
    }, end);
  }
  assert.equal([...bridge.gateway.connections.values()].filter(({ origin }) => origin), []);
  // Chromium remarks on a socket that is closed before it was open.
  troubles.length = 0;
});

scenario("removed and put elsewhere, it connects again", async () => {
  await embed(bridge.gateway.url);
  await untilState(page, "connected");
  await page.evaluate(() => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const section = document.createElement("section");
    document.body.append(section);
    section.append(tunnel);
  });
  await untilState(page, "connected");
  assert.equal((await seen()).slice(-4), ["idle", "signalling", "connecting", "connected"]);
});

scenario("stats() tells the path, the round-trip time and the bytes", async () => {
  await embed(bridge.gateway.url);
  await untilState(page, "connected");
  const stats = await page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    await tunnel.fetch("/api/notes");
    return await tunnel.stats();
  });
  assert.ok(["quic", "host", "prflx"].includes(stats.path), stats.path);
  assert.ok(stats.roundTripTime! > 0 && stats.roundTripTime! < 5000);
  assert.ok(stats.bytesSent > 0 && stats.bytesReceived > 0);
});

scenario(
  "the pill is a live status with its parts, and a button that a keyboard reaches",
  async () => {
    await embed("ws://127.0.0.1:1/prod");
    await untilState(page, "failed");
    troubles.length = 0;
    const parts = await page.evaluate(() =>
      [...document.querySelector("lighthouse-tunnel")!.shadowRoot!.querySelectorAll("[part]")]
        .map((element) => element.getAttribute("part"))
    );
    assert.equal(parts, ["pill", "dot", "state", "reason", "retry"]);
    const tree = await page.accessibility.snapshot({ interestingOnly: true });
    const names = JSON.stringify(tree);
    assert.match(names, /"role":"button",[^{}]*"name":"Try again"/);
    const live = await page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.shadowRoot!.querySelector("[role=status]")!
        .textContent!.replaceAll(/\s+/g, " ").trim()
    );
    assert.match(live, /^No connection The relay cannot be reached/);
    // A press of Enter on the focused button tries again at once.
    const attempt = page.evaluate(() =>
      new Promise((resolve) =>
        document.querySelector("lighthouse-tunnel")!.addEventListener("statechange", resolve, {
          once: true,
        })
      )
    );
    await page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.shadowRoot!.querySelector("button")!.focus()
    );
    await page.keyboard.press("Enter");
    await attempt;
    await page.waitForFunction(() =>
      document.querySelector("lighthouse-tunnel")!.state === "failed"
    );
    troubles.length = 0;
  },
);

scenario("content inside replaces the pill", async () => {
  await embed(bridge.gateway.url, "<b>mine</b>");
  await untilState(page, "connected");
  const pills = () =>
    page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.shadowRoot!.querySelectorAll(".pill").length
    );
  assert.is(await pills(), 0);
  await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.remove());
  // A space between the tags is no content.
  await embed(bridge.gateway.url, "\n  <i slot='connected'>Verbonden</i>\n");
  await untilState(page, "connected");
  assert.is(await pills(), 1);
});

scenario("loading the script twice is harmless", async () => {
  await page.evaluate(async () => {
    await import(`${location.origin}/lighthouse-tunnel.js?again`);
  });
});

test.run();
