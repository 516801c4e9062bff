// The icons of a site: the program's, or files of the owner's.
import { readFile } from "node:fs/promises";
import { badSetting } from "../config/setting_parsers.ts";

/** An icon of a site. */
export interface Icon {
  /** Its path in the site. */
  path: string;
  type: "image/png" | "image/svg+xml";
  /** As a manifest has them, such as `512x512`; undefined for one that is not in the manifest. */
  sizes?: string;
  /** `maskable` for one whose edges a system may cut off. */
  purpose?: "maskable";
  /** Whether iOS shows it on the home screen. */
  isApple?: boolean;
}

/** An icon of the owner's. */
export interface OwnIcon extends Icon {
  bytes: Uint8Array;
}

/** The program's, which tools/icons.ts draws. The first one is the tab's. */
export const DEFAULT_ICONS: Icon[] = [
  { path: "lighthouse/icon.svg", type: "image/svg+xml", sizes: "any" },
  { path: "lighthouse/icon-192.png", type: "image/png", sizes: "192x192" },
  { path: "lighthouse/icon-512.png", type: "image/png", sizes: "512x512" },
  {
    path: "lighthouse/icon-maskable-512.png",
    type: "image/png",
    sizes: "512x512",
    purpose: "maskable",
  },
  { path: "lighthouse/apple-touch-icon.png", type: "image/png", isApple: true },
];

/** Least side of a PNG in pixels: browsers install no site with smaller icons. */
const MIN_SIDE = 192;

/** Most bytes of an icon. */
const MAX_BYTES = 1024 * 1024;

/** https://www.w3.org/TR/png-3/#3PNGsignature */
const PNG = Buffer.from("\x89PNG\r\n\x1a\n", "latin1");

/**
 * Reads icons: SVG, or square PNG of at least 192 pixels.
 *
 * @param files The values of `--icon`.
 * @throws {LighthouseError} `bad-config`.
 */
export async function readIcons(files: string[]): Promise<OwnIcon[]> {
  const icons: OwnIcon[] = [];
  for (const file of files) {
    const icon = parseIcon(file, await readIcon(file));
    if (icons.some(({ path }) => path === icon.path)) {
      throw badSetting(`--icon ${file} is the second one of its size: give each size once`);
    }
    icons.push(icon);
  }
  const largest = icons.filter(({ type }) => type === "image/png").at(-1);
  // iOS takes no SVG.
  if (largest) largest.isApple = true;
  return icons;
}

async function readIcon(file: string): Promise<Uint8Array> {
  const bytes = await readFile(file).catch((error: Error) => {
    throw badSetting(`--icon ${file} cannot be read: ${error.message}`);
  });
  if (bytes.length <= MAX_BYTES) return bytes;
  throw badSetting(`--icon ${file} is larger than 1 MiB: phones load it before the app`);
}

function parseIcon(file: string, bytes: Uint8Array): OwnIcon {
  const buffer = Buffer.from(bytes);
  if (buffer.subarray(0, PNG.length).equals(PNG) && buffer.length >= 24) {
    // The first chunk is IHDR: https://www.w3.org/TR/png-3/#11IHDR
    const [width, height] = [buffer.readUInt32BE(16), buffer.readUInt32BE(20)];
    if (width !== height || width < MIN_SIDE) {
      throw badSetting(
        `--icon ${file} is ${width} by ${height} pixels: give a square one of ${MIN_SIDE} or more, ` +
          "such as 512 by 512",
      );
    }
    const sizes = `${width}x${width}`;
    return { path: `lighthouse/icon-${width}.png`, type: "image/png", sizes, bytes };
  }
  if (/^\uFEFF?\s*(?:<\?xml[^>]*>|<!--[\s\S]*?-->|<!DOCTYPE[^>]*>|\s)*<svg\b/i.test(`${buffer}`)) {
    return { path: "lighthouse/icon.svg", type: "image/svg+xml", sizes: "any", bytes };
  }
  throw badSetting(`--icon ${file} is neither PNG nor SVG`);
}
