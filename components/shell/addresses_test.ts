import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import {
  baseOf,
  detourOf,
  isInScope,
  isRoot,
  isStart,
  type Site,
  startUrl,
  urlOfTarget,
} from "./addresses.ts";

const test = suite("addresses");

const site = (scope: string, service: string | null): Site => ({ scope: new URL(scope), service });
const root = site("https://me.example/", "/");
const project = site("https://me.example/repo/", "/notes");
const several = site("https://me.example/repo/", null);

test("the start page is at the root, or in the site's own folder where the root is a service's", () => {
  assert.is(startUrl(several, false).href, "https://me.example/repo/");
  assert.is(startUrl(several, true).href, "https://me.example/repo/lighthouse/start");
  assert.ok(isRoot(several, new URL("https://me.example/repo/?a#b")));
  assert.not(isRoot(several, new URL("https://me.example/repo/a")));
  assert.not(isRoot(root, new URL("https://me.example/")));
  assert.ok(isStart(root, new URL("https://me.example/lighthouse/start")));
  assert.not(isStart(root, new URL("https://other.example/lighthouse/start")));
  assert.not(isStart(several, new URL("https://me.example/lighthouse/start")));
});

test("a URL is in scope below the worker's folder only", () => {
  for (const url of ["https://me.example/repo/", "https://me.example/repo/a?b"]) {
    assert.ok(isInScope(project, new URL(url)), url);
  }
  for (
    const url of [
      "https://me.example/",
      "https://me.example/repo",
      "https://me.example/repository/",
      "https://other.example/repo/",
      "http://me.example/repo/",
      "data:text/html,",
    ]
  ) {
    assert.not(isInScope(project, new URL(url)), url);
  }
});

const detours: [Site, string, string | undefined][] = [
  [project, "https://me.example/x/y?z=1#a", "frame https://me.example/repo/x/y?z=1#a"],
  [project, "https://me.example/", "frame https://me.example/repo/"],
  [project, "https://me.example/repo/x", "frame https://me.example/repo/x"],
  [root, "https://accounts.example/login?a", "top https://accounts.example/login?a"],
  [project, "http://127.0.0.1:5000/", "top http://127.0.0.1:5000/"],
  [project, "https", undefined],
  [project, "data", undefined],
  [project, "javascript:alert(1)", undefined],
  [project, "", undefined],
];
for (const [from, blocked, expected] of detours) {
  test(`${blocked || "nothing"} blocked at ${from.scope.pathname} leads ${expected ?? "nowhere"}`, () => {
    const detour = detourOf(from, from.scope, blocked);
    assert.is(detour && `${detour.to} ${detour.url}`, expected);
  });
}

test("a path of the origin is one from the root of the service that is shown", () => {
  const prefixes = ["/", "/notes", "/notes/old", "/n"];
  const base = (path: string) => baseOf(several, new URL(path, several.scope), prefixes).pathname;
  assert.is(base("notes/a"), "/repo/notes/");
  assert.is(base("notes"), "/repo/notes/");
  assert.is(base("notes/old/a"), "/repo/notes/old/");
  assert.is(base("notes2/a"), "/repo/");
  assert.is(base(""), "/repo/");
  assert.is(baseOf(project, new URL("https://me.example/repo/notes/a"), prefixes), project.scope);
  const detour = detourOf(several, new URL("notes/", several.scope), "https://me.example/x?y");
  assert.is(detour?.url.href, "https://me.example/repo/notes/x?y");
});

const targets: [Site, string, string | undefined][] = [
  [root, "/", "https://me.example/"],
  [root, "/icon.png?1", "https://me.example/icon.png?1"],
  [several, "/notes/a", "https://me.example/repo/notes/a"],
  [several, "//evil.example/", "https://me.example/repo//evil.example/"],
  [project, "/notes/", "https://me.example/repo/"],
  [project, "/notes/a", "https://me.example/repo/a"],
  [project, "/notes", undefined],
  [project, "/notes2/a", undefined],
  [project, "/", undefined],
];
for (const [from, target, expected] of targets) {
  test(`the target ${target} is at ${expected ?? "no URL"} where ${from.service} is the root`, () => {
    assert.is(urlOfTarget(from, target)?.href, expected);
  });
}

test.run();
