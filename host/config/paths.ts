// The paths of the host's files, by the platform's conventions.
import { homedir, platform as osPlatform } from "node:os";
import { isAbsolute, join } from "node:path";

/** The host's paths. They need not exist yet. */
export interface Paths {
  /** The settings file. */
  config: string;
  /** The state folder: the host's key, devices and pairings. */
  state: string;
  /** The cache folder: what can be fetched again. */
  cache: string;
}

const NAME = "lighthouse";

/**
 * Finds the paths.
 *
 * - macOS: `~/Library/Application Support/lighthouse`, and `~/Library/Caches/lighthouse`
 * - elsewhere: `lighthouse` in `$XDG_CONFIG_HOME` (`~/.config`), in `$XDG_STATE_HOME`
 *   (`~/.local/state`) and in `$XDG_CACHE_HOME` (`~/.cache`): https://specifications.freedesktop.org/basedir-spec/latest/
 *
 * @param platform A name of `os.platform()`. @default This machine's.
 *
 * @example
 * ```ts
 * import { pathsOf } from "./paths.ts";
 *
 * console.log(pathsOf({ HOME: "/home/me" }, "linux").config); // "/home/me/.config/lighthouse/config.json"
 * ```
 */
export function pathsOf(
  environment: Record<string, string | undefined>,
  platform: string = osPlatform(),
): Paths {
  const home = homeOf(environment);
  if (platform === "darwin") {
    const folder = join(home, "Library", "Application Support", NAME);
    const cache = join(home, "Library", "Caches", NAME);
    return { config: join(folder, "config.json"), state: folder, cache };
  }
  // The specification ignores relative paths.
  const folderOf = (variable: string, ...fallback: string[]) => {
    const value = environment[variable];
    return join(value && isAbsolute(value) ? value : join(home, ...fallback), NAME);
  };
  return {
    config: join(folderOf("XDG_CONFIG_HOME", ".config"), "config.json"),
    state: folderOf("XDG_STATE_HOME", ".local", "state"),
    cache: folderOf("XDG_CACHE_HOME", ".cache"),
  };
}

/** The user's home. A user without an entry in the system's list and without HOME has `/`, as in Docker. */
export function homeOf({ HOME: home }: Record<string, string | undefined>): string {
  if (home) return home;
  try {
    return homedir();
  } catch {
    return "/";
  }
}
