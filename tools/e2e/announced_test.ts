// An app behind a proxy, which writes its links by X-Forwarded-*, on sites whose root is the app's, in real
// browsers. It learns of no prefix, since its documents see none.
import { createServer } from "node:http";
import { join } from "node:path";
import type { Browser, BrowserContext, Frame, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { writeSite } from "../../host/site/write_site.ts";
import type { BrowserName } from "../browser.ts";
import { listen } from "../testing/listen.ts";
import { pairingLink } from "../testing/program.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { type AppSite, startAppSite } from "./app_site.ts";
import { launchBrowser, untilState } from "./browser.ts";

/** What the app's page has, and the place of the app to which a click on it leads. */
const ways: [what: string, id: string, place: string][] = [
  ["a link", "link", "/linked"],
  ["a link with the site's whole URL", "whole", "/whole"],
  ["a form that is redirected", "post", "/posted"],
  ["a redirect to the site's whole URL", "away", "/arrived"],
  ["a redirect back to the referrer", "back", "/page"],
];

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(browserName: BrowserName): void {
  const test = suite(`an app behind a proxy in ${browserName}`, { deadline: 20_000 });
  const stack = new AsyncDisposableStack();
  /** The paths that the app was asked for. */
  const got: string[] = [];
  const announced = new Set<unknown>();
  let site: AppSite;
  let browser: Browser;

  const server = createServer(({ headers, url: path = "" }, response) => {
    const { "x-forwarded-prefix": prefix = "", referer } = headers;
    const whole = `${headers["x-forwarded-proto"]}://${headers["x-forwarded-host"]}${prefix}`;
    got.push(path);
    announced.add(prefix);
    const location = {
      "/post": `${prefix}/posted`,
      "/away": `${whole}/arrived`,
      "/back": referer,
    }[path];
    if (location !== undefined) return response.writeHead(303, { location }).end();
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>${path}</title><img src="${prefix}/picture">
<h1>${path}</h1><a id="link" href="${prefix}/linked">1</a> <a id="whole" href="${whole}/whole">2</a>
<a id="away" href="${prefix}/away">3</a> <a id="back" href="${prefix}/back">4</a>
<form method="post" action="${prefix}/post"><button id="post">5</button></form>`);
  }).on("upgrade", ({ headers, url }, socket) => {
    got.push(url!);
    announced.add(headers["x-forwarded-prefix"] ?? "");
    socket.destroy();
  });

  test.before(async () => {
    const app = stack.use(await listen(server));
    site = stack.use(await startAppSite({ service: "/notes", isPublic: false }));
    await writeSite(join(site.folder, "repo"), {
      page: new URL("repo/", site.url),
      attributes: { relay: site.bridge.gateway.url, stun: "none" },
      service: "/notes",
      name: "An app",
    });
    const host = site.bridge.startHost(["--service", `/notes=${app.url} as=proxy`]);
    browser = await launchBrowser(browserName);
    stack.defer(() => browser.close());
    await host.until("online");
  });
  test.after(() => stack.disposeAsync());

  for (const root of ["/", "/repo/"]) testAt(root);

  function testAt(root: string): void {
    let context: BrowserContext;
    let page: Page;

    /** Resolves with the app's frame once it shows a place of the app. */
    async function shown(place: string): Promise<Frame> {
      const pathname = (place: string) =>
        document.querySelector("h1:not(.left)")?.textContent === place &&
        document.readyState === "complete" && location.pathname;
      let frame: Frame | undefined;
      let seen: unknown;
      await until(async () => {
        frame = page.frames().find((each) => each.parentFrame() === page.mainFrame());
        seen = await frame?.evaluate(pathname, place).catch(() => false);
        return typeof seen === "string";
      });
      assert.is(seen, place);
      return frame!;
    }

    test(`at ${root}, the app's page has what it names`, async () => {
      const own = new URL(root, site.url);
      // The worker of one site would answer for the other.
      context = await browser.createBrowserContext();
      page = await context.newPage();
      await page.goto(await pairingLink(site.bridge.state, own.href));
      await untilState(page, "connected");
      await page.goto(new URL("page", own).href);
      const frame = await shown("/page");
      await frame.evaluate(() => void new WebSocket("socket"));
      await until(() => got.includes("/picture") && got.includes("/socket"));
    });

    for (const [what, id, place] of ways) {
      test(`at ${root}, ${what} leads to a place of the app`, async () => {
        await page.goto(new URL(`${root}page`, site.url).href);
        const frame = await shown("/page");
        await frame.evaluate((id) => {
          document.querySelector("h1")!.className = "left";
          document.getElementById(id)!.click();
        }, id);
        await shown(place);
      });
    }

    test(`at ${root}, the app is told of no prefix, and asked for nothing twice led`, async () => {
      await context.close();
      assert.equal([...announced], [""]);
      assert.equal(got.filter((path) => /notes|repo/.test(path)), []);
      got.length = 0;
    });
  }

  test.run();
}
