// Bodies and headers that a backend gets through the service worker, from real browsers.
import { createHash } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { BrowserName } from "../browser.ts";
import type { Route } from "../local/backend_route.ts";
import type { Bridge } from "../local/bridge.ts";
import { suite } from "../testing/suite.ts";
import { openWeb, PLAIN_PAGE } from "./web_page.ts";
import { withBridge } from "./with_bridge.ts";

const MiB = 1024 * 1024;

/** A request that the backend has read to its end. */
interface Got {
  method: string;
  headers: IncomingHttpHeaders;
  bytes: number;
  sha256: string;
}

for (const name of ["chromium", "firefox"] as const) testIn(name);

function testIn(name: BrowserName): void {
  const test = suite(`uploads in ${name}`, { deadline: 60_000 });
  let bridge: Bridge;
  let browser: Browser;
  let page: Page;
  /** The newest request. */
  let got: Got;

  const take: Route = async (request, response) => {
    const hash = createHash("sha256");
    let bytes = 0;
    for await (const chunk of request) {
      hash.update(chunk);
      bytes += chunk.length;
    }
    const { method, headers } = request;
    got = { method: method!, headers, bytes, sha256: hash.digest("hex") };
    response.setHeader("content-type", "text/html");
    response.end(`<!doctype html><title>${bytes}</title>`);
  };

  withBridge(test, {
    browser: name,
    folder: PLAIN_PAGE,
    routes: {
      "POST /take": take,
      "PUT /take": take,
      "PATCH /take": take,
      "DELETE /take": take,
      "GET /take": take,
      "GET /form": (_request, response) => {
        response.setHeader("content-type", "text/html");
        response.end(`<!doctype html><title>A form</title>
<form method="post" action="take" enctype="multipart/form-data">
<input type="file" name="file"><button>Send</button></form>
<form id="empty" method="post" action="take"></form>
<form id="text" method="post" action="take"><input name="text" value="h&eacute;llo"></form>`);
      },
    },
  }, (running) => ({ bridge, browser } = running));
  test.before.each(async () => {
    ({ page } = await openWeb(browser, `${bridge.page.url}web.html`));
  });
  test.after.each(() => page.close());

  /** A frame with the backend's form in it. */
  async function openForm() {
    await page.evaluate(async () => {
      const frame = document.createElement("iframe");
      frame.id = "sent";
      frame.src = "./local/form";
      const loaded = new Promise((resolve) => frame.onload = resolve);
      document.body.append(frame);
      await loaded;
    });
    return (await (await page.$("#sent"))!.contentFrame())!;
  }

  const untilSent = async (bytes: number) => {
    const title = (bytes: number) =>
      document.querySelector<HTMLIFrameElement>("#sent")!.contentDocument?.title === String(bytes);
    await page.waitForFunction(title, {}, bytes);
  };

  for (
    const [what, method, send, bytes] of [
      ["text", "POST", () => fetch("./local/take", { method: "POST", body: "h\u00e9llo" }), 6],
      [
        "bytes",
        "PUT",
        () => fetch("./local/take", { method: "PUT", body: new Uint8Array(70_000) }),
        70_000,
      ],
      ["nothing", "POST", () => fetch("./local/take", { method: "POST" }), 0],
      ["an empty text", "PATCH", () => fetch("./local/take", { method: "PATCH", body: "" }), 0],
      ["a beacon", "POST", () => navigator.sendBeacon("./local/take", "four"), 4],
    ] as const
  ) {
    test(`a ${method} with ${what} has its Content-Length, and is not chunked`, async () => {
      got = undefined!;
      await page.evaluate(send as () => Promise<unknown>);
      while (!got) await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal([got.method, got.bytes, got.headers["content-length"]], [
        method,
        bytes,
        String(bytes),
      ]);
      assert.is(got.headers["transfer-encoding"], undefined);
    });
  }

  test("a DELETE without a body has no length", async () => {
    await page.evaluate(() => fetch("./local/take", { method: "DELETE" }));
    assert.equal([got.bytes, got.headers["transfer-encoding"]], [0, undefined]);
  });

  test("5 MiB by XMLHttpRequest and FormData arrive with their length", async () => {
    const sent = await page.evaluate(async (size) => {
      const bytes = new Uint8Array(size).map((_, index) => index);
      const form = new FormData();
      form.append("text", "h\u00e9llo");
      form.append("file", new File([bytes], "file.bin"));
      const request = new XMLHttpRequest();
      request.open("POST", "./local/take");
      const done = new Promise((resolve) => request.onloadend = resolve);
      request.send(form);
      await done;
      return request.status;
    }, 5 * MiB);
    assert.is(sent, 200);
    assert.ok(got.bytes > 5 * MiB);
    assert.is(got.headers["content-length"], String(got.bytes));
    assert.match(got.headers["content-type"]!, /^multipart\/form-data; ?boundary=/);
  });

  test("a form's file of 5 MiB arrives with its length, its boundary and the page's address", async () => {
    const frame = await openForm();
    await frame.evaluate((size) => {
      const files = new DataTransfer();
      files.items.add(new File([new Uint8Array(size)], "file.bin"));
      document.querySelector<HTMLInputElement>("[type=file]")!.files = files.files;
      document.querySelector("button")!.click();
    }, 5 * MiB);
    await page.waitForFunction(() =>
      Number(document.querySelector<HTMLIFrameElement>("#sent")!.contentDocument?.title) > 5e6
    );
    assert.is(got.headers["content-length"], String(got.bytes));
    assert.match(got.headers["content-type"]!, /^multipart\/form-data; ?boundary=\S+$/);
    assert.is(got.headers["sec-fetch-mode"], "navigate");
  });

  test("a form of a field, and one of nothing, arrive with their length", async () => {
    for (const [form, bytes] of [["#text", "text=h%C3%A9llo".length], ["#empty", 0]] as const) {
      const frame = await openForm();
      await frame.evaluate((form) => document.querySelector<HTMLFormElement>(form)!.submit(), form);
      await untilSent(bytes);
      assert.equal([got.bytes, got.headers["content-length"]], [bytes, String(bytes)]);
      await page.evaluate(() => document.querySelector("#sent")!.remove());
    }
  });

  if (name === "chromium") {
    test("a body that a page writes as a stream arrives whole, with its length", async () => {
      await page.evaluate(async () => {
        const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
        const init = { method: "POST", body: readable, duplex: "half" };
        const answer = fetch("./local/take", init as RequestInit);
        const writer = writable.getWriter();
        for (const text of ["ping", "pong"]) await writer.write(new TextEncoder().encode(text));
        await writer.close();
        await answer;
      });
      assert.equal([got.bytes, got.headers["content-length"]], [8, "8"]);
    });
  }

  test("the backend gets what a browser tells a server of itself", async () => {
    await page.evaluate(() => fetch("./local/take", { cache: "reload" }));
    const { headers } = got;
    const [agent, languages] = await page.evaluate(() =>
      [navigator.userAgent, navigator.languages] as const
    );
    assert.is(headers["user-agent"], agent);
    for (const language of languages) assert.ok(headers["accept-language"]!.includes(language));
    assert.is(headers.accept, "*/*");
    assert.is(headers["cache-control"], "no-cache");
    assert.is(headers.origin, undefined);
  });

  test.run();
}
