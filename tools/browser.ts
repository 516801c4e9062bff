// Finds a Chromium for tests and development, and installs one where there is none.
import { execFileSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";

const NAMES = ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"];
const MAC_PATHS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
];

/**
 * The path of a Chrome or Chromium: `CHROME_PATH`, else one on PATH (or in macOS's Applications),
 * else Debian's package where this process may install it, else a download by `@puppeteer/browsers`.
 *
 * @throws {Error} when none can be had, with what was tried.
 */
export async function findBrowser(): Promise<string> {
  const wish = process.env.CHROME_PATH;
  if (wish) {
    if (isExecutable(wish)) return wish;
    throw new Error(`Cannot run CHROME_PATH: ${wish} is not an executable file`);
  }
  const found = onPath();
  if (found) return found;

  const tried: string[] = [];
  if (process.platform === "linux" && process.getuid?.() === 0) {
    try {
      console.error("Installing Chromium by apt-get (once) …");
      const options = { stdio: ["ignore", 2, 2] as ["ignore", number, number] };
      execFileSync("apt-get", ["update", "-qq"], options);
      const flags = ["install", "-y", "-qq", "--no-install-recommends"];
      execFileSync("apt-get", [...flags, "chromium"], {
        ...options,
        env: { ...process.env, DEBIAN_FRONTEND: "noninteractive" },
      });
      const installed = onPath();
      if (installed) return installed;
    } catch (error) {
      tried.push(`apt-get: ${(error as Error).message}`);
    }
  }
  try {
    console.error("Downloading Chrome by @puppeteer/browsers (once, about 150 MB) …");
    const { Browser, detectBrowserPlatform, install, resolveBuildId } = await import(
      "@puppeteer/browsers"
    );
    const platform = detectBrowserPlatform();
    if (!platform) throw new Error(`no Chrome is built for ${process.platform}`);
    const { executablePath } = await install({
      browser: Browser.CHROME,
      buildId: await resolveBuildId(Browser.CHROME, platform, "stable"),
      cacheDir: join(homedir(), ".cache", "puppeteer"),
    });
    return executablePath;
  } catch (error) {
    tried.push(`@puppeteer/browsers: ${(error as Error).message}`);
  }
  throw new Error(
    `Cannot find or install a Chromium: install one, or set CHROME_PATH. Tried:\n${
      tried.join("\n")
    }`,
  );
}

function onPath(): string | undefined {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = NAMES.flatMap((name) => folders.map((folder) => join(folder, name)));
  if (process.platform === "darwin") places.push(...MAC_PATHS);
  return places.find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
