// What a command of `lighthouse-host` is.
import type { Settings } from "../config/config.ts";
import type { FlagName, FlagValues } from "../config/settings.ts";

/** A command as people know it. */
export interface Command {
  /** What it does, in a few words. */
  summary: string;
  /** What else there is to know, in paragraphs. */
  more?: string[];
  /** Its arguments, as help names them; those in brackets may be left out. */
  args?: string[];
  /** The flags that it takes, besides those of all commands. */
  flags: FlagName[];
  /** Command lines without the program's name. */
  examples?: string[];
  /**
   * @param args As many as there are names at most, and as there are without brackets at least.
   * @param commands All commands, for those that are about the others.
   * @returns Whether it is well: else it exits with 1.
   */
  run(flags: Flags, args: string[], commands: Commands): Promise<boolean | void>;
}

/** Commands by name, in the order in which help lists them. */
export type Commands = Readonly<Record<string, Command>>;

/** What flags say. */
export interface Flags
  extends Pick<FlagValues, "name" | "for" | "system" | "print" | "follow" | "lines"> {
  /** What the settings file may say too. */
  settings: Settings;
  json: boolean;
  wait: boolean;
}

/** Flags of all commands. */
export const COMMON: FlagName[] = ["state", "json"];

/** The names of a command's arguments that may not be left out. */
export function requiredOf({ args = [] }: Command): string[] {
  return args.filter((arg) => !arg.startsWith("["));
}
