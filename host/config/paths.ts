// Where the host keeps its files: each in the place that its platform has for them.
import { homedir, platform as osPlatform } from "node:os";
import { isAbsolute, join } from "node:path";

/** The host's places. None of them need exist yet. */
export interface Paths {
  /** The file with the settings. */
  config: string;
  /** The folder for what the host itself remembers. */
  state: string;
}

const NAME = "lighthouse";

/**
 * Finds the places.
 *
 * - macOS: `~/Library/Application Support/lighthouse`
 * - elsewhere: `lighthouse` in `$XDG_CONFIG_HOME` (`~/.config`) and in `$XDG_STATE_HOME`
 *   (`~/.local/state`): https://specifications.freedesktop.org/basedir-spec/latest/
 *
 * @param platform As `os.platform()` names it. @default this machine's
 *
 * @example
 * ```ts
 * import { placesOf } from "./paths.ts";
 *
 * console.log(placesOf({ HOME: "/home/me" }, "linux").config); // "/home/me/.config/lighthouse/config.json"
 * ```
 */
export function pathsOf(
  environment: Record<string, string | undefined>,
  platform: string = osPlatform(),
): Paths {
  const home = environment.HOME || homedir();
  if (platform === "darwin") {
    const folder = join(home, "Library", "Application Support", NAME);
    return { config: join(folder, "config.json"), state: folder };
  }
  // What is relative counts as not set, says the specification.
  const folderOf = (variable: string, ...fallback: string[]) => {
    const value = environment[variable];
    return join(value && isAbsolute(value) ? value : join(home, ...fallback), NAME);
  };
  return {
    config: join(folderOf("XDG_CONFIG_HOME", ".config"), "config.json"),
    state: folderOf("XDG_STATE_HOME", ".local", "state"),
  };
}
