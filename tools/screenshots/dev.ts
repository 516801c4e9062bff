// Takes the README's picture: `lighthouse-host dev` at a terminal, beside the app in a browser. All of it
// is real: the program's own lines, and the page that its link opens.
import { join } from "node:path";
import type { Browser, Page } from "puppeteer-core";
import { startBackend } from "../local/backend.ts";
import { home } from "../local/backend_home.ts";
import { start } from "../testing/program.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";

/** Size of the app's page, in CSS pixels. */
const PAGE = { width: 560, height: 420 };

const STYLE = `
body { margin: 0; padding: 24px; display: flex; gap: 24px; background: #e9edf1; width: max-content }
figure { margin: 0; border-radius: 10px; overflow: hidden; box-shadow: 0 6px 24px #10222f40 }
figcaption { padding: 9px 14px; font: 13px system-ui, sans-serif; background: #d5dce3; color: #10222f }
pre { margin: 0; padding: 18px; width: 78ch; height: ${PAGE.height - 36}px; box-sizing: content-box;
  font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; white-space: pre-wrap;
  overflow-wrap: anywhere; background: #10222f; color: #e8eef2 }
pre b { color: #ffc766 }
img { display: block }
`;

/** Takes the picture. @returns The picture in WebP. */
export async function pictureOfDev(browser: Browser): Promise<Uint8Array> {
  const folder = temporaryFolder();
  const file = join(folder, "notes.json");
  await using _backend = await startBackend({ file, port: 3000, routes: { "GET /": home } });
  const program = start(["dev", "3000"], {
    HOME: folder,
    LIGHTHOUSE_STATE: join(folder, ".local/state/lighthouse"),
  });
  try {
    const line = await program.until(/http\S+#lighthouse=/);
    const link = /http\S+/.exec(line)![0];
    const page = await browser.newPage();
    await page.setViewport({ ...PAGE, deviceScaleFactor: 2 });
    await page.goto(link);
    const frame = await (await page.waitForSelector("main:not(.covered) iframe"))!.contentFrame();
    await frame.waitForSelector("img");
    await page.waitForNetworkIdle();
    const shown = await page.screenshot({ encoding: "base64", type: "png" });
    // Up to the page's first picture, which is all that the terminal has room for.
    const last = program.lines.findIndex((line) => line.includes("/media/picture.svg"));
    const text = program.lines.slice(0, last + 1).join("\n").replaceAll(folder, "~")
      .replaceAll(/(#(?:lighthouse|token)=[\w-]{6})[\w-]+/g, "$1…");
    return await compose(await browser.newPage(), text, shown);
  } finally {
    await program.end("SIGINT");
  }
}

/** Draws terminal and browser beside each other. @param shown The app's page, a PNG in base64. */
async function compose(page: Page, text: string, shown: string): Promise<Uint8Array> {
  const lines = text.trim().replaceAll("&", "&amp;").replaceAll("<", "&lt;")
    .replaceAll(/^ *(?:Lighthouse dev|Open)/gm, "<b>$&</b>");
  await page.setContent(`<!DOCTYPE html><style>${STYLE}</style>
    <figure><figcaption>Terminal</figcaption><pre><b>$</b> npx lighthouse-tunnel dev 3000

${lines}</pre></figure>
    <figure><figcaption>http://localhost:4600/</figcaption>
    <img src="data:image/png;base64,${shown}" width="${PAGE.width}" height="${PAGE.height}"></figure>`);
  await page.evaluate(() => document.images[0]!.decode());
  const body = (await page.$("body"))!;
  const box = (await body.boundingBox())!;
  await page.setViewport({
    width: Math.ceil(box.width),
    height: Math.ceil(box.height),
    deviceScaleFactor: 1.5,
  });
  return await body.screenshot({ type: "webp", quality: 75 });
}
