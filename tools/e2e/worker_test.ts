// Plain URLs through the service worker, in real browsers: pages that know nothing of a tunnel.
import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import { TILES } from "../local/backend_app.ts";
import type { Bridge } from "../local/bridge.ts";
import { listen } from "../testing/listen.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { cutOff, Endless } from "./routes.ts";
import { openWeb, plainFetch } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

const MiB = 1024 * 1024;

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`worker in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let page: Page;
  let troubles: string[];
  /** Lets the backend's answer in two parts go on. */
  let release = () => {};
  const endless = new Endless();

  withBridge(test, {
    browser: name,
    routes: {
      "GET /parts": async (_request, response) => {
        const { promise, resolve } = Promise.withResolvers<void>();
        release = resolve;
        response.writeHead(200, { "content-type": "text/event-stream" });
        response.write("data: first\n\n");
        await promise;
        response.end("data: last\n\n");
      },
      "GET /endless": endless.route,
      "GET /cut": cutOff,
      "GET /gzip": (_request, response) => {
        const body = gzipSync("squeezed");
        response.writeHead(200, { "content-encoding": "gzip", "content-length": body.length });
        response.end(body);
      },
      "GET /moved/here": (_request, response) => {
        response.writeHead(302, { location: "/moved/there?a=1#b" }).end();
      },
      "GET /moved/there": (_request, response) => {
        response.end("there");
      },
      "GET /empty/:status": (request, response) => {
        response.writeHead(Number(request.url!.split("/").at(-1))).end();
      },
      "GET /fields": (request, response) => {
        response.end(JSON.stringify(request.headers));
      },
    },
  }, (running) => ({ bridge, browser } = running));
  test.before.each(async () => {
    ({ page, troubles } = await openWeb(browser, `${bridge.page.url}web.html`));
    bridge.backend.requests.length = 0;
    endless.reset();
  });
  test.after.each(() => page.close());

  const paths = () => bridge.backend.requests.map(({ path }) => path);

  test("a picture, a frame with an app of many files, events: all under a strict policy", async () => {
    await page.waitForFunction(
      (tiles) => {
        const app = document.querySelector<HTMLIFrameElement>("#app")!.contentDocument;
        return app?.body?.dataset.tiles === String(tiles) &&
          document.querySelector<HTMLImageElement>("#picture")!.naturalWidth > 0 &&
          /^\d+: /.test(document.querySelector("#events")!.textContent);
      },
      {},
      TILES,
    );
    assert.equal(troubles, []);
  });

  test("a film that is sought in is fetched from there", async () => {
    const seek = (seconds: number) =>
      page.evaluate(async (seconds) => {
        const film = document.querySelector<HTMLVideoElement>("#film")!;
        if (film.readyState < 1) await new Promise((done) => film.onloadedmetadata = done);
        film.currentTime = seconds;
        await new Promise((done) => film.onseeked = done);
        return [film.currentTime, film.duration, film.error];
      }, seconds);
    // In the last two thirds, which the browser cannot have read ahead before the first jump.
    for (const seconds of [50, 25, 38]) {
      const before = bridge.backend.requests.length;
      assert.equal(await seek(seconds), [seconds, 60, null]);
      const ranges = bridge.backend.requests.slice(before)
        .filter(({ path }) => path.endsWith("film.webm")).map(({ range }) => range!);
      // A cluster of 400 KiB a second, after a little index.
      const starts = ranges.map((range) => Number(/^bytes=(\d+)-/.exec(range)![1]) / (400 * 1024));
      assert.ok(starts.some((start) => Math.abs(start - seconds) < 1.5), `${seconds}: ${ranges}`);
    }
  });

  test("events arrive as they are sent, and closing ends them", async () => {
    await page.evaluate(() => {
      const source = new EventSource("./local/parts");
      const seen: string[] = [];
      source.onmessage = ({ data }) => seen.push(data);
      Object.assign(globalThis, { source, seen });
    });
    const seen = () => page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen);
    await until(async () => (await seen()).length > 0);
    assert.equal(await seen(), ["first"]);
    release();
    await until(async () => (await seen()).length > 1);
    assert.equal(await seen(), ["first", "last"]);
    await page.evaluate(() => (globalThis as unknown as { source: EventSource }).source.close());
  });

  test("a form is posted once, and its redirect leads to a URL under the prefix", async () => {
    const wish = `A ship & <b>${Date.now()}</b>`;
    const frame = await (await page.waitForSelector("#form"))!.contentFrame();
    await frame!.waitForSelector("input");
    await frame!.type("input", wish);
    await frame!.click("button");
    await page.waitForFunction(
      (wish) =>
        document.querySelector<HTMLIFrameElement>("#form")!.contentDocument?.querySelector("li")
          ?.textContent === wish,
      {},
      wish,
    );
    const url = await page.evaluate(() =>
      document.querySelector<HTMLIFrameElement>("#form")!.contentWindow!.location.pathname
    );
    assert.is(url, "/local/wishes");
    const posts = bridge.backend.requests.filter(({ method }) => method === "POST");
    assert.equal(posts, [{ method: "POST", path: "/wishes" }]);
  });

  test("32 MiB down through fetch arrive as they were, and 4 MiB up", async () => {
    const result = await page.evaluate(
      async (down, up) => {
        const hex = async (data: ArrayBuffer) =>
          [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))]
            .map((byte) => byte.toString(16).padStart(2, "0")).join("");
        const expected = await (await fetch(`./local/api/hash?bytes=${down}`)).json();
        const started = performance.now();
        const got = await (await fetch(`./local/api/download?bytes=${down}`)).arrayBuffer();
        const seconds = (performance.now() - started) / 1000;
        const bytes = new Uint8Array(up);
        for (let i = 0; i < up; i += 65536) crypto.getRandomValues(bytes.subarray(i, i + 65536));
        const init = { method: "POST", body: bytes };
        const answer = await (await fetch("./local/api/upload", init)).json();
        return {
          expected: expected.sha256,
          got: await hex(got),
          answer,
          up: await hex(bytes.buffer),
          seconds,
        };
      },
      32 * MiB,
      4 * MiB,
    );
    assert.is(result.got, result.expected);
    assert.equal(result.answer, { bytes: 4 * MiB, sha256: result.up });
    console.log(`  ${name}: ${(32 / result.seconds).toFixed(1)} MiB/s through the worker`);
  });

  test("an answer that is cancelled ends at the backend", async () => {
    await page.evaluate(async () => {
      const { body } = await fetch("./local/endless");
      const reader = body!.getReader();
      await reader.read();
      await reader.cancel();
    });
    await endless.ended.promise;
  });

  if (name === "chromium") {
    test("an answer that is not read stops its backend within what the browser keeps", async () => {
      await page.evaluate(async () => {
        Object.assign(globalThis, { unread: await fetch("./local/endless") });
      });
      let before = -1;
      while (endless.written !== before) {
        before = endless.written;
        await new Promise((resolve) => setTimeout(resolve, 1000));
      }
      assert.ok(before < 80 * MiB, `${before} bytes`);
    });
  }

  test("encodings, redirects, statuses without a body and broken bodies are fetch's own", async () => {
    const zip = await plainFetch(page, "./local/gzip");
    assert.equal([zip.status, zip.text], [200, "squeezed"]);
    const moved = await plainFetch(page, "./local/moved/here");
    assert.equal([moved.text, moved.redirected], ["there", true]);
    assert.is(new URL(moved.url).pathname + new URL(moved.url).search, "/local/moved/there?a=1");
    for (const status of [204, 205, 304]) {
      assert.is((await plainFetch(page, `./local/empty/${status}`)).status, status);
    }
    const head = await plainFetch(page, "./local/api/notes", { method: "HEAD" });
    assert.equal([head.status, head.text], [200, ""]);
    assert.is((await plainFetch(page, "./local/none")).status, 404);
    const cut = await page.evaluate(() =>
      fetch("./local/cut").then((response) => response.text()).catch((error) => error.name)
    );
    // The first is what fetch says of a broken body; Firefox has another word for one from a worker.
    assert.ok(["TypeError", "AbortError"].includes(cut), cut);
    // Beside the prefix the site's own server answers, or does not.
    assert.is((await plainFetch(page, "./locally")).status, 404);
    assert.is(paths().some((path) => path.includes("locally")), false);
  });

  test("another site's form is not sent, and its link is followed", async () => {
    const target = `${bridge.page.url}local/wishes`;
    const fields = `${bridge.page.url}local/fields`;
    const server = createServer((_request, response) => {
      response.setHeader("content-type", "text/html");
      response.end(
        `<a href="${target}">go</a><form method="post" action="${target}"><button>go</button></form>
        <a id="fields" href="${fields}">fields</a><iframe src="${target}"></iframe>`,
      );
    });
    await using listening = await listen(server);
    const other = await browser.newPage();
    try {
      const elsewhere = `http://localhost:${listening.port}/`;
      await other.goto(elsewhere);
      const [answer] = await Promise.all([other.waitForNavigation(), other.click("button")]);
      assert.is(await other.title(), "This form was not sent");
      assert.is(answer?.status() ?? 403, 403);
      assert.equal(bridge.backend.requests.filter(({ method }) => method === "POST"), []);
      await other.goto(elsewhere);
      await Promise.all([other.waitForNavigation(), other.click("a")]);
      assert.is(await other.title(), "Wishes");
      // The backend can tell who has led there.
      await other.goto(elsewhere);
      await Promise.all([other.waitForNavigation(), other.click("#fields")]);
      const seen = JSON.parse(await other.evaluate(() => document.body.textContent));
      assert.equal(
        [seen["sec-fetch-site"], seen["sec-fetch-mode"], seen["sec-fetch-dest"]],
        ["cross-site", "navigate", "document"],
      );
      const own = JSON.parse((await plainFetch(page, "./local/fields")).text);
      assert.equal([own["sec-fetch-site"], own["sec-fetch-mode"]], ["same-origin", "cors"]);
      // In another site's frame there is no worker: the site's own server has answered.
      await other.goto(elsewhere);
      const frame = await (await other.$("iframe"))!.contentFrame();
      await frame.waitForFunction(() => document.readyState === "complete");
      assert.match(await frame.evaluate(() => document.body.textContent), /Cannot find the file/);
    } finally {
      await other.close();
    }
  });

  test.run();
}
