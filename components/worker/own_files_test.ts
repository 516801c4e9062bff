import { hash } from "node:crypto";
import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { failureOf } from "../../wire/testing/failure.ts";
import { MemoryCaches } from "../testing/memory_caches.ts";
import { OwnFiles } from "./own_files.ts";

const test = suite("own_files");

const SCOPE = new URL("https://me.example/repo/");
const FILES = ["index.html", "lighthouse/shell.js", "lighthouse/reset.html", "app.webmanifest"];

/** A site whose server has these paths; `isOffline` is for all but the first requests. */
function siteWith(
  paths: string[],
  version = "1",
  caches = new MemoryCaches(),
  hashes?: Record<string, string>,
) {
  const site = { isOffline: false, asked: [] as string[], caches };
  const own = new OwnFiles({
    scope: SCOPE,
    config: { version, files: FILES, hashes, service: "/" },
    caches: caches.asCaches,
    fetch(input) {
      const url = new URL(input instanceof Request ? input.url : input);
      const path = url.pathname.slice(SCOPE.pathname.length);
      site.asked.push(path);
      if (site.isOffline) return Promise.reject(new TypeError("offline"));
      const status = paths.includes(path) ? 200 : 404;
      return Promise.resolve(new Response(`${path} of ${version}`, { status }));
    },
  });
  return { ...site, site, own };
}

const SERVED = ["", ...FILES.slice(1)];

test("the files of the site are served without a network", async () => {
  const { own, site } = siteWith(SERVED);
  await own.install();
  site.isOffline = true;
  assert.is(await (await own.shell()).text(), " of 1");
  assert.is(await (await own.file("lighthouse/shell.js")).text(), "lighthouse/shell.js of 1");
});

test("the shell is fetched by the folder's URL, since some servers redirect from its name", async () => {
  const { own, site } = siteWith(SERVED);
  await own.install();
  assert.equal(site.asked.toSorted(), SERVED.toSorted());
});

test("a version without one of its files is not installed", async () => {
  const error = await failureOf(siteWith(SERVED.slice(0, -1)).own.install());
  assert.match(error.message, /app\.webmanifest: 404/);
});

test("what the browser has removed comes from the network", async () => {
  const { own, caches } = siteWith(SERVED);
  await own.install();
  caches.stored.clear();
  assert.is(await (await own.shell()).text(), " of 1");
  assert.is(await (await own.file("lighthouse/shell.js")).text(), "lighthouse/shell.js of 1");
});

test("what an app has put into the cache is not served, but the network's file", async () => {
  const texts: [name: string, text: string][] = [
    ["index.html", " of 1"],
    ["lighthouse/shell.js", "lighthouse/shell.js of 1"],
  ];
  const hashes = Object.fromEntries(texts.map(([name, text]) => [name, hash("sha256", text)]));
  const { own, site, caches } = siteWith(SERVED, "1", new MemoryCaches(), hashes);
  await own.install();
  site.asked.length = 0;
  assert.is(await (await own.shell()).text(), " of 1");
  assert.equal(site.asked, []);
  for (const name of [...await caches.keys(), "the app's"]) {
    const cache = await caches.open(name);
    for (const [name] of texts) await cache.put(new URL(name, SCOPE), new Response("evil"));
  }
  assert.is(await (await own.shell()).text(), " of 1");
  assert.is(await (await own.file("lighthouse/shell.js")).text(), "lighthouse/shell.js of 1");
  assert.equal(site.asked, ["", "lighthouse/shell.js"]);
});

test("a new version keeps the one before, which a tab may still show", async () => {
  const caches = new MemoryCaches();
  await caches.open("another site's");
  for (const version of ["1", "2", "3"]) {
    const { own } = siteWith(SERVED, version, caches);
    await own.install();
    await own.clean();
  }
  const group = `lighthouse ${SCOPE.href} `;
  assert.equal(await caches.keys(), ["another site's", `${group}2`, `${group}3`]);
});

for (
  const [path, name] of [
    ["lighthouse/shell.js", "lighthouse/shell.js"],
    ["lighthouse/shell.js?x", "lighthouse/shell.js"],
    ["app.webmanifest", "app.webmanifest"],
    ["index.html", undefined],
    ["", undefined],
    ["lighthouse/other.js", undefined],
    ["../lighthouse/shell.js", undefined],
  ] as const
) {
  test(`${path || "the root"} is ${name ?? "no own file"}`, () => {
    assert.is(siteWith([]).own.nameOf(new URL(path, SCOPE)), name);
  });
}

test("the page that takes the worker away is the network's, and the cache's without one", async () => {
  const { own, site } = siteWith([...SERVED]);
  await own.install();
  const url = new URL("lighthouse/reset.html?x", SCOPE);
  assert.ok(own.isReset(url));
  const request = new Request(url);
  assert.is((await own.reset(request)).status, 200);
  assert.is(site.asked.at(-1), "lighthouse/reset.html");
  site.isOffline = true;
  assert.is(await (await own.reset(request)).text(), "lighthouse/reset.html of 1");
});

test.run();
