import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { pathsOf } from "./paths.ts";

const test = suite("paths");

const HOME = "/home/me";

test("placesOf() follows the XDG specification, with its defaults", () => {
  assert.equal(pathsOf({ HOME }, "linux"), {
    config: "/home/me/.config/lighthouse/config.json",
    state: "/home/me/.local/state/lighthouse",
    cache: "/home/me/.cache/lighthouse",
  });
  const variables = { HOME, XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s", XDG_CACHE_HOME: "/t" };
  assert.equal(pathsOf(variables, "freebsd"), {
    config: "/c/lighthouse/config.json",
    state: "/s/lighthouse",
    cache: "/t/lighthouse",
  });
});

test("placesOf() takes an empty or a relative variable for one that is not set", () => {
  assert.equal(
    pathsOf({ HOME, XDG_CONFIG_HOME: "", XDG_STATE_HOME: "state" }, "linux"),
    pathsOf({ HOME }, "linux"),
  );
});

test("placesOf() has one folder on macOS, besides the cache", () => {
  assert.equal(pathsOf({ HOME: "/Users/me", XDG_CONFIG_HOME: "/c" }, "darwin"), {
    config: "/Users/me/Library/Application Support/lighthouse/config.json",
    state: "/Users/me/Library/Application Support/lighthouse",
    cache: "/Users/me/Library/Caches/lighthouse",
  });
});

test.run();
