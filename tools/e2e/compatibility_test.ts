// Real frameworks and servers behind a host, visited from a real Chromium: the part of
// docs/compatibility.md that installs quickly, and bodies of each kind.
import type { Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { type Cell, CELLS } from "../compatibility/cells.ts";
import { checkOf, visitThroughTunnel } from "../compatibility/rounds.ts";
import { startApp } from "../compatibility/running_app.ts";
import { SHORT_LIST } from "../compatibility/short_list.ts";
import type { Visit } from "../compatibility/visit.ts";
import { suite } from "../testing/suite.ts";
import { withHostlessBridge } from "./with_bridge.ts";

const test = suite("compatibility", { deadline: 60_000 });
let visits: Visit[];

withHostlessBridge(test, { isPublic: false }, async ({ bridge, browser, stack }) => {
  const running = await Promise.all(
    SHORT_LIST.map(async (app) => stack.use(await startApp(app))),
  );
  visits = await visitThroughTunnel(running, bridge, browser);
});

for (const [at, app] of SHORT_LIST.entries()) {
  for (const cell of Object.keys(CELLS) as Cell[]) {
    const check = checkOf(app, cell);
    if (check) test(`${app.name}: ${cell}`, () => check(visits[at]!));
  }

  test(`${app.name}: bodies of each kind arrive whole, with their lengths`, async () => {
    const visit = visits[at]!;
    await visit.show("hello?name=Ann");
    for (
      const answers of [await postEach(visit.page, visit.path), await postEach(visit.tab, "./")]
    ) {
      for (const { kind, expected, answer: { size, sha256, seen } } of answers) {
        assert.equal({ size, sha256 }, expected ?? { size, sha256 }, kind);
        assert.equal([seen.length, seen.chunked], [String(size), false], kind);
        if (kind === "FormData") assert.ok(size > 50_000, kind);
      }
    }
  });
}

/** Posts bodies of each kind by the page's tunnel if it has one, else by its `fetch()`. */
async function postEach(page: Page, path: string) {
  return await page.evaluate(async (url) => {
    const tunnel = document.querySelector("lighthouse-tunnel");
    const bytes = crypto.getRandomValues(new Uint8Array(50_000));
    const blob = new Blob([bytes], { type: "application/octet-stream" });
    const form = new FormData();
    form.append("file", blob, "file.bin");
    const type = { "content-type": "application/octet-stream" };
    const kinds: Record<string, RequestInit> = {
      "text": { body: "Grüße" },
      "URLSearchParams": { body: new URLSearchParams({ text: "Grüße" }), headers: type },
      "Blob": { body: blob },
      "ArrayBuffer": { body: bytes.buffer },
      "a part of an ArrayBuffer": { body: bytes.subarray(100, 40_000) },
      "FormData": { body: form, headers: type },
      "none": {},
      "an empty text": { body: "" },
      "a stream": { body: blob.stream(), duplex: "half" } as RequestInit,
    };
    const results = [];
    for (const [kind, init] of Object.entries(kinds)) {
      const post = { ...init, method: "POST" };
      const data = kind === "a stream" ? bytes : await new Response(init.body).bytes();
      const response = await (tunnel ? tunnel.fetch(url, post) : fetch(url, post));
      const answer = await response.json();
      const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", data));
      const sha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
      const expected = { size: data.length, sha256 };
      // The boundary of a FormData differs each time, and so does its length.
      results.push({ kind, expected: kind === "FormData" ? undefined : expected, answer });
    }
    return results;
  }, `${path}bytes`);
}

test.run();
