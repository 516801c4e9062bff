// Finds the browsers for tests and development, and installs missing ones.
import { accessSync, constants } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import process from "node:process";
import { installDebianPackage } from "./debian.ts";

/** A browser that the tests drive. */
export type BrowserName = "chromium" | "firefox";

/** How to find and install a browser. */
interface Source {
  /** The environment variable with its path. */
  variable: string;
  /** Commands on PATH. */
  names: string[];
  macPaths: string[];
  /** Debian's package. */
  apt: string;
  /** Its name in `@puppeteer/browsers`. */
  download: "chrome" | "firefox";
}

const SOURCES: Record<BrowserName, Source> = {
  chromium: {
    variable: "CHROME_PATH",
    names: ["chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome"],
    macPaths: [
      "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
      "/Applications/Chromium.app/Contents/MacOS/Chromium",
    ],
    apt: "chromium",
    download: "chrome",
  },
  firefox: {
    variable: "FIREFOX_PATH",
    names: ["firefox-esr", "firefox"],
    macPaths: ["/Applications/Firefox.app/Contents/MacOS/firefox"],
    apt: "firefox-esr",
    download: "firefox",
  },
};

/**
 * Returns the path of a browser: of `CHROME_PATH` or `FIREFOX_PATH`, else on PATH (or in macOS's
 * Applications), else of Debian's package, which this process installs if it may, else of a download by
 * `@puppeteer/browsers`.
 *
 * @throws {Error} If no browser is available, with the attempts.
 */
export async function findBrowser(name: BrowserName = "chromium"): Promise<string> {
  const { variable, apt, download } = SOURCES[name];
  const wish = process.env[variable];
  if (wish) {
    if (isExecutable(wish)) return wish;
    throw new Error(`Cannot run ${variable}: ${wish} is not an executable file`);
  }
  const found = onPath(name);
  if (found) return found;

  const tried: string[] = [];
  try {
    installDebianPackage(apt);
    const installed = onPath(name);
    if (installed) return installed;
  } catch (error) {
    tried.push(`apt-get: ${(error as Error).message}`);
  }
  try {
    console.error(`Downloading ${download} by @puppeteer/browsers (once, about 150 MB) …`);
    const { Browser, detectBrowserPlatform, install, resolveBuildId } = await import(
      "@puppeteer/browsers"
    );
    const platform = detectBrowserPlatform();
    if (!platform) throw new Error(`no ${download} is built for ${process.platform}`);
    const browser = download === "chrome" ? Browser.CHROME : Browser.FIREFOX;
    const { executablePath } = await install({
      browser,
      buildId: await resolveBuildId(browser, platform, "stable"),
      cacheDir: join(homedir(), ".cache", "puppeteer"),
    });
    return executablePath;
  } catch (error) {
    tried.push(`@puppeteer/browsers: ${(error as Error).message}`);
  }
  throw new Error(
    `Cannot find or install ${name}: install it, or set ${variable}. Tried:\n${tried.join("\n")}`,
  );
}

function onPath(name: BrowserName): string | undefined {
  const { names, macPaths } = SOURCES[name];
  const folders = (process.env.PATH ?? "").split(delimiter);
  const places = names.flatMap((command) => folders.map((folder) => join(folder, command)));
  if (process.platform === "darwin") places.push(...macPaths);
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
