// The names that a backend and real browsers see of each other: whom the backend takes the page for, and
// where its redirects lead.
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { calm, openWeb, plainFetch } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

/** The headers of a request that the backend got, with its method and path. */
type Seen = IncomingHttpHeaders & { ":path": string };

for (const name of ["chromium", "firefox"] as const) await testIn(name);

async function testIn(name: BrowserName): Promise<void> {
  const test = suite(`names in ${name}`, { deadline: 60_000 });
  const seen: Seen[] = [];
  const listening = await listen(startBackend(seen));
  const { url: backend, port } = listening;
  const hostFlags = ["--service", `/notes=${backend}/api`, "--service", `/admin=${backend}/admin`];
  let page: Page;

  withBridge(test, { browser: name, hostFlags }, async ({ bridge, browser, stack }) => {
    stack.defer(() => listening.close());
    ({ page } = await openWeb(browser, `${bridge.page.url}web.html`));
    await calm(page);
  });
  test.before.each(() => void (seen.length = 0));

  /** Fetches through the tunnel, in the page. */
  const tunnelFetch = (target: string, method = "GET") =>
    page.evaluate(
      async (target, method) => {
        const tunnel = document.querySelector("lighthouse-tunnel")!;
        const answer = await tunnel.fetch(target, { method });
        return { status: answer.status, text: await answer.text() };
      },
      target,
      method,
    );

  test("a backend sees a client on its own machine, by fetch, a plain URL and a socket", async () => {
    await tunnelFetch("/notes/a", "POST");
    await plainFetch(page, "./local/notes/a", { method: "POST", body: "x" });
    await page.evaluate(() => {
      const socket = document.querySelector("lighthouse-tunnel")!.socket("/notes/live");
      return new Promise((resolve) => socket.onclose = resolve);
    });
    assert.equal(seen.map((each) => each[":path"]), [
      "POST /api/a",
      "POST /api/a",
      "GET /api/live",
    ]);
    for (const { host, origin, referer = `${backend}/api/`, ...others } of seen) {
      assert.equal([host, origin], [`127.0.0.1:${port}`, backend]);
      assert.match(referer, `${backend}/api/`);
      const names = Object.keys(others).filter((name) => /forwarded|real-ip|^via$/.test(name));
      assert.equal(names, []);
    }
  });

  const outcomes: [location: string, outcome: string][] = [
    ["b", "/api/a/b"],
    ["../b?c#d", "/api/b?c"],
    ["/api/caf\u00e9", "/api/caf%c3%a9"],
    [`https://localhost:${port}/api/b`, "/api/b"],
    [`//[::1]:${port}/api//b//`, "/api//b//"],
    ["../../admin/x", "502"],
    ["/api/..%2f..%2fadmin/x", "502"],
    [`http://127.0.0.1:${port}/admin/x`, "502"],
  ];
  for (const [location, outcome] of outcomes) {
    test(`Location: ${location} leads to ${outcome}, by fetch and by a plain URL`, async () => {
      const target = `/notes/a/x?Location=${encodeURIComponent(location)}`;
      const answers = [
        await tunnelFetch(target, "POST"),
        await plainFetch(page, `./local${target}`, { method: "POST", body: "x" }),
      ];
      for (const { status, text } of answers) {
        if (outcome === "502") {
          assert.equal([status, JSON.parse(text).error.code], [502, "bad-redirect"]);
        } else assert.equal([status, text], [200, `POST ${outcome}`]);
      }
      assert.not.match(seen.map((each) => each[":path"]).join(), "POST /admin");
    });
  }

  test("no redirect to the page's own site reaches another service", async () => {
    const own = new URL(page.url()).origin;
    for (const path of ["/admin/x", "/local/admin/x"]) {
      const target = `/notes/a?Location=${encodeURIComponent(own + path)}`;
      await tunnelFetch(target, "POST").catch(() => {});
      await plainFetch(page, `./local${target}`, { method: "POST", body: "x" });
    }
    assert.not.match(seen.map((each) => each[":path"]).join(), "/admin/x");
  });

  test("a frame follows Location and Refresh under the prefix", async () => {
    const follow = async (header: string, value: string, path: string) => {
      const url = `./local/notes/a?${header}=${encodeURIComponent(value)}`;
      await page.evaluate((url) => {
        const frame = document.createElement("iframe");
        frame.src = url;
        document.body.append(frame);
      }, url);
      await page.waitForFunction(
        (path) =>
          [...document.querySelectorAll("iframe")].some((frame) =>
            frame.contentWindow!.location.pathname === path
          ),
        {},
        path,
      );
    };
    await follow("Location", `http://localhost:${port}/api/moved`, "/local/notes/moved");
    await follow("Refresh", "0; url=refreshed", "/local/notes/refreshed");
  });

  test("a raw file name arrives as the page can read it", async () => {
    const disposition = await page.evaluate(async () => {
      const value = encodeURIComponent('attachment; filename="\u00dc.txt"');
      const answer = await fetch(`./local/notes/a?Content-Disposition=${value}`);
      return answer.headers.get("content-disposition");
    });
    assert.match(disposition!, "filename*=UTF-8''%C3%9C.txt");
  });

  test.run();
}

/** A backend that answers with its method and path, and with the header that the query names. */
function startBackend(seen: Seen[]): Server {
  return createServer((request, response) => {
    const { method, url, headers } = request;
    seen.push({ ...headers, ":path": `${method} ${url}` });
    const [[name, value] = []] = new URL(url!, "http://h").searchParams;
    // Before a body of bytes, Node.js writes a header's characters as bytes.
    if (name) response.setHeader(name, Buffer.from(value!).toString("latin1"));
    if (name === "Location") response.statusCode = 307;
    request.resume().on("end", () => response.end(Buffer.from(`${method} ${url}`)));
  });
}
