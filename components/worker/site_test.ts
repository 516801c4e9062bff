import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { Site } from "./site.ts";

const test = suite("site");

/** A site in app mode, or with the tunnel under `local/` where `service` is undefined. */
function siteAt(scope: string, service?: string | null): Site {
  const config = service === undefined ? undefined : { version: "1", files: [], service };
  return new Site({ scope, worker: `${scope}sw.js`, config, language: "en" });
}

const ROOT = "https://me.example/";
const REPO = "https://me.example/repo/";
const ALL = ["/", "/notes", "/a/b"];

for (
  const [what, site, service, url, path] of [
    // Under local/, the prefix is the tunnel.
    ["local/", siteAt(ROOT), undefined, "/local/x", "/x"],
    ["local/", siteAt(ROOT), undefined, "/x", undefined],
    ["local/", siteAt(ROOT), "/", "/x", "/x"],
    ["local/", siteAt(ROOT), "/notes", "/x", "/notes/x"],
    ["local/", siteAt(ROOT), "/notes", "/notes/x", "/notes/notes/x"],
    ["local/", siteAt(ROOT), "/notes", "/local/notes/x", "/notes/x"],
    ["local/", siteAt(ROOT), "/notes", "/local/notes", "/notes"],
    ["local/", siteAt(ROOT), "/notes", "/local/notesx", "/notes/notesx"],
    ["local/", siteAt(ROOT), "/notes", "/local/a/b/x", "/a/b/x"],
    ["local/", siteAt(ROOT), "/notes", "/local/x", "/notes/x"],
    ["local/", siteAt(ROOT), "/notes", "/local/.lighthouse/services", "/.lighthouse/services"],
    ["local/", siteAt(REPO), "/notes", "/repo/x", "/notes/repo/x"],
    ["local/", siteAt(REPO), "/notes", "/repo/local/notes/x", "/notes/x"],
    // A fixed service has the whole origin.
    ["an app", siteAt(ROOT, "/"), "/", "/x", "/x"],
    ["an app", siteAt(ROOT, "/"), "/", "//x", "//x"],
    ["an app", siteAt(ROOT, "/notes"), "/notes", "/x", "/notes/x"],
    ["an app", siteAt(ROOT, "/notes"), "/notes", "/notes/x", "/notes/notes/x"],
    ["an app", siteAt(ROOT, "/notes"), "/notes", "/.lighthouse/cookies", "/.lighthouse/cookies"],
    ["an app in a folder", siteAt(REPO, "/"), "/", "/repo/x", "/x"],
    ["an app in a folder", siteAt(REPO, "/"), "/", "/x", "/x"],
    ["an app in a folder", siteAt(REPO, "/notes"), "/notes", "/repo/x", "/notes/x"],
    [
      "an app in a folder",
      siteAt(REPO, "/notes"),
      "/notes",
      "/repository/x",
      "/notes/repository/x",
    ],
    // Several apps keep their paths.
    ["apps", siteAt(ROOT, null), undefined, "/notes/x", "/notes/x"],
    ["apps", siteAt(ROOT, null), "/notes", "/notes/x", "/notes/x"],
    ["apps", siteAt(ROOT, null), "/notes", "/x", "/notes/x"],
    ["apps", siteAt(ROOT, null), "/notes", "/a/b/x", "/notes/a/b/x"],
    ["apps in a folder", siteAt(REPO, null), "/notes", "/x", "/notes/x"],
    ["apps in a folder", siteAt(REPO, null), "/notes", "/repo/notes/x", "/notes/x"],
    ["apps in a folder", siteAt(REPO, null), "/notes", "/repo/a/b/x", "/a/b/x"],
    ["apps in a folder", siteAt(REPO, null), "/notes", "/repo/x", "/notes/x"],
    ["apps in a folder", siteAt(REPO, null), undefined, "/x", undefined],
  ] as const
) {
  test(`${what} at ${site.scope.pathname}: ${url} of ${service ?? "the site"} is ${path}`, () => {
    assert.is(site.lead(new URL(site.origin + url), service, ALL), path);
  });
}

for (
  const [site, path, place] of [
    [siteAt(ROOT), "/notes/x", "/local/notes/x"],
    [siteAt(REPO), "//x", "/repo/local//x"],
    [siteAt(ROOT, "/"), "/x", "/x"],
    [siteAt(ROOT, "/notes"), "/notes/x", "/x"],
    [siteAt(ROOT, "/notes"), "/notes", "/"],
    [siteAt(REPO, "/notes"), "/notes/x", "/repo/x"],
    [siteAt(REPO, "/notes"), "/.lighthouse/services", "/repo/.lighthouse/services"],
    [siteAt(REPO, null), "/notes/x", "/repo/notes/x"],
  ] as const
) {
  test(`${path} is at ${place}`, () => {
    assert.is(site.placeOf(path), place);
    assert.is(site.pathOf(new URL(site.origin + place)), path === "/notes" ? "/notes/" : path);
  });
}

test("a service's root is at its base", () => {
  assert.is(siteAt(REPO).baseOf("/"), "/repo/local/");
  assert.is(siteAt(REPO).baseOf("/notes"), "/repo/local/notes/");
  assert.is(siteAt(REPO, "/notes").baseOf("/notes"), "/repo/");
  assert.is(siteAt(ROOT, null).baseOf("/notes"), "/notes/");
});

test("the backend learns of the path of the tunnel on the site", () => {
  assert.is(siteAt(REPO).mount, "/repo/local");
  assert.is(siteAt(REPO, null).mount, "/repo");
  assert.is(siteAt(REPO, "/notes").mount, "");
});

test("the script is the site's own", () => {
  assert.is(siteAt(REPO).script.href, `${REPO}local/.lighthouse/inject.js`);
  assert.is(siteAt(REPO, "/").script.href, `${REPO}lighthouse/inject.js`);
});

test.run();
