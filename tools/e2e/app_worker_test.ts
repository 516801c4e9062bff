// The service worker in app mode, in real browsers: the app's policies, its web workers and its own URLs, and
// the site without a network.
import { createHash } from "node:crypto";
import type { Browser, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { launchBrowser } from "./browser.ts";

/** The app's own inline script, and how a policy can name it. */
const INLINE = "document.documentElement.dataset.ran = 1";
const HASH = `'sha256-${createHash("sha256").update(INLINE).digest("base64")}'`;

/** Policies of an app, and whether they let its inline script run. */
const policies: [policy: string, runs: boolean][] = [
  ["script-src 'self'", false],
  ["script-src 'none'", false],
  ["default-src 'none'", false],
  ["default-src 'self'; script-src-elem 'self' 'unsafe-inline'", true],
  ["script-src 'self' 'unsafe-inline'", true],
  ["script-src 'unsafe-inline'", true],
  ["script-src https://cdn.example", false],
  ["script-src 'nonce-A'", true],
  ["script-src 'nonce-A' 'strict-dynamic'", true],
  [`script-src ${HASH}`, true],
  [`script-src ${HASH} 'unsafe-inline'`, true],
  ["script-src 'nonce-B' 'strict-dynamic'", false],
  ["script-src 'nonce-A', default-src 'self' 'nonce-A'", true],
  [`script-src 'nonce-A', script-src ${HASH}`, true],
  ["script-src 'nonce-A'; frame-ancestors 'none'", true],
  ["sandbox allow-scripts allow-same-origin; script-src 'nonce-A'", true],
];

const document = (body: string) => `<!doctype html><html><head><title>A page</title>${body}`;

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`the worker of an app in ${name}`, { deadline: 20_000 });
  const stack = new AsyncDisposableStack();
  let site: AppSite;
  let browser: Browser;
  let page: Page;
  let visits = 0;

  test.before(async () => {
    site = stack.use(
      await startAppSite({
        routes: {
          "GET /policy/:number": (request, response) => {
            const [policy] = policies[Number(/\d+/.exec(request.url!))]!;
            response.setHeader("content-type", "text/html");
            response.setHeader("content-security-policy", policy);
            response.setHeader("x-frame-options", "DENY");
            response.end(document(`<script nonce="A">${INLINE}</script>`));
          },
          "GET /page": (_request, response) => {
            response.setHeader("content-type", "text/html");
            response.end(document("<body>the app"));
          },
          "GET /wide": (_request, response) => {
            response.setHeader("content-type", "text/html");
            response.end(Buffer.from(`\ufeff${document("<body>wide \u00e9")}`, "utf16le"));
          },
          "GET /unnamed": (_request, response) => void response.end(document("<body>unnamed")),
          "GET /worker.js": (_request, response) => {
            response.setHeader("content-type", "text/javascript");
            response.end('postMessage(self[Symbol.for("lighthouse worker")]);');
          },
          "GET /module.js": (_request, response) => {
            response.setHeader("content-type", "text/javascript");
            response.end('import { is } from "./imported.js"; postMessage(is);');
          },
          "GET /imported.js": (_request, response) => {
            response.setHeader("content-type", "text/javascript");
            response.end('export const is = self[Symbol.for("lighthouse worker")];');
          },
          "GET /data": (_request, response) => void response.end("data"),
          "POST /posted": (_request, response) => {
            response.setHeader("content-type", "text/html");
            response.end(document("<body>posted"));
          },
          "GET /guarded": (request, response) => {
            const isIn = request.headers.authorization === `Basic ${btoa("ann:secret")}`;
            if (!isIn) response.setHeader("www-authenticate", 'Basic realm="x"');
            response.statusCode = isIn ? 200 : 401;
            response.setHeader("content-type", "text/html");
            response.end(document("<body>guarded"));
          },
        },
      }),
    );
    const host = site.bridge.startHost();
    browser = await launchBrowser(name);
    stack.defer(() => browser.close());
    await host.until("online");
    page = await browser.newPage();
  });
  test.after(() => stack.disposeAsync());

  const appFrame = () => page.frames().find((frame) => frame.parentFrame() === page.mainFrame());

  /** Resolves with the app's frame when it shows a URL. */
  async function shown(url: string): Promise<Frame> {
    const isShown = async () =>
      await appFrame()?.evaluate(
        (url) => location.href === url && globalThis.document.readyState === "complete",
        url,
      ).catch(() => false) ?? false;
    await until(isShown);
    return appFrame()!;
  }

  /** Opens a path of the site in the tab. @returns The app's frame. */
  async function open(path: string): Promise<Frame> {
    const url = new URL(path, site.url).href;
    await page.goto(url);
    return await shown(url);
  }

  /** Opens a path of the app in the tab's frame. */
  async function visit(path: string): Promise<Frame> {
    // Another URL each time, so that the document before is not taken for it.
    const url = new URL(`${path}?${++visits}`, site.url).href;
    await appFrame()!.evaluate((url) => location.replace(url), url).catch(() => {});
    return await shown(url);
  }

  test("a deep link shows the app in a frame at the same URL", async () => {
    const frame = await open("/page?x");
    assert.match(await frame.evaluate(() => globalThis.document.body.textContent), /the app/);
    assert.ok(site.bridge.backend.requests.some(({ path }) => path === "/page?x"));
  });

  policies.forEach(([policy, runs], number) => {
    test(`${policy} lets the tunnel's script run, and ${runs ? "" : "not "}the app's`, async () => {
      const frame = await visit(`/policy/${number}`);
      const seen = await frame.evaluate(() => ({
        ran: globalThis.document.documentElement.dataset.ran === "1",
        // The script takes its own element away.
        isWaiting: globalThis.document.querySelector("script[data-lighthouse]") !== null,
      }));
      assert.equal(seen, { ran: runs, isWaiting: false });
    });
  });

  for (
    const [what, path, text] of [["UTF-16", "/wide", "wide \u00e9"], [
      "no type",
      "/unnamed",
      "unnamed",
    ]]
  ) {
    test(`a document of ${what} has the script, too`, async () => {
      const frame = await visit(path!);
      const seen = await frame.evaluate(() => [
        globalThis.document.body.textContent,
        globalThis.document.querySelector("script[data-lighthouse]"),
        globalThis.document.compatMode,
      ]);
      assert.equal(seen, [text, null, "CSS1Compat"]);
    });
  }

  for (const [path, type] of [["worker.js", "classic"], ["module.js", "module"]] as const) {
    test(`a ${type} worker of the app has the script first`, async () => {
      const frame = await visit("/page");
      const hasScript = await frame.evaluate(
        (path, type) => {
          const worker = new Worker(path, { type });
          return new Promise((resolve) => {
            worker.addEventListener("message", ({ data }) => resolve(data));
            worker.addEventListener("error", ({ message }) => resolve(message || "error"));
          });
        },
        path,
        type,
      );
      assert.is(hasScript, true);
    });
  }

  test("the backend's own URL leads to the laptop's backend through the tunnel", async () => {
    const frame = await visit("/page");
    // Without the tunnel, the browser refuses the answer: it is another origin's.
    for (const host of ["127.0.0.1", "localhost"]) {
      const url = `http://${host}:${site.bridge.backend.port}/data`;
      assert.is(await frame.evaluate(async (url) => (await fetch(url)).text(), url), "data");
    }
  });

  test("a form that opens a new tab arrives at the laptop", async () => {
    const frame = await visit("/page");
    await frame.evaluate(() => {
      globalThis.document.body.innerHTML =
        '<form method="post" action="/posted" target="_blank"><button>Post</button></form>';
    });
    await frame.click("button");
    let tab: Page | undefined;
    await until(async () => {
      tab = (await browser.pages()).find((each) => each.url().endsWith("/posted"));
      return tab !== undefined;
    });
    await tab!.waitForFunction(() => /posted/.test(globalThis.document.body?.textContent ?? ""));
    await tab!.close();
    assert.not(site.asked.some(({ method }) => method === "POST"));
  });

  test("the form for HTTP Basic leads to the page behind it", async () => {
    const frame = await visit("/guarded");
    await frame.type("#user", "ann");
    await frame.type("#password", "secret");
    await frame.click("button");
    await until(() =>
      frame.evaluate(() => /guarded/.test(globalThis.document.body?.textContent ?? ""))
        .catch(() => false)
    );
  });

  test("once it is installed, the site needs its server no more", async () => {
    await open("/page");
    site.asked.length = 0;
    await open("/page?again");
    assert.equal(site.asked.filter(({ path }) => path !== "/sw.js"), []);
  });

  test.run();
}
