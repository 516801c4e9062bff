import * as assert from "uvu/assert";
import { suite } from "../../tools/testing/suite.ts";
import { pathsOf } from "./paths.ts";

const test = suite("paths");

const HOME = "/home/me";

test("placesOf() follows the XDG specification, with its defaults", () => {
  assert.equal(pathsOf({ HOME }, "linux"), {
    config: "/home/me/.config/lighthouse/config.json",
    state: "/home/me/.local/state/lighthouse",
  });
  assert.equal(pathsOf({ HOME, XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s" }, "freebsd"), {
    config: "/c/lighthouse/config.json",
    state: "/s/lighthouse",
  });
});

test("placesOf() takes an empty or a relative variable for one that is not set", () => {
  assert.equal(
    pathsOf({ HOME, XDG_CONFIG_HOME: "", XDG_STATE_HOME: "state" }, "linux"),
    pathsOf({ HOME }, "linux"),
  );
});

test("placesOf() has one folder on macOS", () => {
  assert.equal(pathsOf({ HOME: "/Users/me", XDG_CONFIG_HOME: "/c" }, "darwin"), {
    config: "/Users/me/Library/Application Support/lighthouse/config.json",
    state: "/Users/me/Library/Application Support/lighthouse",
  });
});

test.run();
