import { writeFile } from "node:fs/promises";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { type Page, type PageOptions, startPage } from "./page.ts";

const test = suite("page");

const RELAY = "ws://127.0.0.1:4000/prod";

/** Serves the page with a stand-in element while `use` runs. */
async function withPage(
  use: (page: Page) => Promise<void>,
  options: Partial<PageOptions> = {},
): Promise<void> {
  const elementFolder = temporaryFolder();
  for (const name of ["lighthouse-tunnel.js", "lighthouse-worker.js"]) {
    await writeFile(join(elementFolder, name), "// built\n");
    await writeFile(join(elementFolder, `${name}.map`), "{}");
  }
  await using page = await startPage({ relay: () => RELAY, elementFolder, ...options });
  await use(page);
}

/** Returns the value of an attribute of a page's element, as in the HTML. */
async function attribute(page: Page, name: string, file = ""): Promise<string | undefined> {
  const html = await (await fetch(page.url + file)).text();
  const tag = html.match(/<lighthouse-tunnel\b[^>]*>/)?.[0] ?? "";
  return tag.match(new RegExp(`\\s${name}="([^"]*)"`))?.[1];
}

/** Returns the status line for a request target that `fetch` would normalise. */
function statusOf(port: number, target: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port });
    socket.once("error", reject);
    socket.once("data", (data) => {
      socket.destroy();
      resolve(data.toString().split("\r\n")[0]!);
    });
    socket.write(`GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`);
  });
}

for (
  const [name, type] of [
    ["", "text/html; charset=utf-8"],
    ["index.html", "text/html; charset=utf-8"],
    ["demo.js", "text/javascript; charset=utf-8"],
    ["demo.css", "text/css; charset=utf-8"],
    ["lighthouse.svg", "image/svg+xml"],
    ["lighthouse-tunnel.js", "text/javascript; charset=utf-8"],
    ["web.html", "text/html; charset=utf-8"],
    ["sw.js", "text/javascript; charset=utf-8"],
    ["lighthouse-worker.js", "text/javascript; charset=utf-8"],
  ] as const
) {
  test(`GET /${name} is served as ${type}`, async () => {
    await withPage(async ({ url }) => {
      const get = await fetch(`${url}${name}?v=1`);
      assert.is(get.status, 200);
      assert.is(get.headers.get("content-type"), type);
      assert.is(get.headers.get("cache-control"), "no-cache");
      const body = await get.arrayBuffer();
      assert.ok(body.byteLength > 0);
      const head = await fetch(`${url}${name}`, { method: "HEAD" });
      assert.is(head.headers.get("content-length"), `${body.byteLength}`);
      assert.is(await head.text(), "");
    });
  });
}

test("each request asks for the relay's address", async () => {
  let relay = "ws://127.0.0.1:1/prod";
  await withPage(async (page) => {
    assert.is(await attribute(page, "relay"), "ws://127.0.0.1:1/prod");
    relay = "ws://127.0.0.1:2/prod";
    assert.is(await attribute(page, "relay"), "ws://127.0.0.1:2/prod");
  }, { relay: () => relay });
});

test("every page has the relay's address", async () => {
  await withPage(async (page) => assert.is(await attribute(page, "relay", "web.html"), RELAY));
});

test('stun is "none" unless given', async () => {
  await withPage(async (page) => assert.is(await attribute(page, "stun"), "none"));
  const stun = "stun:stun.example.com:3478";
  await withPage(async (page) => assert.is(await attribute(page, "stun"), stun), { stun });
});

test("values are escaped in attributes", async () => {
  await withPage(async (page) => {
    assert.is(await attribute(page, "relay"), "ws://a/?&#34;&#62;&#60;b&#62;&#38;$&#38;amp;$1");
  }, { relay: () => 'ws://a/?"><b>&$&amp;$1' });
});

test("an unknown relay gives 500 with the reason, and works later", async () => {
  let known = false;
  await withPage(async ({ url }) => {
    const early = await fetch(url);
    assert.is(early.status, 500);
    assert.match(await early.text(), "Cannot serve the page: no gateway yet");
    known = true;
    assert.is((await fetch(url)).status, 200);
  }, {
    relay: () => {
      if (!known) throw new Error("no gateway yet");
      return RELAY;
    },
  });
});

for (
  const target of [
    "/../demo/demo.js",
    "/..%2fdemo%2fdemo.js",
    "/%2e%2e/architecture.md",
    "/..\\demo\\demo.js",
    "//demo.js",
    "/./demo.js",
    "/../../package.json",
    "/../../../../../../etc/passwd",
    "/.",
    "/..",
    "/demo.js/",
    "/demo.js%00",
    "/DEMO.JS",
    "/page.ts",
    "http://127.0.0.1/demo.js",
  ]
) {
  test(`GET ${target} gets 404`, async () => {
    await withPage(async ({ port }) => {
      assert.is(await statusOf(port, target), "HTTP/1.1 404 Not Found");
    });
  });
}

for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) {
  test(`${method} gets 405`, async () => {
    await withPage(async ({ url }) => {
      const response = await fetch(url, { method });
      assert.is(response.status, 405);
      assert.is(response.headers.get("allow"), "GET, HEAD");
    });
  });
}

test("a missing build gives 404 with the cure", async () => {
  await withPage(async ({ url }) => {
    const response = await fetch(`${url}lighthouse-tunnel.js`);
    assert.is(response.status, 404);
    assert.match(await response.text(), 'build it with "npm run build"');
  }, { elementFolder: join(tmpdir(), "no-such-folder") });
});

test("origins are those of 127.0.0.1 and localhost, and the page answers on its url", async () => {
  await withPage(async ({ url, port, origins }) => {
    assert.is(url, `http://127.0.0.1:${port}/`);
    assert.equal(origins, [`http://127.0.0.1:${port}`, `http://localhost:${port}`]);
    for (const origin of origins) assert.is((await fetch(origin)).status, 200);
  });
});

test("a port in use is named, with the command for another", async () => {
  await withPage(async ({ port }) => {
    try {
      await startPage({ port, relay: () => RELAY });
    } catch (error) {
      const other = port < 65_525 ? port + 10 : port - 10;
      assert.is(
        (error as Error).message,
        `Cannot serve the page: port ${port} is in use. Choose another: PORT=${other} npm start`,
      );
      return;
    }
    assert.unreachable("two pages on one port");
  });
});

for (const name of ["", "web.html"]) {
  test(`/${name} has no inline script or style, and its policy forbids them`, async () => {
    await withPage(async ({ url }) => {
      const html = await (await fetch(url + name)).text();
      assert.not.match(html, /<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)/i);
      const policy = html.match(/http-equiv="Content-Security-Policy"\s+content="([^"]*)"/)?.[1];
      assert.match(policy ?? "", "default-src 'none'");
      assert.not.match(policy ?? "", "unsafe");
      // The relay's is the only WebSocket, and `https:` is for WebTransport.
      const connect = policy?.match(/connect-src ('self' )?([^;]*);/)?.[2];
      assert.is(connect, `${new URL(RELAY).origin} https:`);
    });
  });
}

test("a given host key is in the page", async () => {
  await withPage(async (page) => assert.is(await attribute(page, "host-key"), undefined));
  await withPage(
    async (page) => {
      assert.is(await attribute(page, "host-key"), "BAAA");
      assert.is(await attribute(page, "host-key", "web.html"), "BAAA");
    },
    { hostKey: "BAAA" },
  );
});

test("close() frees the port, and may be called twice", async () => {
  await withPage(async (page) => {
    await (await fetch(page.url)).text();
    await page.close();
    await page.close();
    await using again = await startPage({ port: page.port, relay: () => RELAY });
    assert.is(again.port, page.port);
  });
});

test.run();
