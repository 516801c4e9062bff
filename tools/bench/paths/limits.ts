// What limits the tunnel over each path, for the tables of docs/bench/paths.md: written by hand, from
// measurements.
import type { BrowserName } from "../../browser.ts";
import type { PathName } from "./paths.ts";

const PROCESSORS = "the processors: browser, host and wire keep two cores busy";
const CUBIC = "upload: the browser's QUIC (CUBIC) slows down at each lost packet";

/** A few words for each path. */
export const PATH_LIMITS: Record<BrowserName, Partial<Record<PathName, string>>> = {
  chromium: {
    lan: PROCESSORS,
    long50: "the browser's UDP socket overflows",
    long100: "the browser's UDP socket overflows",
    loss50: CUBIC,
    loss100: CUBIC,
    wifi20: `${CUBIC}: one raw stream makes 2.8; download: one makes 49`,
    narrow: "the link",
  },
  firefox: {
    lan: "not found: the two cores are 70 % busy",
    long50: CUBIC,
    long100: "not found",
    loss50: CUBIC,
    loss100: CUBIC,
    wifi20: CUBIC,
    narrow: "the link",
  },
};
