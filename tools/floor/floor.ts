// The oldest browsers that the pages run in, and those that still show why they do not.

/** The floor, by the names of browser-compat-data. @see docs/browsers.md */
export const FLOOR = { chrome: "119", firefox: "124", safari: "17.4" } as const;

/** esbuild's targets of what runs only where everything is there. */
export const BROWSERS = ["chrome119", "firefox124", "safari17.4"];

/**
 * esbuild's targets of what must be read in older browsers too, so that it can say that they are too old.
 * Before these, private members of classes would have to become WeakMaps, 5 KiB of code.
 */
export const READABLE_IN = ["chrome91", "firefox90", "safari15"];
