// Reads settings and state folder for the commands.
import { existsSync } from "node:fs";
import { join } from "node:path";
import process from "node:process";
import { LighthouseError } from "../../wire/mod.ts";
import { type HostConfig, parseConfig, parsePage } from "../config/config.ts";
import { type ConfigFile, readConfigFile, type ReadOptions } from "../config/config_file.ts";
import { homeOf, pathsOf } from "../config/paths.ts";
import { resolvePath } from "../config/setting_files.ts";
import { badSetting } from "../config/setting_parsers.ts";
import { type Settings, variableOf } from "../config/settings.ts";
import { checkFolder, checkPossible } from "../platform/private_folder.ts";
import { line, paint, print } from "../platform/terminal.ts";

type Environment = Record<string, string | undefined>;

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
  environment: Environment = process.env,
): Promise<CommandState> {
  return await open(flags, environment, {});
}

/**
 * Does the same as {@linkcode openState} for the commands that must work with a wrong settings file, such as
 * `revoke`. They get the settings that are well.
 *
 * @param tell Called with the first trouble. @default warns on standard error
 * @throws {LighthouseError} `bad-config` if the state folder cannot be.
 */
export async function openStateAnyway(
  flags: Settings,
  environment: Environment = process.env,
  tell: (trouble: Error, state: string) => void = warn,
): Promise<CommandState & { trouble: Error | undefined }> {
  const troubles: Error[] = [];
  const opened = await open(flags, environment, { onTrouble: (each) => troubles.push(each) });
  const [trouble] = troubles;
  const { file, state } = opened;
  if (!trouble) return { ...opened, trouble };
  tell(trouble, state);
  const isOfFile = stateIn(flags, environment) === undefined && file.settings.state !== undefined;
  // Whoever can write to the file could name a folder of theirs.
  if (isOfFile && existsSync(state)) checkFolder(state);
  return { ...opened, trouble };
}

function warn({ message }: Error, state: string): void {
  const mark = paint("yellow", "warning:", process.stderr);
  const text = `${message}${
    message.endsWith("?") ? "" : "."
  } Going on with the state folder ${state}`;
  print(line`${mark} ${text}`, process.stderr);
}

/**
 * Refuses to make a host key where perhaps another folder is meant: the one that a wrong settings file names.
 *
 * @throws {LighthouseError} `bad-config`.
 */
export function checkHasKey(
  { file, state, trouble }: Awaited<ReturnType<typeof openStateAnyway>>,
  flags: Settings,
): void {
  const isSure = !trouble || file.settings.state !== undefined ||
    stateIn(flags, process.env) !== undefined;
  if (isSure || existsSync(join(state, "host.key"))) return;
  throw new LighthouseError(
    "bad-config",
    `${state} has no host key. Correct ${file.path}, or name the state folder by --state`,
  );
}

async function open(
  flags: Settings,
  environment: Environment,
  options: ReadOptions,
): Promise<CommandState> {
  const paths = pathsOf(environment);
  const file = await readConfigFile(paths.config, options);
  const given = stateIn(flags, environment) ?? (file.settings.state || paths.state);
  const state = resolvePath(given, homeOf(environment));
  checkPossible(state);
  return { file, state };
}

/** The state folder that a flag or a variable names. */
function stateIn(flags: Settings, { LIGHTHOUSE_STATE: ofEnvironment }: Environment) {
  if (flags.state === "") throw badSetting("--state is empty: give a folder, or leave it out");
  return flags.state ?? (ofEnvironment || undefined);
}

/**
 * Reads the configuration from flags, variables and the settings file.
 *
 * @throws {LighthouseError} `bad-config`, with the place in the file if the wrong setting is there.
 */
export function readConfig(
  flags: Settings,
  file: ConfigFile,
  environment: Environment = process.env,
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
