// Visits the real apps: some at once, each by one way after the other.
import type { Browser } from "puppeteer-core";
import type { BrowserName } from "../browser.ts";
import { launchForDownloads } from "./downloads.ts";
import type { RealApp } from "./real_apps/real_app.ts";
import { visitBy, type Way } from "./ways.ts";

/** A row of the table of real apps. */
export interface RealRow {
  app: RealApp;
  versions: string;
  /** For each way and browser, such as `site chromium`, the steps that did not work. */
  cells: Record<string, string[]>;
}

/** What to visit. */
export interface RealRowsOptions {
  apps: RealApp[];
  ways: Way[];
  browsers: BrowserName[];
}

/** Apps that are visited at once: as many as small machines have processors. */
const AT_ONCE = 2;

/** Time for one visit, in milliseconds: a browser's driver may wait for ever. */
const VISIT_MS = 180_000;

/** Visits the apps, and prints each outcome. @returns The rows, and the browsers with their versions. */
export async function visitRealApps({ apps, ways, browsers }: RealRowsOptions) {
  await using stack = new AsyncDisposableStack();
  const launched = new Map<BrowserName, Browser>();
  for (const name of browsers) {
    const browser = await launchForDownloads(name);
    stack.defer(() => browser.close());
    launched.set(name, browser);
  }
  const rows: RealRow[] = apps.map((app) => ({ app, versions: "", cells: {} }));
  const left = [...rows];
  const visitNext = async (): Promise<void> => {
    const row = left.shift();
    if (!row) return;
    for (const way of ways) {
      for (const [name, browser] of launched) {
        const { versions, failures } = await inTime(visitBy(way, row.app, browser))
          .catch((error: Error) => ({ versions: row.versions, failures: [error.message] }));
        row.versions = versions;
        row.cells[`${way} ${name}`] = failures;
        console.log(`${row.app.name}, ${way}, ${name}: ${failures.join("; ") || "works"}`);
      }
    }
    await visitNext();
  };
  await Promise.all(Array.from({ length: AT_ONCE }, visitNext));
  const versions = await Promise.all([...launched.values()].map((browser) => browser.version()));
  return { rows, versions };
}

/** The outcome of a visit. @throws {Error} If it takes too long. */
async function inTime<Outcome>(visit: Promise<Outcome>): Promise<Outcome> {
  const { promise, reject } = Promise.withResolvers<never>();
  const late = new Error(`The visit did not end within ${VISIT_MS / 1000} s`);
  const timer = setTimeout(() => reject(late), VISIT_MS);
  return await Promise.race([visit, promise]).finally(() => clearTimeout(timer));
}
