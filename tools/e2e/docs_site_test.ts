// The docs site, built under the path of a project at GitHub Pages, and visited in Chromium.
import axe from "axe-core";
import { existsSync } from "node:fs";
import { glob, readFile } from "node:fs/promises";
import { join, posix } from "node:path";
import process from "node:process";
import type { Browser, Page } from "puppeteer-core";
import * as assert from "uvu/assert";
import { build } from "vitepress";
import { type SiteServer, startSiteServer } from "../local/site_server.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { launchBrowser } from "./browser.ts";

const test = suite("docs site", { deadline: 60_000 });

const BASE = "/lighthouse/";

let folder: string;
let server: SiteServer;
let browser: Browser;

test.before(async () => {
  folder = temporaryFolder();
  process.env.DOCS_BASE = BASE;
  await build("docs", { outDir: folder });
  server = await startSiteServer({ folder, path: BASE });
  browser = await launchBrowser();
});

test.after(async () => {
  await browser?.close();
  await server?.[Symbol.asyncDispose]();
});

test("each link within the site leads to a page, and its anchor to an element", async () => {
  const pages = new Map<string, string>();
  for await (const file of glob("**/*.html", { cwd: folder })) {
    pages.set(file, await readFile(join(folder, file), "utf8"));
  }
  const broken: string[] = [];
  for (const [file, html] of pages) {
    for (const [, href] of html.matchAll(/<a\b[^>]* href="([^"]*)"/g)) {
      const url = new URL(href!.replaceAll("&amp;", "&"), `http://site${posix.join(BASE, file)}`);
      if (url.host !== "site") continue;
      const path = url.pathname.startsWith(BASE)
        ? url.pathname.slice(BASE.length).replace(/(^|\/)$/, "$1index.html")
        : "";
      const target = pages.get(path) ?? pages.get(`${path}.html`);
      const id = decodeURIComponent(url.hash.slice(1));
      const isThere = target
        ? !id || target.includes(`id="${id}"`)
        : existsSync(join(folder, path));
      if (!path || !isThere) broken.push(`${file}: ${href}`);
    }
  }
  assert.equal(broken, []);
  assert.ok(pages.size > 20, `${pages.size} pages`);
});

test("the element's page asks no other server, and shows the states of the real element", async () => {
  await using visit = await visited("element");
  const { page, asked, troubles } = visit;
  const seen: Record<string, string> = {};
  for (const name of ["No relay", "Not paired", "Offline", "Wrong setting"]) {
    await choose(page, name);
    const state = name === "No relay" ? "idle" : name === "Offline" ? "offline" : "failed";
    await page.waitForFunction(
      (state) => document.querySelector("lighthouse-tunnel")?.state === state,
      {},
      state,
    );
    seen[name] = await page.$eval(
      "lighthouse-tunnel",
      ({ state, error }) => `${state} ${error?.code ?? ""}`.trim(),
    );
  }
  assert.equal(seen, {
    "No relay": "idle",
    "Not paired": "failed not-paired",
    "Offline": "offline host-offline",
    "Wrong setting": "failed bad-config",
  });
  assert.equal(
    asked.filter((url) => !url.startsWith(`${server.origin}${BASE}`) && !url.startsWith("data:")),
    [],
  );
  assert.equal(troubles, []);
});

test("axe finds nothing in the light and in the dark", async () => {
  const found: string[] = [];
  for (const path of ["", "element", "security", "no-such-page"]) {
    await using visit = await visited(path);
    for (const scheme of ["light", "dark"]) {
      await visit.page.emulateMediaFeatures([{ name: "prefers-color-scheme", value: scheme }]);
      await visit.page.waitForFunction(
        (isDark) => document.documentElement.classList.contains("dark") === isDark,
        {},
        scheme === "dark",
      );
      await visit.page.evaluate(axe.source);
      const violations = await visit.page.evaluate(async () => {
        const { axe } = globalThis as unknown as { axe: typeof import("axe-core") };
        return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
      });
      found.push(...violations.map((violation) => `${path || "/"}, ${scheme}: ${violation}`));
    }
  }
  assert.equal(found, []);
});

test("the search finds a page by its words", async () => {
  await using visit = await visited("");
  await visit.page.click(".DocSearch-Button");
  await visit.page.waitForSelector("#localsearch-input");
  await visit.page.type("#localsearch-input", "pairing-expired");
  const hit = await visit.page.waitForSelector('.results a[href*="errors#pairing-expired"]');
  assert.ok(hit);
});

test.run();

/** Opens a page of the site. */
async function visited(path: string) {
  const page = await browser.newPage();
  const asked: string[] = [];
  const troubles: string[] = [];
  page.on("request", (request) => asked.push(request.url()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) troubles.push(message.text());
  });
  await page.goto(`${server.origin}${BASE}${path}`, { waitUntil: "networkidle0" });
  return { page, asked, troubles, [Symbol.asyncDispose]: () => page.close() };
}

async function choose(page: Page, name: string): Promise<void> {
  await page.evaluate((name) => {
    [...document.querySelectorAll("label")].find((label) => label.textContent === name)!.click();
  }, name);
}
