// Reads a command line: which command, with which flags and arguments.
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";
import { type Flag, type FlagName, FLAGS, type FlagValues } from "../config/settings.ts";
import { suggestion } from "../config/suggest.ts";
import { type Command, COMMON, type Flags, requiredOf } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { UsageError } from "./usage_error.ts";

/** A command line that has been understood. */
export interface CommandLine {
  command: Command;
  flags: Flags;
  args: string[];
}

const options: ParseArgsOptionsConfig = Object.fromEntries(
  Object.entries<Flag>(FLAGS).map(([name, { value, repeats, short }]) => [name, {
    type: value === undefined ? "boolean" as const : "string" as const,
    ...repeats && { multiple: true },
    ...short && { short },
  }]),
);

/**
 * Reads it.
 *
 * @throws {UsageError} with what cannot be understood, and what may have been meant.
 */
export function parseCommandLine(args: string[]): CommandLine {
  const { values, positionals } = parse(args);
  const [first = values.version ? "version" : "help", ...rest] = positionals;
  if (!Object.hasOwn(COMMANDS, first)) {
    throw new UsageError(`Unknown command: ${first}${suggestion(first, Object.keys(COMMANDS))}`);
  }
  if (values.help) return { command: COMMANDS.help!, flags: flagsOf(values), args: positionals };
  const command = COMMANDS[first]!;
  checkFlags(first, command, values);
  const names = command.args ?? [];
  const unexpected = rest[names.length];
  if (unexpected !== undefined) {
    throw new UsageError(`Unexpected argument: ${unexpected}`, { command: first });
  }
  const missing = requiredOf(command)[rest.length];
  if (missing !== undefined) {
    throw new UsageError(`Cannot ${first}: ${missing} is missing`, { command: first });
  }
  return { command, flags: flagsOf(values), args: rest };
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

/** @throws {UsageError} where a flag says something that the command would not do. */
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
  const { json = false, wait = true, name, for: prefixes, system, print, ...rest } = values;
  const { follow, lines, ...others } = rest;
  const { help: _, version: __, stun, ...settings } = others;
  return {
    settings: { ...settings, stun: stun?.join(" ") },
    ...{ json, wait, name, for: prefixes, system, print, follow, lines },
  };
}
