// The shape of a command of `lighthouse-host`.
import { type Settings, settingsOf } from "../config/settings.ts";
import type { Flag, FlagName, FlagValues } from "./flags.ts";

/** A command. */
export interface Command {
  /** Its purpose, in a few words. */
  summary: string;
  /** What a wrong setting keeps it from, as in "Cannot list the devices: …". @default its name */
  does?: string;
  /** Details, in paragraphs. */
  more?: string[];
  /** The names of its arguments in help. Those in brackets are optional; more may follow after `…`. */
  args?: string[];
  /** Its flags, besides those of all commands. */
  flags: FlagName[];
  /** What a flag means to this command, where that is not what it means to others. */
  meanings?: Partial<Record<FlagName, Partial<Flag>>>;
  /** Command lines without the program's name. */
  examples?: string[];
  /**
   * Runs the command.
   *
   * @param args All required arguments, and perhaps optional ones.
   * @param commands All commands, for help and completion.
   * @returns Whether it succeeded: after false, the program exits with 1.
   */
  run(flags: Flags, args: string[], commands: Commands): Promise<boolean | void>;
}

/** Commands by name, in the order in which help lists them. */
export type Commands = Readonly<Record<string, Command>>;

/** The values of the flags. */
export interface Flags extends
  Pick<
    FlagValues,
    | "name"
    | "for"
    | "icon"
    | "update"
    | "key"
    | "app"
    | "key-site"
    | "origin"
    | "lan"
    | "port"
    | "email"
    | "site"
    | "project"
    | "pulumi-state"
    | "dry-run"
    | "destroy"
    | "yes"
    | "system"
    | "print"
    | "follow"
    | "lines"
    | "count"
  > {
  /** Settings, which take precedence over variables and the settings file. */
  settings: Settings;
  json: boolean;
  wait: boolean;
  install: boolean;
}

/** Flags of all commands. */
export const COMMON: FlagName[] = [...settingsOf(undefined), "json"];

/** The flags as a command means them. */
export function flagsFor<table extends Record<FlagName, Flag>>(
  { meanings = {} }: Command,
  flags: table,
): table {
  const own = Object.entries(meanings).map(([name, meaning]) => {
    return [name, { ...flags[name as FlagName], ...meaning }];
  });
  return { ...flags, ...Object.fromEntries(own) };
}

/** The names of a command's required arguments. */
export function requiredOf({ args = [] }: Command): string[] {
  return args.filter((arg) => !arg.startsWith("["));
}

/** Whether any number of arguments may follow. */
export function takesMore({ args = [] }: Command): boolean {
  return args.at(-1)?.endsWith("…]") ?? false;
}
