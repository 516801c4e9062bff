// The path between the page and the servers: loopback, or the long link of long_link.ts.
import type { LaunchOptions } from "puppeteer-core";

/** A path between a page's browser and servers on 127.0.0.1 of this side. */
export interface Link extends AsyncDisposable {
  /** Flags for Chromium. */
  readonly flags: string[];
  /** Returns the program to run in place of the browser's. */
  programOf(browser: string): Promise<string>;
  /** Options for Firefox, which has other ways to what Chromium does by flags. @default none */
  firefoxOptions?(): Promise<LaunchOptions>;
  /** Opens a port of 127.0.0.1 to the page, under the same address. Again, it does nothing. */
  reach(port: number): Promise<void>;
}

/** Page and host on one machine. */
export const loopback: Link = {
  flags: [],
  programOf: (browser) => Promise.resolve(browser),
  reach: () => Promise.resolve(),
  [Symbol.asyncDispose]: () => Promise.resolve(),
};
