import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Places, type PlaceSettings } from "./places.ts";

const test = suite("places");

const SITE = "https://me.example";

/** An app on a project site, which believes that it is at the root. */
const moved: PlaceSettings = {
  scope: "/repo/",
  base: "/repo/",
  service: "/notes",
  isMoved: true,
  backend: "http://127.0.0.1:5000/api",
};

/** One of several services of a page of the owner's. */
const local: PlaceSettings = {
  scope: "/repo/",
  base: "/repo/local/notes/",
  service: "/notes",
  isMoved: false,
  backend: null,
};

const led: [settings: PlaceSettings, url: string, led: string | null][] = [
  [moved, `${SITE}/a?b=1#c`, `${SITE}/repo/a?b=1#c`],
  [moved, `${SITE}/repo/a`, `${SITE}/repo/a`],
  [moved, `${SITE}/repo`, `${SITE}/repo/`],
  [moved, "http://127.0.0.1:5000/api/a", `${SITE}/repo/a`],
  [moved, "http://localhost:5000/api", `${SITE}/repo/`],
  [moved, "http://me.example:5000/api/a", `${SITE}/repo/a`],
  [moved, "http://localhost:5000/apis", null],
  [moved, "http://localhost:5001/api/a", null],
  [moved, "https://other.example/a", null],
  [moved, "mailto:me@me.example", null],
  [local, `${SITE}/a`, `${SITE}/repo/local/notes/a`],
  [local, `${SITE}/repo/other`, `${SITE}/repo/other`],
];

for (const [settings, url, expected] of led) {
  test(`${url} in ${settings.base} leads to ${expected}`, () => {
    assert.is(new Places(settings, "/repo/", SITE).lead(new URL(url)), expected);
  });
}

const targets: [settings: PlaceSettings, prefix: string, url: string, target: string | null][] = [
  [moved, "/repo/", "wss://me.example/ws?a=1", "/notes/ws?a=1"],
  [moved, "/repo/", "wss://me.example/repo/ws", "/notes/ws"],
  [moved, "/repo/", "ws://127.0.0.1:5000/api/ws", "/notes/ws"],
  [moved, "/repo/", "wss://other.example/ws", null],
  [local, "/repo/local/", "wss://me.example/ws", "/notes/ws"],
  [local, "/repo/local/", "wss://me.example/repo/local/notes/ws", "/notes/ws"],
  [local, "/repo/local/", "wss://me.example/repo/local/wiki/ws", "/wiki/ws"],
  [local, "/repo/local/", "wss://me.example/repo/local/ws", "/notes/ws"],
  [local, "/repo/local/", "wss://me.example/repo/ws", "/notes/repo/ws"],
  [
    { ...moved, scope: "/", base: "/notes/", isMoved: false },
    "/",
    "wss://me.example/wiki/ws",
    "/notes/wiki/ws",
  ],
];

for (const [settings, prefix, url, expected] of targets) {
  test(`the target of ${url} in ${settings.base} is ${expected}`, async () => {
    const places = new Places(settings, prefix, SITE);
    const services = () => Promise.resolve(["/notes", "/wiki"]);
    assert.is(await places.target(new URL(url), services), expected);
  });
}

test("show() leaves out the site's folder where the document has moved", () => {
  const url = new URL(`${SITE}/repo/local/notes/a?b#c`);
  assert.is(new Places(moved, "/repo/", SITE).show(url), "/local/notes/a?b#c");
  assert.is(new Places(local, "/repo/local/", SITE).show(url), "/repo/local/notes/a?b#c");
});

test("pathOf() is the document's path in the tunnel", () => {
  const pathOf = (settings: PlaceSettings, url: string) =>
    new Places(settings, "/repo/", SITE).pathOf(new URL(url));
  assert.is(pathOf(moved, `${SITE}/a`), "/notes/a");
  assert.is(pathOf(local, `${SITE}/repo/local/notes/a`), "/notes/a");
  assert.is(pathOf(moved, "about:srcdoc"), "/notes/");
});

test.run();
