// Several services behind one host, from a real Chromium: the sample backend, an express app, a folder.
import { createHash, randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { startExpressApp } from "../../host/testing/express_app.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { openConnected } from "./browser.ts";
import { withBridge } from "./with_bridge.ts";

const test = suite("services", { deadline: 60_000 });

const folder = temporaryFolder();
const video = randomBytes(1024 * 1024);
await writeFile(join(folder, "video.mp4"), video);
await writeFile(join(folder, ".env"), "secret");
const app = await startExpressApp(folder);
const hostFlags = ["--service", `/app=${app.url}`, "--service", `/files=${folder}`];
let page: Page;
let troubles: string[];

withBridge(test, { hostFlags }, async ({ bridge, browser, stack }) => {
  stack.defer(() => app.close());
  ({ page, troubles } = await openConnected(browser, bridge.page.url));
});

/** Fetches through the tunnel, in the page. */
function fetchInPage(target: string, headers: Record<string, string> = {}) {
  return page.evaluate(
    async (target, headers) => {
      const tunnel = document.querySelector("lighthouse-tunnel")!;
      const answer = await tunnel.fetch(target, { headers });
      return {
        status: answer.status,
        type: answer.headers.get("content-type"),
        bytes: [...new Uint8Array(await answer.arrayBuffer())],
      };
    },
    target,
    headers,
  );
}

async function textInPage(target: string): Promise<string> {
  return Buffer.from((await fetchInPage(target)).bytes).toString();
}

test("each path leads to its service, and any other to the backend at /", async () => {
  assert.is(await textInPage("/app/hello"), "hello");
  assert.equal(JSON.parse(await textInPage("/api/notes")), []);
  assert.is(JSON.parse(await textInPage("/app2/hello")).error.code, "not_found");
});

test("a folder's file arrives in parts; what is hidden does not", async () => {
  const part = await fetchInPage("/files/video.mp4", { range: "bytes=1000-1999" });
  assert.is(part.status, 206);
  assert.is(part.type, "video/mp4");
  assert.equal(Buffer.from(part.bytes), video.subarray(1000, 2000));
  const hidden = await fetchInPage("/files/.env");
  assert.is(hidden.status, 404);
  assert.is(JSON.parse(Buffer.from(hidden.bytes).toString()).error.code, "not-found");
});

test("a form with a file arrives in the app", async () => {
  const sent = [...video.subarray(0, 100_000)];
  const described = await page.evaluate(async (bytes) => {
    const form = new FormData();
    form.set("text", "h\u00e9llo");
    form.append("files", new File([new Uint8Array(bytes)], "part.mp4"));
    const tunnel = document.querySelector("lighthouse-tunnel")!;
    return await (await tunnel.fetch("/app/upload", { method: "POST", body: form })).json();
  }, sent);
  const sha256 = createHash("sha256").update(video.subarray(0, 100_000)).digest("hex");
  assert.equal(described, {
    text: "h\u00e9llo",
    files: [{ name: "part.mp4", size: 100_000, sha256 }],
  });
});

test("a login's cookie is sent from then on, and no script sees it", async () => {
  assert.is(await textInPage("/app/cookie"), "null");
  await fetchInPage("/app/login");
  assert.is(await textInPage("/app/cookie"), '"session=1"');
  assert.is(await page.evaluate(() => document.cookie), "");
});

test("the page has nothing to complain of", () => {
  assert.equal(troubles, []);
});

test.run();
