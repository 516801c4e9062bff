// HTTP Basic under the service worker's prefix, in real browsers: the worker's form, in a frame and in a
// tab, and what the host then does for everything else.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Browser, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Bridge } from "../local/bridge.ts";
import type { HostProcess } from "../local/host_process.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { calm, openWeb, plainFetch } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

const USER = "Ann";
/** With letters beyond ASCII, which go in UTF-8. */
const PASSWORD = "p\u00e4ss:w\u00f6rd";
const REALM = "<i>Ann's</i> files";

/** Whether the request names the user; answers 401 otherwise. */
function isIn({ headers: { authorization } }: IncomingMessage, response: ServerResponse): boolean {
  const expected = Buffer.from(`${USER}:${PASSWORD}`).toString("base64");
  if (authorization === `Basic ${expected}`) return true;
  response.writeHead(401, {
    "www-authenticate": `Basic realm="${REALM}", charset="UTF-8"`,
    "content-type": "text/html",
  });
  response.end("<title>Unauthorized</title>");
  return false;
}

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`signing in, in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let host: HostProcess;
  let page: Page;
  let troubles: string[];
  /** Targets of the requests that were let in. */
  const served: string[] = [];

  withBridge(test, {
    browser: name,
    routes: {
      "GET /private/page": (request, response) => {
        if (!isIn(request, response)) return;
        served.push(request.url!);
        response.setHeader("content-type", "text/html");
        response.end(`<!doctype html><title>Private</title><img src="picture.svg">
<form method="post" action="form"><button>Send</button></form>`);
      },
      "GET /private/picture.svg": (request, response) => {
        if (!isIn(request, response)) return;
        response.setHeader("content-type", "image/svg+xml");
        response.end('<svg xmlns="http://www.w3.org/2000/svg" width="7" height="7"/>');
      },
      "GET /private/text": (request, response) => {
        if (isIn(request, response)) response.end("for Ann");
      },
      "POST /private/form": (request, response) => {
        if (!isIn(request, response)) return;
        response.setHeader("content-type", "text/html");
        response.end("<title>Sent</title>");
      },
      "GET /bearer": (_request, response) => {
        response.writeHead(401, { "www-authenticate": "Bearer", "content-type": "text/html" });
        response.end("<title>Bearer</title>");
      },
    },
  }, (running) => ({ bridge, browser, host } = running));
  test.before.each(async () => {
    ({ page, troubles } = await openWeb(browser, `${bridge.page.url}web.html`));
    await calm(page);
    served.length = 0;
  });
  test.after.each(async () => {
    await page.close();
    // Another host has forgotten what this one remembers.
    await host.stop();
    host = bridge.startHost();
    await host.until("online");
  });

  async function openFrame(path: string): Promise<Frame> {
    await page.evaluate(async (path) => {
      const frame = document.createElement("iframe");
      frame.id = "under";
      frame.src = path;
      const loaded = new Promise((resolve) => frame.onload = resolve);
      document.body.append(frame);
      await loaded;
    }, path);
    return await (await page.$("#under"))!.contentFrame() as Frame;
  }

  const titled = (view: Frame | Page, title: string) =>
    until(async () => await view.title().catch(() => "") === title);

  async function fill(view: Frame | Page, password: string, user = USER): Promise<void> {
    await view.waitForSelector("#user");
    await view.evaluate(
      (user, password) => {
        document.querySelector<HTMLInputElement>("#user")!.value = user;
        document.querySelector<HTMLInputElement>("#password")!.value = password;
        document.querySelector("button")!.click();
      },
      user,
      password,
    );
  }

  test("in a frame: the form, a wrong password, the page, and all that it loads", async () => {
    const frame = await openFrame("./local/private/page?a=b&c#part");
    await titled(frame, "Sign in");
    assert.is(await frame.evaluate(() => document.querySelector("q")!.textContent), REALM);
    const labelled = await frame.evaluate(() =>
      [...document.querySelectorAll<HTMLInputElement>("input:not([type=hidden])")]
        .map(({ labels, autocomplete }) => [labels![0]!.textContent, autocomplete])
    );
    assert.equal(labelled, [["User name", "username"], ["Password", "current-password"]]);
    assert.is((await plainFetch(page, "./local/private/text")).status, 401);
    await fill(frame, "wrong");
    await frame.waitForSelector("[role=alert]");
    const user = () => document.querySelector<HTMLInputElement>("#user")!.value;
    assert.is(await frame.evaluate(user), USER);
    assert.equal(served, []);
    await fill(frame, PASSWORD);
    await titled(frame, "Private");
    assert.is(
      await frame.evaluate(() => location.pathname + location.search),
      "/local/private/page?a=b&c",
    );
    assert.equal([...new Set(served)], ["/private/page?a=b&c"]);
    await frame.waitForFunction(() => document.querySelector("img")!.naturalWidth === 7);
    assert.is((await plainFetch(page, "./local/private/text")).text, "for Ann");
    await frame.evaluate(() => document.querySelector("button")!.click());
    await titled(frame, "Sent");
  });

  test("in a tab: the form, with the focus in it, and the page", async () => {
    const tab = await browser.newPage();
    await tab.goto(`${bridge.page.url}local/private/page`);
    await titled(tab, "Sign in");
    assert.is(await tab.evaluate(() => document.activeElement!.id), "user");
    await tab.keyboard.type(USER);
    await tab.keyboard.press("Tab");
    await tab.keyboard.type(PASSWORD);
    await tab.keyboard.press("Enter");
    await titled(tab, "Private");
    await tab.goto(`${bridge.page.url}local/.lighthouse/sign-in`);
    assert.is(new URL(tab.url()).pathname, "/local/");
    await tab.close();
  });

  test("a page that asks for another scheme is shown as it is", async () => {
    await titled(await openFrame("./local/bearer"), "Bearer");
  });

  test("a backend that no longer knows the password gets the form again", async () => {
    const frame = await openFrame("./local/private/page");
    await fill(frame, PASSWORD);
    await titled(frame, "Private");
    await host.stop();
    host = bridge.startHost();
    await host.until("online");
    await page.evaluate(() =>
      document.querySelector<HTMLIFrameElement>("#under")!.contentWindow!.location.reload()
    );
    await titled(frame, "Sign in");
    assert.is(await frame.$("[role=alert]"), null);
    // The browser itself remarks each 401, and each attempt to reach the host that has stopped.
    assert.equal(troubles.filter((text) => !/401|tunnel|WebSocket|QUIC/.test(text)), []);
  });

  test.run();
}
