// `npm run screenshots`: takes the pictures of docs/apps.md, each of a real app on a site in app mode, and
// that of the README.
//
//     npm run screenshots                      all pictures
//     npm run screenshots -- --only jupyter    those of apps whose names have the word
//     npm run screenshots -- --only readme     the README's
import { mkdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import type { Browser, Page } from "puppeteer-core";
import { build } from "../build.ts";
import type { RealApp } from "../compatibility/real_apps/real_app.ts";
import { REAL_APPS } from "../compatibility/real_apps/mod.ts";
import { startApp } from "../compatibility/running_app.ts";
import { SHOW } from "../compatibility/ways.ts";
import { pictureOfDev } from "./dev.ts";
import { launchForDownloads } from "../compatibility/downloads.ts";

const FOLDER = "docs/apps";
const README = "docs/images/dev.webp";

/** The longest picture, in bytes: a clone of the repository has all of them. */
const MOST_BYTES = 60 * 1024;

/** Time for an app to finish its pictures and transitions, in milliseconds. */
const SETTLE_MS = 1500;

const { values: { only = "" } } = parseArgs({ options: { only: { type: "string" } } });
// The apps end with this process.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));

await build();
await mkdir(FOLDER, { recursive: true });
const browser = await launchForDownloads("chromium");
if ("readme".includes(only.toLowerCase())) await writeFile(README, await pictureOfDev(browser));
for (const app of REAL_APPS) {
  if (!app.name.toLowerCase().includes(only.toLowerCase())) continue;
  try {
    console.log(`${app.name}: ${await picture(app, browser)}`);
  } catch (error) {
    process.exitCode = 1;
    console.error(`${app.name}: ${(error as Error).message}`);
  }
}
await browser.close();

/** Takes an app's picture. @returns Its path and length. */
async function picture(app: RealApp, browser: Browser): Promise<string> {
  await using running = await startApp(app);
  await using shown = await SHOW.site({ app, url: running.url }, browser);
  const { tab } = shown;
  await tab.page.setViewport({ width: 960, height: 600 });
  await tab.open(app.first ?? "");
  for (const step of app.pose ? [app.pose] : Object.values(app.steps)) await step(tab);
  await sleep(SETTLE_MS);
  const path = join(FOLDER, `${app.id}.webp`);
  await rm(path, { force: true });
  await writeFile(path, await smallPicture(tab.page));
  return `${path}, ${Math.ceil((await stat(path)).size / 1024)} KiB, ${running.versions}`;
}

/** Takes a picture with the best quality that fits. */
async function smallPicture(page: Page): Promise<Uint8Array> {
  for (const quality of [85, 70, 50, 30]) {
    const bytes = await page.screenshot({ type: "webp", quality });
    if (bytes.length <= MOST_BYTES) return bytes;
  }
  throw new Error(`The picture is longer than ${MOST_BYTES} bytes at the lowest quality`);
}
