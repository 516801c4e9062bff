// Reads settings and state folder for the commands.
import { resolve } from "node:path";
import process from "node:process";
import { type HostConfig, parseConfig, parsePage } from "../config/config.ts";
import { type ConfigFile, readConfigFile } from "../config/config_file.ts";
import { pathsOf } from "../config/paths.ts";
import { type Settings, variableOf } from "../config/settings.ts";
import { checkPossible } from "../platform/private_folder.ts";

/** The settings file and the state folder of a command. */
export interface CommandState {
  file: ConfigFile;
  /** The state folder's path. */
  state: string;
}

/**
 * Reads the settings file, and finds the state folder: by flag, variable, file or default.
 *
 * @throws {LighthouseError} `bad-config`.
 */
export async function openState(
  flags: Settings,
  environment: Record<string, string | undefined> = process.env,
): Promise<CommandState> {
  const paths = pathsOf(environment);
  const file = await readConfigFile(paths.config);
  const { state: ofFile } = file.settings;
  const state = resolve(flags.state ?? (environment.LIGHTHOUSE_STATE || ofFile) ?? paths.state);
  checkPossible(state);
  return { file, state };
}

/**
 * Reads the configuration from flags, variables and the settings file.
 *
 * @throws {LighthouseError} `bad-config`, with the place in the file if the wrong setting is there.
 */
export function readConfig(
  flags: Settings,
  file: ConfigFile,
  environment: Record<string, string | undefined> = process.env,
): { config: HostConfig; page: URL | undefined } {
  try {
    const config = parseConfig(flags, environment, file.settings);
    return { config, page: parsePage(flags, environment, file.settings) };
  } catch (error) {
    throw file.blame(error, (name) => {
      const isSet = Boolean(environment[variableOf(name)]);
      return flags[name as keyof Settings] !== undefined || isSet;
    });
  }
}
