// Draws the PNG icons of sites from the SVG beside them. Run it after a change of the SVG:
//
//     node tools/icons.ts
import { readFile, writeFile } from "node:fs/promises";
import { launchBrowser } from "./e2e/browser.ts";

const FOLDER = "host/site/files/icons";

/** The icons: side in pixels, and the part of it that the drawing has. */
const ICONS: { name: string; side: number; part: number; isFull: boolean }[] = [
  { name: "icon-192.png", side: 192, part: 1, isFull: false },
  { name: "icon-512.png", side: 512, part: 1, isFull: false },
  // Systems cut off what is outside of a circle: https://www.w3.org/TR/appmanifest/#icon-masks
  { name: "icon-maskable-512.png", side: 512, part: 0.8, isFull: true },
  // iOS rounds the corners itself, and shows black where they are clear.
  { name: "apple-touch-icon.png", side: 180, part: 0.9, isFull: true },
];

const drawing = await readFile(`${FOLDER}/icon.svg`, "utf8");
const [, colour] = /<rect[^>]*fill="([^"]+)"/.exec(drawing)!;
const browser = await launchBrowser("chromium");
try {
  const page = await browser.newPage();
  for (const { name, side, part, isFull } of ICONS) {
    await page.setViewport({ width: side, height: side });
    await page.setContent(`<!doctype html><style>
      body { margin: 0; height: 100vh; display: grid; place-items: center; ${
      isFull ? `background: ${colour}` : ""
    } }
      svg { width: ${part * 100}vw; height: ${part * 100}vw }
    </style>${drawing}`);
    await writeFile(`${FOLDER}/${name}`, await page.screenshot({ omitBackground: !isFull }));
  }
} finally {
  await browser.close();
}
