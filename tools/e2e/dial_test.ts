// What the page does with the answers of hosts of all kinds, in real browsers.
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { endPeers } from "../../host/peers/peer.ts";
import {
  type ErrorCode,
  fingerprintOf,
  formatPairingFragment,
  generateKeyPair,
  openOffer,
  rawPublicKey,
  sealOffer,
  toBase64url,
} from "../../wire/mod.ts";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, launchBrowser, openPage, untilState } from "./browser.ts";
import { type ScriptedHost, startScriptedHost } from "./scripted_host.ts";
import { withHostlessBridge } from "./with_bridge.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`dial in ${name}`, { deadline: 60_000 });
  const secret = new Uint8Array(16).fill(5);
  const device = { id: "the-id", name: "A phone – mine" };
  let bridge: Bridge;
  let browser: Browser;
  let context: BrowserContext;
  let host: ScriptedHost;
  let link: string;

  withHostlessBridge(test, { browser: name, isPublic: false }, async ({ stack, ...running }) => {
    ({ bridge, browser } = running);
    host = stack.use(await startScriptedHost(bridge, { secret }));
    link = bridge.page.url + formatPairingFragment({ hostKey: host.key, secret });
  });
  test.after(() => endPeers());
  test.before.each(async () => {
    host.register();
    host.onOffer = async ({ letIn }) => host.serve(await letIn(device));
    context = await browser.createBrowserContext();
  });
  test.after.each(() => context.close());

  /** A page in a profile of its own. */
  async function open(url: string): Promise<Page> {
    return (await openPage(context, url)).page;
  }
  const element = (page: Page) =>
    page.evaluate(() => {
      const { state, error, device } = document.querySelector("lighthouse-tunnel")!;
      return { state, code: error?.code, device };
    });
  const failure = async (page: Page) => {
    const reason = await untilState(page, "failed");
    return [(await element(page)).code, reason] as [ErrorCode, string];
  };

  test("a link pairs, is gone from the address, and the device keeps its key and name", async () => {
    const page = await open(link);
    await untilState(page, "connected");
    assert.is(page.url(), bridge.page.url);
    assert.is(
      await page.evaluate(() => location.hash + history.length),
      name === "firefox" ? "1" : "2",
    );
    assert.equal((await element(page)).device, device);
    assert.is((await fetchText(page, "/x")).text, "fine");
    const shown = () =>
      page.evaluate(() =>
        document.querySelector("lighthouse-tunnel")!.shadowRoot!
          .querySelector("[role=status]")!.textContent!.replaceAll(/\s+/g, " ").trim()
      );
    assert.is(await shown(), `Connected as ${device.name}`);
    await page.reload();
    await untilState(page, "connected");
    assert.equal((await element(page)).device, device);
  });

  test("without a link the page says what to do, and asks nobody", async () => {
    const { messagesIn } = bridge.gateway.counts;
    const page = await open(bridge.page.url);
    const [code, reason] = await failure(page);
    assert.is(code, "not-paired");
    assert.match(reason, /Open the pairing link that `lighthouse-host pair` prints on the laptop/);
    assert.is(bridge.gateway.counts.messagesIn, messagesIn);
    // The link is opened in the very page: only its fragment changes.
    await page.evaluate((hash) => {
      location.hash = hash;
    }, new URL(link).hash);
    await untilState(page, "connected");
    assert.is(await page.evaluate(() => location.hash), "");
  });

  for (
    const [code, words] of [
      ["device-revoked", /The host has removed this browser from its devices/],
      ["pairing-used", /has let another device in already/],
      ["pairing-expired", /This pairing link has expired/],
      ["wrong-origin", /has not paired this browser for the site http:\/\/127\.0\.0\.1:\d+/],
    ] as const
  ) {
    test(`${code}, sealed by the host, is said, and the host is left in peace`, async () => {
      let offers = 0;
      host.onOffer = async ({ seal }) => {
        offers++;
        await seal({ time: Date.now(), refused: { code, message: "The host's words" } });
      };
      const page = await open(link);
      const [shown, reason] = await failure(page);
      assert.is(shown, code);
      assert.match(reason, words);
      await page.evaluate(() => dispatchEvent(new Event("online")));
      await sleep(1500);
      assert.is(offers, 1);
      // What waits is not kept waiting.
      const cause = await page.evaluate(() =>
        document.querySelector("lighthouse-tunnel")!.fetch("/").catch((error) => error.cause.code)
      );
      assert.is(cause, code);
    });
  }

  test("a clock that is an hour wrong costs one more message, once", async () => {
    const HOUR = 3_600_000;
    const times: number[] = [];
    host.onOffer = async ({ signal, seal, letIn }) => {
      const off = signal.time - (Date.now() + HOUR);
      times.push(off);
      if (Math.abs(off) < 60_000) return await host.serve(await letIn(device));
      await seal({ time: Date.now() + HOUR, refused: { code: "clock-skew", message: "No" } });
    };
    const page = await open(link);
    await untilState(page, "connected");
    assert.is(times.length, 2);
    await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.close();
      tunnel.connect();
      await tunnel.ready;
    });
    assert.is(times.length, 3);
    assert.ok(Math.abs(times[2]!) < 2_000, `${times[2]} ms`);
  });

  test("a clock that the host never agrees with is said", async () => {
    let offers = 0;
    host.onOffer = async ({ seal }) => {
      offers++;
      await seal({ time: Date.now(), refused: { code: "clock-skew", message: "No" } });
    };
    assert.is((await failure(await open(link)))[0], "clock-skew");
    assert.is(offers, 2);
  });

  const others: [
    title: string,
    code: ErrorCode,
    onOffer: ScriptedHost["onOffer"],
  ][] = [
    ["an unsealed not-paired", "not-paired", async ({ say }) => {
      say({ ...refused("not-paired"), hostKey: await fingerprintOf(host.key) });
    }],
    ["an unsealed word of another host", "host-key-changed", async ({ say }) => {
      say({ ...refused("not-paired"), hostKey: await fingerprintOf(new Uint8Array(65)) });
    }],
    ["an unsealed device-revoked", "bad-seal", ({ say }) => say(refused("device-revoked"))],
    ["an unsealed unsupported", "bad-seal", ({ say }) => say(refused("unsupported"))],
    ["an answer that nobody has sealed", "bad-seal", ({ say }) => {
      say({ type: "sealed-answer", v: 1, ct: toBase64url(new Uint8Array(200)) });
    }],
    ["an answer of an impostor with a key of its own", "bad-seal", async ({ say }) => {
      const impostor = { hostKey: host.key, device: await generateKeyPair() };
      const offer = { sdp: "v=0", origin: "x" };
      const stranger = { kind: "stranger" } as const;
      const options = { ...impostor, sender: stranger, time: Date.now() };
      const { signal } = await sealOffer(offer, options);
      const { sealAnswer } = await openOffer(signal, {
        host: host.keys,
        device: await rawPublicKey(impostor.device),
      });
      say((await sealAnswer({ time: Date.now(), sdp: "v=0" })).signal);
    }],
  ];
  for (const [title, code, onOffer] of others) {
    test(`${title} makes no connection, and the host's own answer does afterwards`, async () => {
      const honest = host.onOffer;
      host.onOffer = onOffer;
      const page = await open(link);
      assert.is((await failure(page))[0], code);
      host.onOffer = honest;
      await page.evaluate(() => document.querySelector("lighthouse-tunnel")!.connect());
      await untilState(page, "connected");
      assert.is((await fetchText(page, "/x")).text, "fine");
    });
  }

  test("what others say before the host's own answer changes nothing", async () => {
    host.onOffer = async ({ say, letIn }) => {
      say("not a signal");
      say({ type: "sealed-answer", v: 1 });
      say({ type: "sealed-answer", v: 2, ct: "AAAA" });
      say({ type: "sealed-answer", v: 1, ct: toBase64url(new Uint8Array(500)) });
      say({ type: "answer", sdp: "v=0" });
      await host.serve(await letIn(device));
    };
    await untilState(await open(link), "connected");
  });

  for (const isKnown of [true, false]) {
    const what = isKnown ? "a used link" : "a link that the host does not know";
    test(`a paired browser that opens ${what} goes on as it was`, async () => {
      const page = await open(link);
      await untilState(page, "connected");
      host.onOffer = async ({ signal, seal, say, letIn }) => {
        if (!signal.device) return await host.serve(await letIn(device));
        if (!isKnown) {
          return say({ ...refused("not-paired"), hostKey: await fingerprintOf(host.key) });
        }
        await seal({ time: Date.now(), refused: { code: "pairing-used", message: "No" } });
      };
      await page.goto("about:blank");
      await page.goto(link);
      await page.waitForSelector("lighthouse-tunnel:defined");
      await untilState(page, "connected");
      assert.equal((await element(page)).device, device);
    });
  }

  test("a link of another host is refused loudly, and taken when the user says so", async () => {
    const page = await open(link);
    await untilState(page, "connected");
    await using other = await startScriptedHost(bridge, { secret });
    other.onOffer = async ({ letIn }) => other.serve(await letIn({ id: "new", name: "Anew" }));
    const { hash } = new URL(
      bridge.page.url + formatPairingFragment({ hostKey: other.key, secret }),
    );
    await page.evaluate((hash) => {
      location.hash = hash;
    }, hash);
    const [code, reason] = await failure(page);
    assert.is(code, "host-key-changed");
    assert.match(reason, /of another host than the one that this browser is paired with/);
    await page.evaluate(() =>
      document.querySelector("lighthouse-tunnel")!.shadowRoot!
        .querySelector<HTMLElement>("[part=accept]")!.click()
    );
    await untilState(page, "connected");
    assert.is((await element(page)).device!.name, "Anew");
  });

  test("damaged links and keys are said to be so, and nobody is asked", async () => {
    const { messagesIn } = bridge.gateway.counts;
    const page = await open(link.slice(0, -4));
    assert.is((await failure(page))[0], "bad-link");
    assert.is(page.url(), bridge.page.url);
    for (const key of ["", "AAAA", toBase64url(new Uint8Array(65))]) {
      await page.evaluate((key) => {
        document.querySelector("lighthouse-tunnel")!.setAttribute("host-key", key);
      }, key);
      await page.waitForFunction(() =>
        document.querySelector("lighthouse-tunnel")!.error?.code === "bad-config"
      );
    }
    assert.is(bridge.gateway.counts.messagesIn, messagesIn);
  });

  test("a page in a sandbox of its own does not run, and asks nobody", async () => {
    const { messagesIn } = bridge.gateway.counts;
    const server = createServer(async (request, response) => {
      const isScript = request.url === "/lighthouse-tunnel.js";
      response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
      response.setHeader("access-control-allow-origin", "*");
      response.setHeader("content-security-policy", "sandbox allow-scripts");
      if (isScript) return response.end(await readFile("components/dist/lighthouse-tunnel.js"));
      response.end(
        `<script type="module" src="/lighthouse-tunnel.js"></script>
        <lighthouse-tunnel relay="${bridge.gateway.url}" stun="none"></lighthouse-tunnel>`,
      );
    });
    await using listening = await listen(server);
    const page = await open(`${listening.url}/${new URL(link).hash}`);
    const [code, reason] = await failure(page);
    assert.is(code, "wrong-origin");
    assert.match(reason, /in a sandboxed frame/);
    assert.is(await page.evaluate(() => location.hash), "");
    assert.is(bridge.gateway.counts.messagesIn, messagesIn);
  });

  test("a relay that the page's policy does not name is said to be that", async () => {
    const page = await open(bridge.page.url);
    await page.evaluate((key) => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.hostKey = key;
      tunnel.relay = "ws://127.0.0.1:1/prod";
    }, toBase64url(host.key));
    await page.waitForFunction(() =>
      document.querySelector("lighthouse-tunnel")!.error?.code === "relay-unreachable"
    );
    assert.match(
      (await failure(page))[1],
      /Content-Security-Policy \(connect-src\) does not name it/,
    );
  });

  test("with the host's key in the page, a visitor dials as a stranger, the same each time", async () => {
    const seen: (string | undefined)[] = [];
    host.onOffer = async ({ signal, letIn }) => {
      seen.push(signal.device);
      assert.is(signal.tag, undefined);
      await host.serve(await letIn());
    };
    const page = await open(bridge.page.url);
    await page.evaluate((key) => {
      document.querySelector("lighthouse-tunnel")!.setAttribute("host-key", key);
    }, toBase64url(host.key));
    await untilState(page, "connected");
    assert.is((await element(page)).device, undefined);
    await page.evaluate(async () => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      tunnel.close();
      tunnel.connect();
      await tunnel.ready;
    });
    assert.is(seen.length, 2);
    assert.is(seen[0], seen[1]);
  });

  test("where the browser keeps nothing, the page says that it cannot be paired", async () => {
    const page = await context.newPage();
    await page.evaluateOnNewDocument(() => {
      indexedDB.open = () => {
        throw new DOMException("Storage is off", "SecurityError");
      };
    });
    await page.goto(link);
    const [code, reason] = await failure(page);
    assert.is(code, "unsupported");
    assert.match(reason, /keeps nothing for this site, so it cannot be paired/);
    assert.is(page.url(), bridge.page.url);
  });

  if (name === "firefox") {
    test("where the user has forbidden cookies and site data, the page says the same", async () => {
      const extraPrefsFirefox = { "network.cookie.cookieBehavior": 2 };
      const strict = await launchBrowser(name, { extraPrefsFirefox });
      await using stack = new AsyncDisposableStack();
      stack.defer(() => strict.close());
      const { page, troubles } = await openPage(strict, link);
      const [code, reason] = await failure(page);
      assert.is(code, "unsupported");
      assert.match(reason, /keeps nothing for this site, so it cannot be paired/);
      assert.is(page.url(), bridge.page.url);
      assert.equal(troubles, []);
    });
  }

  test("a tab that waits is connected by the link that is opened in another", async () => {
    const first = await open(bridge.page.url);
    await untilState(first, "failed");
    const second = await open(link);
    await untilState(second, "connected");
    await untilState(first, "connected");
    assert.equal((await element(first)).device, device);
  });

  test("of tabs that share a connection, the one that holds it uses another's link", async () => {
    let offers = 0;
    host.onOffer = async ({ letIn }) => {
      offers++;
      await host.serve(await letIn(device));
    };
    const first = await open(`${bridge.page.url}web.html`);
    await untilState(first, "failed");
    const second = await open(`${bridge.page.url}web.html${new URL(link).hash}`);
    await untilState(second, "connected");
    await untilState(first, "connected");
    for (const page of [first, second]) assert.equal((await element(page)).device, device);
    assert.is((await fetchText(second, "/x")).text, "fine");
    assert.is(offers, 1);
    // And again while it is connected, as after `lighthouse-host revoke`.
    await second.evaluate((hash) => {
      location.hash = hash;
    }, new URL(link).hash);
    await until(() => offers >= 2);
    await untilState(second, "connected");
    await untilState(first, "connected");
    assert.is(await second.evaluate(() => location.hash), "");
  });

  test.run();
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** A refusal that proves nothing. */
function refused(code: ErrorCode) {
  return { type: "refused", code, message: "Anybody's words" };
}
