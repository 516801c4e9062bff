// Parses a command line into a command, its flags and its arguments.
import { parseArgs } from "node:util";
import { type SettingName, SETTINGS, type Settings } from "../config/settings.ts";
import { type Command, COMMON, type Flags, requiredOf, takesMore } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { type FlagName, FLAGS, type FlagValues, formatFlag, optionsOf } from "./flags.ts";
import { argumentHint, commandHint, flagHint, meantFlag } from "./hints.ts";
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
    throw new UsageError(`Unknown command: ${first}${commandHint(first, rest, COMMANDS)}`);
  }
  if (values.help) {
    return { name: "help", command: COMMANDS.help!, flags: flagsOf(values), args: positionals };
  }
  const command = COMMANDS[first]!;
  checkFlags(first, command, values);
  const names = command.args ?? [];
  const unexpected = takesMore(command) ? undefined : rest[names.length];
  if (unexpected !== undefined) {
    const hint = argumentHint(first, rest, COMMANDS);
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
    const name = args.find((arg) => !arg.startsWith("-"));
    const command = name && Object.hasOwn(COMMANDS, name) ? name : undefined;
    if (code === "ERR_PARSE_ARGS_INVALID_OPTION_VALUE") {
      throw new UsageError(explainValue(message), { cause, command });
    }
    const [, dashes, unknown] = /^Unknown option '(--?)([^']*)'/.exec(message) ?? [];
    if (unknown === undefined) throw new UsageError(message, { cause, command });
    const hint = flagHint(unknown, command ? COMMANDS[command] : undefined);
    throw new UsageError(`Unknown option: ${dashes}${unknown}${hint}`, { cause, command });
  }
}

/** What Node.js says of a flag's value, in the words of this program. */
function explainValue(message: string): string {
  const [, name = ""] = /--([\w-]+)/.exec(message) ?? [];
  if (!Object.hasOwn(FLAGS, name)) return message;
  if (message.includes("does not take")) return `--${name} takes no value`;
  const dash = message.includes("ambiguous")
    ? `. A value that begins with a dash follows "=": --${name}=-…`
    : "";
  return `--${name} needs a value: ${formatFlag(name as FlagName)}${dash}`;
}

/** @throws {UsageError} If a flag is not for this command, or holds a secret. */
function checkFlags(name: string, command: Command, values: FlagValues): void {
  if (/^\s*\[/.test(String(values["ice-servers"] ?? ""))) {
    const why =
      "--ice-servers takes the path of a file: all users of this machine see command lines";
    throw new UsageError(why, { command: name });
  }
  const own = [...command.flags, ...COMMON, "help", "version"];
  for (const flag of Object.keys(values) as FlagName[]) {
    if (values[flag] === undefined || own.includes(flag)) continue;
    const others = Object.entries(COMMANDS).filter(([, { flags }]) => flags.includes(flag));
    const names = others.map(([other]) => other).join(", ");
    const hint = meantFlag(flag, command);
    throw new UsageError(`--${flag} is for ${names}, not for ${name}${hint}`, { command: name });
  }
}

function flagsOf(values: FlagValues): Flags {
  const { json = false, wait = true, install = true } = values;
  const own = Object.entries(values).filter(([name]) => !Object.hasOwn(SETTINGS, name));
  return { ...Object.fromEntries(own), json, wait, install, settings: settingsIn(values) };
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
