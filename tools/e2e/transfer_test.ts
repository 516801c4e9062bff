// Requests through the tunnel in a real Chromium: content, streaming, several pages, and its cost.
import type { Browser } from "puppeteer-core";
import * as assert from "uvu/assert";
import type { Bridge } from "../local/bridge.ts";
import type { ConnectionCounts } from "../local/gateway_connection.ts";
import { suite } from "../testing/suite.ts";
import { until } from "../testing/until.ts";
import { fetchText, openConnected, openPage, untilState } from "./browser.ts";
import { cutOff, Endless } from "./routes.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("transfer", { deadline: 60_000 });
const MiB = 1024 * 1024;

let bridge: Bridge;
let browser: Browser;
const closed: ConnectionCounts[] = [];
/** What the backend has written of its endless answer, and whether that was ended. */
const endless = new Endless();
/** Lets the backend's slow answer go on; the test decides when. */
let release = () => {};

withBridge(test, {
  onActivity: (activity) => {
    if (activity.type === "close") closed.push(activity.connection);
  },
  routes: {
    "GET /slow": async (_request, response) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      release = resolve;
      response.writeHead(200, { "content-type": "text/plain" });
      response.write("first");
      await promise;
      response.end("last");
    },
    "POST /echo": (request, response) => {
      response.writeHead(201, {
        "content-type": request.headers["content-type"] ?? "none",
        "x-method": request.method!,
      });
      request.pipe(response);
    },
    "GET /endless": endless.route,
    // Answers never.
    "GET /never": () => {},
    "GET /cut": cutOff,
  },
}, (running) => ({ bridge, browser } = running));

test("a connect costs the page one message out and one in", async () => {
  const before = closed.length;
  const { page } = await openConnected(browser, bridge.page.url);
  // The element closes its WebSocket by itself once the channel is open.
  await until(() => closed.length > before);
  const { messagesIn, messagesOut } = closed.at(-1)!;
  assert.equal({ messagesIn, messagesOut }, { messagesIn: 1, messagesOut: 1 });
  await page.close();
});

test("5 MiB down and 5 MiB up arrive as they were", async () => {
  const { page, troubles } = await openConnected(browser, bridge.page.url);
  const result = await page.evaluate(async (bytes) => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const hex = async (data: ArrayBuffer) =>
      [...new Uint8Array(await crypto.subtle.digest("SHA-256", data))]
        .map((byte) => byte.toString(16).padStart(2, "0")).join("");
    const expected = await (await tunnel.fetch(`/api/hash?bytes=${bytes}`)).json();
    const down = await (await tunnel.fetch(`/api/download?bytes=${bytes}`)).arrayBuffer();
    const up = new Uint8Array(bytes);
    for (let i = 0; i < bytes; i += 65536) crypto.getRandomValues(up.subarray(i, i + 65536));
    const answer = await tunnel.fetch("/api/upload", { method: "POST", body: up });
    return {
      expected: expected.sha256,
      down: await hex(down),
      downBytes: down.byteLength,
      up: await hex(up.buffer),
      received: await answer.json(),
    };
  }, 5 * MiB);
  assert.is(result.downBytes, 5 * MiB);
  assert.is(result.down, result.expected);
  assert.equal(result.received, { bytes: 5 * MiB, sha256: result.up });
  assert.equal(troubles, []);
  await page.close();
});

test("a streamed answer's first chunk is seen before the last is sent", async () => {
  const { page } = await openConnected(browser, bridge.page.url);
  const first = await page.evaluate(async () => {
    const response = await document.querySelector("lighthouse-tunnel")!.fetch("/slow");
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    Object.assign(globalThis, { reader });
    return (await reader.read()).value;
  });
  assert.is(first, "first");
  release();
  const rest = await page.evaluate(async () => {
    const { reader } = globalThis as unknown as { reader: ReadableStreamDefaultReader<string> };
    return [await reader.read(), await reader.read()];
  });
  assert.is(rest[0]!.value, "last");
  assert.is(rest[1]!.done, true);
  await page.close();
});

test("a long streamed request body arrives while it is being written", async () => {
  const { page } = await openConnected(browser, bridge.page.url);
  const echoed = await page.evaluate(async (size) => {
    const { readable, writable } = new TransformStream<Uint8Array>();
    const writer = writable.getWriter();
    writer.write(new Uint8Array(size));
    const response = await document.querySelector("lighthouse-tunnel")!.fetch("/echo", {
      method: "POST",
      body: readable,
      headers: { "content-type": "text/x-echo" },
    });
    const reader = response.body!.getReader();
    let read = 0;
    while (read < size) read += (await reader.read()).value!.length;
    writer.write(new TextEncoder().encode("pong"));
    writer.close();
    const last = new TextDecoder().decode((await reader.read()).value);
    const { status, headers } = response;
    return [read, last, status, headers.get("content-type"), headers.get("x-method")];
    // The host reads up to 1 MiB before it sends a body of unknown length.
  }, 2 * MiB);
  assert.equal(echoed, [2 * MiB, "pong", 201, "text/x-echo", "POST"]);
  await page.close();
});

test("an answer that is not read stops its backend within bounds, and nobody else", async () => {
  const { page } = await openConnected(browser, bridge.page.url);
  await page.evaluate(async () => {
    const response = await document.querySelector("lighthouse-tunnel")!.fetch("/endless");
    Object.assign(globalThis, { unread: response });
  });
  const sizes: number[] = [];
  for (let i = 0; i < 10; i++) {
    assert.is((await fetchText(page, "/api/download?bytes=300000")).text.length > 0, true);
    sizes.push(endless.written);
  }
  assert.is(sizes.at(-1), sizes.at(-3), `the backend went on writing: ${sizes}`);
  // Its socket, the host's, and the stream's credit: no more than a few buffers.
  assert.ok(endless.written < 16 * MiB, `${endless.written} bytes are buffered somewhere`);
  await page.evaluate(() => (globalThis as unknown as { unread: Response }).unread.body!.cancel());
  await endless.ended.promise;
  assert.is((await fetchText(page, "/api/notes")).status, 200);
  await page.close();
});

test("two pages at once have connections of their own", async () => {
  const pages = await Promise.all(
    [1, 2].map(async () => (await openPage(browser, bridge.page.url)).page),
  );
  await Promise.all(pages.map((page) => untilState(page, "connected")));
  const sizes = await Promise.all(
    pages.map((page, index) =>
      page.evaluate(async (bytes) => {
        const tunnel = document.querySelector("lighthouse-tunnel")!;
        const answers = Array.from({ length: 20 }, async () =>
          (await (await tunnel.fetch(`/api/download?bytes=${bytes}`)).arrayBuffer()).byteLength);
        return await Promise.all(answers);
      }, 10_000 + index)
    ),
  );
  assert.equal(sizes, [Array(20).fill(10_000), Array(20).fill(10_001)]);
  await pages[0]!.close();
  assert.is((await fetchText(pages[1]!, "/api/notes")).status, 200);
  await pages[1]!.close();
});

test("forms, JSON, query strings, HEAD, 204 and 404 are those of fetch", async () => {
  const { page } = await openConnected(browser, bridge.page.url);
  const results = await page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const form = new FormData();
    form.set("field", "välue");
    const echoed = await tunnel.fetch("/echo", { method: "POST", body: form });
    const type = echoed.headers.get("content-type")!;
    const fields = await new Response(await echoed.blob(), { headers: { "content-type": type } })
      .formData();
    const made = await tunnel.fetch(
      new Request("/api/notes", { method: "POST", body: JSON.stringify({ text: "from e2e" }) }),
    );
    const note = await made.json();
    const head = await tunnel.fetch("/api/notes", { method: "HEAD" });
    const removed = await tunnel.fetch(`/api/notes/${note.id}`, { method: "DELETE" });
    const missing = await tunnel.fetch("api/none?a=1&b=%20");
    return {
      field: fields.get("field"),
      made: made.status,
      isResponse: made instanceof Response,
      head: [head.status, await head.text()],
      removed: [removed.status, removed.body],
      missing: missing.status,
    };
  });
  assert.equal(results, {
    field: "välue",
    made: 201,
    isResponse: true,
    head: [200, ""],
    removed: [204, null],
    missing: 404,
  });
  await page.close();
});

test("fetch fails as fetch does: abort, broken body, another site's URL", async () => {
  const { page } = await openConnected(browser, bridge.page.url);
  const results = await page.evaluate(async () => {
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    const nameOf = async (work: Promise<unknown>) => {
      try {
        await work;
        return "nothing";
      } catch (error) {
        return (error as Error).name;
      }
    };
    const early = AbortSignal.abort();
    const headless = new AbortController();
    const beforeHead = nameOf(tunnel.fetch("/never", { signal: headless.signal }));
    setTimeout(() => headless.abort(), 100);
    const bodyless = new AbortController();
    const slow = await tunnel.fetch("/slow", { signal: bodyless.signal });
    const reader = slow.body!.getReader();
    await reader.read();
    const inBody = nameOf(reader.read());
    bodyless.abort();
    const cut = await tunnel.fetch("/cut");
    return {
      early: await nameOf(tunnel.fetch("/api/notes", { signal: early })),
      beforeHead: await beforeHead,
      inBody: await inBody,
      cut: await nameOf(cut.text()),
      elsewhere: await nameOf(tunnel.fetch("https://example.com/")),
      getWithBody: await nameOf(tunnel.fetch("/x", { body: "x" })),
      afterwards: (await tunnel.fetch("/api/notes")).status,
    };
  });
  assert.equal(results, {
    early: "AbortError",
    beforeHead: "AbortError",
    inBody: "AbortError",
    cut: "TypeError",
    elsewhere: "TypeError",
    getWithBody: "TypeError",
    afterwards: 200,
  });
  await page.close();
});

test.run();
