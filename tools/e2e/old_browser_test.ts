// What a page shows in a browser that is too old, or that has something switched off: in words, and never
// an exception's. The browsers of today stand in for old ones, with what those lack taken away first.
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { suite } from "../testing/suite.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { fetchText, launchBrowser, untilState } from "./browser.ts";
import { appOf } from "./shell_page.ts";

const test = suite("old browser", { deadline: 60_000 });

/** Members that came after 2021, when browsers learned to read the scripts: docs/browsers.md. */
const NEWER = [
  "AbortSignal.any",
  "AbortSignal.prototype.throwIfAborted",
  "AbortSignal.timeout",
  "Array.fromAsync",
  "Array.prototype.at",
  "Array.prototype.findLast",
  "Array.prototype.toSorted",
  "Array.prototype.with",
  "BroadcastChannel",
  "CSSStyleSheet.prototype.replaceSync",
  "Document.prototype.adoptedStyleSheets",
  "Map.groupBy",
  "Navigator.prototype.locks",
  "Object.groupBy",
  "Object.hasOwn",
  "Promise.try",
  "Promise.withResolvers",
  "Set.prototype.union",
  "ShadowRoot.prototype.adoptedStyleSheets",
  "String.prototype.at",
  "String.prototype.toWellFormed",
  "TransformStream",
  "URL.canParse",
  "URL.parse",
  "WritableStream",
  "structuredClone",
];

/** Members that are newer than the floor. */
const ABOVE = [
  "Array.fromAsync",
  "CookieStore",
  "Document.prototype.startViewTransition",
  "Element.prototype.moveBefore",
  "Iterator.prototype.filter",
  "Iterator.prototype.map",
  "Iterator.prototype.toArray",
  "Promise.try",
  "RegExp.escape",
  "Response.prototype.bytes",
  "Set.prototype.difference",
  "Set.prototype.union",
  "URL.parse",
  "URLPattern",
  "Uint8Array.fromBase64",
  "Uint8Array.prototype.toBase64",
  "cookieStore",
  "navigation",
  "scheduler",
  "trustedTypes",
];

const TOO_OLD =
  /^This browser is too old: Lighthouse needs Chrome 119, Firefox 124 or Safari 17\.4\./;

/** What is taken away, the page's language, and what is said then. */
const LACKING: [what: string, members: string[], lang: string, words: RegExp][] = [
  ["a browser of 2021", NEWER, "en", TOO_OLD],
  ["Chrome 118", ["Promise.withResolvers"], "en", TOO_OLD],
  ["Firefox 123", ["AbortSignal.any"], "en", TOO_OLD],
  [
    "an old browser, in German",
    NEWER,
    "de-AT",
    /^Dieser Browser ist zu alt: .* Chrome 119, Firefox 124 oder Safari 17\.4\./,
  ],
  [
    "a browser without WebRTC",
    ["RTCPeerConnection", "webkitRTCPeerConnection"],
    "en",
    /^This browser has no WebRTC, or it is switched off/,
  ],
  [
    "a browser without WebCrypto",
    ["Crypto.prototype.subtle"],
    "en",
    /^This browser has no WebCrypto/,
  ],
];

/** A host name that leads to this machine, and that no browser takes for secure. */
const INSECURE = "insecure.example";

let site: AppSite;

test.before(async () => {
  site = await startAppSite({ quic: false });
  // Without the way through the relay, a page needs WebRTC.
  await site.bridge.startHost(["--relay-budget", "0"]).until("online");
});
test.after(async () => await site[Symbol.asyncDispose]());

for (const name of ["chromium", "firefox"] as const) {
  let browser: Browser;
  test.after(async () => await browser?.close());

  const scenario = (title: string, run: (page: Page) => Promise<unknown>): void =>
    test(`${name}: ${title}`, async (): Promise<void> => {
      browser ??= await launchBrowser(name, options(name));
      const context = await browser.createBrowserContext();
      try {
        await run(await context.newPage());
      } finally {
        await context.close();
      }
    });

  for (const [what, members, lang, words] of LACKING) {
    scenario(`the element tells ${what} what is wrong`, async (page) => {
      await page.evaluateOnNewDocument(takeAway, members);
      await page.goto(site.bridge.page.url);
      await page.evaluate((lang) => document.documentElement.lang = lang, lang);
      await assertRefused(page, words);
    });
  }

  scenario("a browser at the floor connects and fetches", async (page) => {
    await page.evaluateOnNewDocument(takeAway, ABOVE);
    await page.goto(site.bridge.page.url);
    await untilState(page, "connected");
    assert.is((await fetchText(page, "/api/notes")).status, 200);
  });

  scenario("a browser at the floor shows an app", async (page) => {
    await page.evaluateOnNewDocument(takeAway, ABOVE);
    await page.goto(`${site.url}app/`);
    await (await appOf(page)).waitForSelector("[data-tiles]");
  });

  scenario("the element tells a page that is not secure", async (page) => {
    await page.goto(site.bridge.page.url.replace("127.0.0.1", INSECURE));
    await assertRefused(page, /^This page is not secure, .* serve it by https/);
  });

  scenario("a site in app mode tells a browser of 2021 what is wrong", async (page) => {
    await page.evaluateOnNewDocument(takeAway, NEWER);
    await page.goto(site.url);
    assert.is(await textOf(page, "h1"), "This browser cannot connect");
    assert.match(await textOf(page, "h1 + p"), TOO_OLD);
    assert.is(await page.$("#too-old"), null);
  });

  scenario("a site in app mode tells a window without service workers", async (page) => {
    await page.evaluateOnNewDocument(takeAway, ["Navigator.prototype.serviceWorker"]);
    await page.goto(site.url);
    await page.waitForFunction(() => document.querySelector("h1")?.textContent?.includes("window"));
    assert.is(await textOf(page, "h1"), "This window cannot show the app");
    assert.match(await textOf(page, "h1 + p"), /^There are no service workers in this window/);
  });

  scenario("a site in app mode tells a browser that cannot read its script", async (page) => {
    await page.setRequestInterception(true);
    page.on(
      "request",
      (request) =>
        request.url().endsWith("/shell.js")
          ? request.respond({
            contentType: "text/javascript",
            body: "a browser of 2020 stops here",
          })
          : request.continue(),
    );
    await page.goto(site.url);
    // A page that only takes its time does not flash.
    assert.is(await visibilityOf(page), "hidden");
    await page.waitForFunction(() =>
      getComputedStyle(document.getElementById("too-old")!).visibility === "visible"
    );
    assert.match(
      await textOf(page, "#too-old"),
      /this browser is too old: Lighthouse needs Chrome/,
    );
  });
}

function options(name: BrowserName): Parameters<typeof launchBrowser>[1] {
  return name === "firefox"
    ? { extraPrefsFirefox: { "network.dns.localDomains": INSECURE } }
    : { args: [`--host-resolver-rules=MAP ${INSECURE} 127.0.0.1`] };
}

/** Runs in a page before its scripts: takes members such as `Promise.try` away. */
function takeAway(members: string[]): void {
  for (const path of members) {
    const names = path.split(".");
    const last = names.pop()!;
    let at = globalThis as unknown as Record<string, Record<string, unknown>>;
    for (const name of names) at = at[name] as unknown as typeof at;
    delete (at as Record<string, unknown>)[last];
  }
}

/** The element says why it does not connect, to readers and to the page's script. */
async function assertRefused(page: Page, words: RegExp): Promise<void> {
  await page.waitForFunction(() => document.querySelector("lighthouse-tunnel")?.state === "failed");
  const said = await page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    await tunnel.updateComplete;
    const pill = tunnel.shadowRoot!.querySelector('[part="reason"]');
    return {
      pill: pill?.textContent?.trim() ?? "",
      code: tunnel.error?.code,
      buttons: tunnel.shadowRoot!.querySelectorAll("button").length,
      fetched: await tunnel.fetch("/api/notes").then(String, String),
      socket: await new Promise((resolve) => {
        tunnel.socket("/live").addEventListener("error", ({ type }) => resolve(type));
      }),
    };
  });
  assert.match(said.pill, words);
  assert.is(said.code, "unsupported");
  // A click cannot help.
  assert.is(said.buttons, 0);
  assert.match(said.fetched, /^TypeError: Cannot fetch through the tunnel: This (?:browser|page) /);
  assert.is(said.socket, "error");
}

async function textOf(page: Page, selector: string): Promise<string> {
  const element = (await page.waitForSelector(selector))!;
  return await element.evaluate(({ textContent }) => textContent!.trim());
}

async function visibilityOf(page: Page): Promise<string> {
  return await page.$eval("#too-old", (element) => getComputedStyle(element).visibility);
}

test.run();
