// What can stand at each place of a command line, from the descriptions of commands and flags.
import { type Setting, SETTINGS } from "../../config/settings.ts";
import { type Command, type Commands, COMMON, flagsFor } from "../command.ts";
import { type Flag, type FlagName, FLAGS } from "../flags.ts";

/** `devices`, `services`, `files` or `folders`; or words with spaces between; "" for what nobody knows. */
export type Kind = string;

/** The flags of a command, and of all commands. */
export function flagsOf({ flags }: Command): FlagName[] {
  return [...flags, ...COMMON, "help"];
}

/** A flag as it is typed: `--no-wait`. */
export function typed(name: FlagName): string {
  const { isOn }: Flag = FLAGS[name];
  return isOn ? `--no-${name}` : `--${name}`;
}

/** The kind of a command's argument. @param name As in help: `[BACKEND|FOLDER]`, `bash|zsh|fish`. */
export function kindOfArgument(name: string, commands: Commands): Kind {
  const inner = name.replace(/[[\]…]/g, "");
  if (inner === "DEVICE") return "devices";
  if (inner === "COMMAND") return Object.keys(commands).join(" ");
  if (inner.startsWith("PATH")) return "services";
  if (/^[a-z|]+$/.test(inner)) return inner.replaceAll("|", " ");
  return kindOfValue(inner);
}

/** The kind of a flag's value. */
export function kindOfFlag(command: Command, name: FlagName): Kind {
  const { value = "" }: Flag = flagsFor(command, FLAGS)[name];
  const setting: Setting | undefined = name in SETTINGS
    ? SETTINGS[name as keyof typeof SETTINGS]
    : undefined;
  if (Array.isArray(setting?.kind)) return setting.kind.join(" ");
  return value === "PATH" ? "services" : kindOfValue(value);
}

function kindOfValue(value: string): Kind {
  if (value.includes("=")) return "";
  if (/\bFOLDER\b/.test(value)) return "folders";
  return /\bFILE\b/.test(value) ? "files" : "";
}

/** The flags that take a value, as they are typed, with their letters. */
export function valuedFlags(): string[] {
  return Object.entries<Flag>(FLAGS).filter(([, { value }]) => value !== undefined)
    .flatMap(([name, { short }]) => [`--${name}`, ...short ? [`-${short}`] : []]);
}

/** A kind, and the places that have it. */
export type Places = [kind: Kind, places: string[]][];

/**
 * The kinds of all places but those of which nothing is known: `revoke/0` is the first argument of `revoke`,
 * `site/--icon` a flag's value.
 */
export function places(commands: Commands): Places {
  const byKind = new Map<Kind, string[]>();
  const add = (kind: Kind, place: string) => {
    if (kind !== "") byKind.set(kind, [...byKind.get(kind) ?? [], place]);
  };
  for (const [name, command] of Object.entries(commands)) {
    const { args = [] } = command;
    args.forEach((arg, at) => add(kindOfArgument(arg, commands), `${name}/${at}`));
    for (const flag of flagsOf(command)) add(kindOfFlag(command, flag), `${name}/--${flag}`);
  }
  return [...byKind];
}
