// The page around an app, as its user meets it: each of its states, in real browsers, with axe's judgement
// of each.
import type { Browser, BrowserContext, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { pageRequest } from "../../components/testing/page_request.ts";
import { failed, forbidden, unavailable, unplaced } from "../../components/worker/service_page.ts";
import { LighthouseError } from "../../wire/mod.ts";
import type { BrowserName } from "../browser.ts";
import { outputOf, pairingLink, start } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { giveCamera, holdCode } from "./camera.ts";
import { launchBrowser } from "./browser.ts";
import {
  appOf,
  clickButton,
  deviceOf,
  headingOf,
  judge,
  nameOf,
  panelOf,
  untilPanel,
} from "./shell_page.ts";

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`shell in ${name}`, { deadline: 30_000 });
  const stack = new AsyncDisposableStack();
  let site: AppSite;
  /** URLs of the app's page, as the backend was asked for them. */
  const asked: string[] = [];
  let browser: Browser;
  let context: BrowserContext;
  /** The profile of the tests that only use what is paired. */
  let paired: BrowserContext;
  let host: ReturnType<AppSite["bridge"]["startHost"]>;

  test.before(async () => {
    site = stack.use(
      await startAppSite({
        isPublic: false,
        routes: {
          "GET /page": ({ url }, response) => {
            asked.push(url!);
            response.setHeader("content-type", "text/html");
            response.end(`<!doctype html><html lang="en"><title>Page of the app</title>
<link rel="icon" href="app-icon.svg"><h1>Hello</h1><a id="next" href="/page?next">Next</a>
<button onclick="history.pushState(null, '', '/pushed#here'); document.title = 'Pushed'">Push</button>`);
          },
          "GET /app-icon.svg": (_request, response) => {
            response.setHeader("content-type", "image/svg+xml");
            response.end('<svg xmlns="http://www.w3.org/2000/svg" width="8" height="8"/>');
          },
          "GET /secret": (_request, response) => {
            response.writeHead(401, {
              "www-authenticate": 'Basic realm="Files"',
              "content-type": "text/html",
            });
            response.end("<title>Unauthorized</title>");
          },
          "GET /plain": (_request, response) => {
            response.setHeader("content-type", "text/plain");
            response.end("only text");
          },
        },
      }),
    );
    browser = await launchBrowser(name);
    stack.defer(() => browser.close());
    paired = await browser.createBrowserContext();
  });
  test.after(() => stack.disposeAsync());
  test.before.each(async () => {
    context = await browser.createBrowserContext();
  });
  test.after.each(async () => {
    if (context !== paired) return await context.close();
    for (const page of await context.pages()) await page.close();
  });

  /** A page of the test's own profile. */
  async function open(path = "", where: AppSite = site): Promise<Page> {
    const page = await context.newPage();
    await page.setViewport({ width: 390, height: 700 });
    await page.goto(where.url + path);
    await page.waitForSelector("lighthouse-tunnel:defined");
    return page;
  }

  /** The link of `lighthouse-host pair`. */
  async function pair(...flags: string[]): Promise<string> {
    const { state } = site.bridge;
    const command = start(["pair", "--state", state, "--page", site.url, "--no-wait", ...flags]);
    const link = (await command.until(/^ +http\S+#lighthouse=\S+$/)).trim();
    await command.exited;
    return link;
  }

  /** A page in a profile of the test's own, which it may spoil. */
  async function openPaired(path = "page", ...flags: string[]): Promise<Page> {
    const { hash } = new URL(await pair(...flags));
    const page = await open(path + hash);
    await appOf(page);
    return page;
  }

  /** Has the test use the common profile. */
  async function usePaired(): Promise<void> {
    await context.close();
    context = paired;
  }

  /** A page in the profile that the first test has paired. */
  async function openApp(path = "page"): Promise<Page> {
    await usePaired();
    const page = await open(path);
    await appOf(page);
    return page;
  }

  test("while the laptop is offline, the page says so, and opens the app once it is back", async () => {
    const { hash } = new URL(await pair());
    await usePaired();
    const page = await open(`page?a=1${hash}`);
    await untilPanel(page, /Your laptop is offline/);
    assert.match(await panelOf(page), /connects as soon as it is back/);
    await judge(page);
    host = site.bridge.startHost();
    await host.until("online");
    assert.is(await headingOf(await appOf(page)), "Hello");
    assert.is(page.url(), `${site.url}page?a=1`);
  });

  test("while it connects, the page says so", async () => {
    await usePaired();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(() => {
      // A relay that does not answer.
      globalThis.WebSocket = class extends EventTarget {
        readyState = 0;
        close() {}
      } as unknown as typeof WebSocket;
    });
    await page.goto(`${site.url}page`);
    await untilPanel(page, /Connecting to your laptop/);
    await page.waitForSelector("main h1", { visible: true });
    await judge(page);
  });

  test("the app has the title, the address and the icon of the tab", async () => {
    const page = await openApp("page?x=1");
    await until(async () => await page.title() === "Page of the app");
    const icon = () => page.$eval('link[rel~="icon"]', (link) => (link as HTMLLinkElement).href);
    await until(async () => (await icon()).startsWith("data:image/svg+xml;base64,"));
    await (await appOf(page)).click("#next");
    await until(() => page.url() === `${site.url}page?next`);
    await (await appOf(page)).click("button");
    await until(() => page.url() === `${site.url}pushed#here`);
    await until(async () => await page.title() === "Pushed");
    await page.goBack();
    await until(() => page.url() === `${site.url}page?next`);
    await page.goBack();
    await until(() => page.url() === `${site.url}page?x=1`);
    assert.is(await headingOf(await appOf(page)), "Hello");
  });

  test("the app is asked for once, also where the connection fails while it opens", async () => {
    await usePaired();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(() => {
      if (self !== top) return;
      void customElements.whenDefined("lighthouse-tunnel").then(() => {
        const tunnel = document.querySelector("lighthouse-tunnel")!;
        const fail = () => {
          if (tunnel.state !== "connecting") return;
          tunnel.removeEventListener("statechange", fail);
          tunnel.close();
          Object.assign(globalThis, { framesAfterFailure: frames.length });
          setTimeout(() => tunnel.connect(), 100);
        };
        tunnel.addEventListener("statechange", fail);
      });
    });
    await page.goto(`${site.url}page?once`);
    assert.is(await headingOf(await appOf(page)), "Hello");
    assert.is(await page.evaluate("framesAfterFailure"), 1);
    assert.equal(asked.filter((url) => url.endsWith("?once")), ["/page?once"]);
  });

  test("a document that is no HTML is shown, too, also after a reload", async () => {
    const page = await openApp("plain");
    for (const step of ["open", "reload"]) {
      if (step === "reload") await page.reload();
      await until(async () => (await (await appOf(page)).content()).includes("only text"));
      assert.is(await page.title(), "Test app");
      assert.is(page.url(), `${site.url}plain`);
    }
  });

  test("a changed fragment in the address bar reaches the app", async () => {
    const page = await openApp();
    const app = await appOf(page);
    await page.evaluate(() => location.hash = "there");
    await until(() => app.url() === `${site.url}page#there`);
    assert.is(page.url(), `${site.url}page#there`);
  });

  test("the keyboard is in the app, and reaches the pill and its menu", async () => {
    const page = await openApp();
    await until(() => page.evaluate(() => document.activeElement?.tagName === "IFRAME"));
    await judge(page);
    await page.focus(".pill");
    assert.match(await nameOf(page, ".pill"), /^Lighthouse: Connected$/);
    await page.keyboard.press("Enter");
    await page.waitForSelector(".menu:not([hidden])");
    assert.match(await page.$eval(".menu", (menu) => menu.textContent!), /Connected as .+Reload/s);
    await judge(page);
    await page.keyboard.press("Tab");
    assert.is(await page.evaluate(() => document.activeElement!.textContent), "Reload");
    await page.keyboard.press("Escape");
    assert.is(await page.evaluate(() => document.activeElement!.className), "pill");
    assert.is(await page.$(".menu:not([hidden])"), null);
  });

  test("the pill is small, moves to the corners, and stays there", async () => {
    const page = await openApp();
    const place = () =>
      page.$eval(".pill", (pill) => {
        const { x, y, width, height } = pill.getBoundingClientRect();
        return { isLeft: x < 40, isTop: y < 40, isSmall: width <= 40 && height <= 40 };
      });
    await until(async () => (await place()).isSmall);
    await page.focus(".pill");
    await page.keyboard.press("ArrowUp");
    assert.equal(await place(), { isLeft: false, isTop: true, isSmall: true });
    const { x, y } = (await (await page.$(".pill"))!.boundingBox())!;
    await page.mouse.move(x + 10, y + 10);
    await page.mouse.down();
    await page.mouse.move(60, 400, { steps: 4 });
    await page.mouse.up();
    await until(async () => (await place()).isLeft);
    assert.equal(await place(), { isLeft: true, isTop: false, isSmall: true });
    assert.is(await page.$(".menu:not([hidden])"), null, "a drag is no click");
    await page.reload();
    await appOf(page);
    assert.equal(await place(), { isLeft: true, isTop: false, isSmall: true });
  });

  test("a browser that is not paired is told how, and pairs by a pasted link", async () => {
    const page = await open("page");
    await untilPanel(page, /Pair this browser/);
    assert.not.match(await panelOf(page), /`/);
    await judge(page);
    await page.type("#link", "https://example.com/");
    await page.keyboard.press("Enter");
    await page.waitForSelector("#link-error");
    assert.match(await page.$eval("#link-error", (error) => error.textContent!), /no pairing link/);
    assert.is(await page.evaluate(() => document.activeElement!.id), "link");
    await judge(page);
    const link = await pair("--name", "Phone");
    const steps = await page.evaluate(() => history.length);
    await page.$eval("#link", (input, link) => (input as HTMLInputElement).value = link, link);
    await page.keyboard.press("Enter");
    assert.is(await headingOf(await appOf(page)), "Hello");
    assert.is(page.url(), `${site.url}page`);
    assert.is(await page.evaluate(() => history.length), steps);
  });

  test("the camera reads the code that the laptop shows", async () => {
    const page = await context.newPage();
    await page.setViewport({ width: 390, height: 700 });
    await giveCamera(page);
    await page.goto(`${site.url}page`);
    await untilPanel(page, /Pair this browser/);
    await holdCode(page, "https://example.com/");
    await page.click(".scan");
    await untilPanel(page, /This code is no pairing link/);
    await judge(page);
    await holdCode(page, await pair());
    assert.is(await headingOf(await appOf(page)), "Hello");
  });

  test("without a camera, the page says what to do", async () => {
    const page = await open();
    await untilPanel(page, /Pair this browser/);
    await page.click(".scan");
    await untilPanel(page, /camera.+[Pp]aste the link/);
    await until(() => page.evaluate(() => document.activeElement!.className === "scan"));
    await judge(page);
  });

  test("a link that was used before says so where another can be pasted", async () => {
    const link = await pair();
    const other = await browser.createBrowserContext();
    const first = await other.newPage();
    await first.goto(link);
    await first.waitForSelector("lighthouse-tunnel:defined");
    await appOf(first);
    await other.close();
    const page = await open(`page${new URL(link).hash}`);
    await untilPanel(page, /has let another device in already/);
    assert.is((await page.$$("#link")).length, 1);
    await judge(page);
  });

  test("a revoked device sees it at the pill, and pairs again from there", async () => {
    const page = await openPaired("page", "--name", "lost phone");
    await outputOf("revoke", "lost phone", "--state", site.bridge.state);
    await until(async () => (await nameOf(page, ".pill")).includes("Not paired any more"));
    await judge(page);
    await page.click(".pill");
    await clickButton(page, ".menu", "Pair this browser again");
    await untilPanel(page, /has removed this browser from its devices/);
    assert.is(await page.evaluate(() => document.activeElement!.tagName), "H1");
    await judge(page);
    await page.$eval(
      "#link",
      (input, link) => (input as HTMLInputElement).value = link,
      await pair(),
    );
    await clickButton(page, "form", "Pair");
    await until(async () => await nameOf(page, ".pill") === "Lighthouse: Connected");
    assert.is(await headingOf(await appOf(page)), "Hello");
    // After a reload of a revoked browser there is nothing to show but the way back.
    await outputOf("revoke", await deviceOf(page), "--state", site.bridge.state);
    await until(async () => (await nameOf(page, ".pill")).includes("Not paired any more"));
    await page.reload();
    await untilPanel(page, /Pair this browser/);
    await judge(page);
  });

  test("a link of another laptop asks first", async () => {
    const page = await openPaired();
    const link = await pairingLink(`${temporaryFolder()}/state`, site.url);
    await page.goto("about:blank");
    await page.goto(`${site.url}page${new URL(link).hash}`);
    await untilPanel(page, /This link is from another laptop/);
    await judge(page);
    await clickButton(page, "main", "Stay with the laptop of before");
    assert.is(await headingOf(await appOf(page)), "Hello");
  });

  test("a window without workers is told", async () => {
    await usePaired();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(() => {
      Object.defineProperty(Navigator.prototype, "serviceWorker", { value: undefined });
    });
    await page.goto(`${site.url}page`);
    await untilPanel(page, /window cannot show/);
    await judge(page);
    await page.close();
  });

  test("a browser without WebRTC shows the app, and says that it goes through the relay", async () => {
    await usePaired();
    const page = await context.newPage();
    await page.evaluateOnNewDocument(() => {
      for (const name of ["RTCPeerConnection", "webkitRTCPeerConnection", "WebTransport"]) {
        Object.defineProperty(globalThis, name, { value: undefined });
      }
    });
    await page.goto(`${site.url}page`);
    assert.is(await headingOf(await appOf(page)), "Hello");
    await page.waitForFunction(() =>
      document.querySelector("aside [role=status]")?.textContent ===
        "Connected through the relay, slowly"
    );
    await judge(page);
    await page.close();
  });

  test("the worker's own pages fit the frame", async () => {
    const page = await openApp("secret");
    const form = await appOf(page);
    assert.is(await headingOf(form), "Sign in");
    await until(async () => await page.title() === "Sign in");
    await judge(form);
    const get = pageRequest("x", { mode: "navigate" });
    const lost = new LighthouseError("host-offline", "Ask `lighthouse-host status`");
    const none = new LighthouseError("no-holder", "Nobody is there");
    for (
      const response of [
        unavailable(get, undefined, lost, "en"),
        unavailable(get, site.url, none, "de"),
        failed(lost, "de"),
        forbidden("en"),
        unplaced("de"),
      ]
    ) {
      await page.setContent(await response.text());
      await judge(page);
    }
  });

  test.run();
}
