// `npm run screenshots:states -- FOLDER`: takes pictures of what a visitor sees in each state: the pill,
// the pages around an app, the demo pages and the inspector, in each of some looks.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import type { Page } from "puppeteer-core";
import { launchBrowser } from "../e2e/browser.ts";
import { startLooks } from "../looks/server.ts";
import type { StandIn } from "../looks/pages/stand_in.ts";

/** A way in which a page is looked at. */
interface Look {
  lang?: "de";
  width?: number;
  dark?: true;
  forced?: true;
  dir?: "rtl";
  /** In percent, as the browser's setting of the text's size. */
  text?: number;
}

const LOOKS: Record<string, Look> = {
  light: {},
  dark: { dark: true },
  forced: { forced: true },
  german: { lang: "de" },
  narrow: { width: 320, lang: "de" },
  large: { width: 640, text: 200 },
  rtl: { dir: "rtl" },
};

/** The states of which the pages are shown. */
const STATES = ["not-paired", "signalling", "host-offline", "connected", "host-key-changed"];

const [folder = "screenshots", only = ""] = process.argv.slice(2);
await mkdir(folder, { recursive: true });
await using server = await startLooks();
const browser = await launchBrowser();
for (const [name, look] of Object.entries(LOOKS)) {
  const { lang = "en", dir = "ltr", width = 960, dark, forced, text = 100 } = look;
  const page = await browser.newPage();
  await page.setViewport({ width, height: 720 });
  await page.emulateMediaFeatures([
    { name: "prefers-color-scheme", value: dark ? "dark" : "light" },
  ]);
  const session = await page.createCDPSession();
  if (forced) {
    const features = [{ name: "forced-colors", value: "active" }];
    await session.send("Emulation.setEmulatedMedia", { features });
  }
  await session.send("Emulation.setLocaleOverride", { locale: lang });
  await page.evaluateOnNewDocument((lang) => {
    Object.defineProperty(Navigator.prototype, "languages", { get: () => [lang] });
  }, lang);
  const open = async (path: string) => {
    await page.goto(`${server.url}${path}?lang=${lang}&dir=${dir}`);
    await page.addStyleTag({ content: `html { font-size: ${text}% !important }` }).catch(() => {});
  };
  const take = async (subject: string) => {
    const path = join(folder, `${subject}-${name}.png`);
    if (path.includes(only)) await page.screenshot({ path, fullPage: true });
  };
  await open("/pills");
  await page.waitForSelector("body[data-ready]");
  await take("pills");
  for (
    const [subject, path] of [["shell", "/shell/"], ["demo", "/demo/"], ["web", "/demo/web.html"]]
  ) {
    await open(path!);
    await page.waitForSelector("lighthouse-tunnel:defined");
    for (const state of STATES) {
      await show(page, state);
      await take(`${subject}-${state}`);
    }
  }
  await page.close();
}
await browser.close();

/** Has the stand-in show a state. */
async function show(page: Page, state: string): Promise<void> {
  await page.$eval("lighthouse-tunnel", (tunnel, state) => {
    (tunnel as unknown as StandIn).show(state);
  }, state);
  await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 100)));
}
