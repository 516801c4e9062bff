// What limits the tunnel over each path, for the tables of docs/bench/paths.md: written by hand, from
// measurements.
import type { BrowserName } from "../../browser.ts";
import type { PathName } from "./paths.ts";

/** A few words for each path. */
export const PATH_LIMITS: Record<BrowserName, Partial<Record<PathName, string>>> = {
  chromium: {},
  firefox: {},
};
