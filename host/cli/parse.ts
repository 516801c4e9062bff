// Parses a command line into a command, its flags and its arguments.
import { parseArgs } from "node:util";
import { type SettingName, SETTINGS, type Settings } from "../config/settings.ts";
import { suggestion } from "../config/suggest.ts";
import { type Command, COMMON, type Flags, requiredOf, takesMore } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type FlagName, FLAGS, type FlagValues, optionsOf } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

/** A parsed command line. */
export interface CommandLine {
  /** The command's name. */
  name: string;
  command: Command;
  flags: Flags;
  args: string[];
}

const options = optionsOf(FLAGS);

/**
 * Parses a command line.
 *
 * @throws {UsageError} With the wrong word, and a suggestion.
 */
export function parseCommandLine(args: string[]): CommandLine {
  const { values, positionals } = parse(args);
  const [first = values.version ? "version" : "help", ...rest] = positionals;
  if (!Object.hasOwn(COMMANDS, first)) {
    throw new UsageError(`Unknown command: ${first}${suggestion(first, Object.keys(COMMANDS))}`);
  }
  if (values.help) {
    return { name: "help", command: COMMANDS.help!, flags: flagsOf(values), args: positionals };
  }
  const command = COMMANDS[first]!;
  checkFlags(first, command, values);
  const names = command.args ?? [];
  const unexpected = takesMore(command) ? undefined : rest[names.length];
  if (unexpected !== undefined) {
    const isOption = /^[a-z]+=|^insecure$/.test(unexpected);
    const hint = isOption ? ". Quote a backend with its options: '5000 as=proxy'" : "";
    throw new UsageError(`Unexpected argument: ${unexpected}${hint}`, { command: first });
  }
  const missing = requiredOf(command)[rest.length];
  if (missing !== undefined) {
    throw new UsageError(`Cannot ${command.does ?? first}: ${missing} is missing`, {
      command: first,
    });
  }
  return { name: first, command, flags: flagsOf(values), args: rest };
}

function parse(args: string[]): { values: FlagValues; positionals: string[] } {
  try {
    const parsed = parseArgs({ args, options, allowPositionals: true, allowNegative: true });
    return parsed as { values: unknown; positionals: string[] } as {
      values: FlagValues;
      positionals: string[];
    };
  } catch (cause) {
    const { message, code } = cause as Error & { code?: string };
    const [, dashes, unknown] = /^Unknown option '(--?)(?:no-)?([^']*)'/.exec(message) ?? [];
    if (code !== "ERR_PARSE_ARGS_UNKNOWN_OPTION" || unknown === undefined) {
      throw new UsageError(message, { cause });
    }
    const meant = suggestion(unknown, Object.keys(FLAGS), "--");
    throw new UsageError(`Unknown option: ${dashes}${unknown}${meant}`, { cause });
  }
}

/** @throws {UsageError} If a flag is not for this command. */
function checkFlags(name: string, command: Command, values: FlagValues): void {
  const own = [...command.flags, ...COMMON, "help", "version"];
  for (const flag of Object.keys(values) as FlagName[]) {
    if (values[flag] === undefined || own.includes(flag)) continue;
    const others = Object.entries(COMMANDS).filter(([, { flags }]) => flags.includes(flag));
    const names = others.map(([other]) => other).join(", ");
    throw new UsageError(`--${flag} is for ${names}, not for ${name}`, { command: name });
  }
}

function flagsOf(values: FlagValues): Flags {
  const { json = false, wait = true, name, for: prefixes, system, print, follow, lines } = values;
  const { icon, update, key, app, "key-site": keySite } = values;
  const ofSite = { icon, update, key, app, "key-site": keySite };
  const flags = { json, wait, name, for: prefixes, system, print, follow, lines, ...ofSite };
  return { settings: settingsIn(values), ...flags };
}

/** The settings among the flags. Spaces join the values of a text that was given several times. */
function settingsIn(values: FlagValues): Settings {
  const given = (Object.keys(SETTINGS) as SettingName[]).filter((name) =>
    values[name] !== undefined
  );
  return Object.fromEntries(given.map((name) => {
    const value = values[name]!;
    const isJoined = SETTINGS[name].kind !== "list" && Array.isArray(value);
    return [name, isJoined ? value.join(" ") : value];
  }));
}
