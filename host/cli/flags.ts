// The flags of `lighthouse-host`: the settings, and the flags that only commands have.
import type { ParseArgsOptionsConfig } from "node:util";
import { type Setting, type SettingName, SETTINGS, variableOf } from "../config/settings.ts";

/** A flag. */
export interface Flag {
  /** The name of its value in help; undefined for a switch. */
  value?: string;
  /** Whether the flag may be repeated. */
  repeats?: boolean;
  /** Whether the switch is on by default: `--no-…` turns it off. */
  isOn?: boolean;
  /** A letter for it, such as `f` for `-f`. */
  short?: string;
  /** Its purpose, in a few words. */
  summary: string;
  /** The default, in words. */
  otherwise?: string;
  /** Its variable, and how it separates the items of a list. */
  environment?: string;
}

/** Flags that are not settings. */
const OPTIONS = {
  name: { value: "NAME", summary: "the device's name", otherwise: "the name that it proposes" },
  for: {
    value: "PATH",
    repeats: true,
    summary: "the device reaches only the services under this path",
  },
  wait: { isOn: true, summary: "print the link and end, without waiting for the device" },
  icon: {
    value: "FILE",
    repeats: true,
    summary: "a square PNG of at least 192 pixels, or an SVG, for the home screen",
    otherwise: "a lighthouse",
  },
  update: { summary: "keep what the site was written with, and write this program's version" },
  key: { summary: "write the site of the key, for apps at other origins" },
  app: {
    value: "SITE=PATH",
    repeats: true,
    summary: "with --key: an app's site, and the service that it may reach",
  },
  "key-site": { value: "URL", summary: "the site of the key, in place of a key at this one" },
  origin: {
    value: "URL",
    repeats: true,
    summary: "a page of another server that reaches the backend, such as http://localhost:5173",
    otherwise: "only the page that dev serves",
  },
  lan: { summary: "also for this network, such as for a phone, with a certificate made here" },
  port: {
    value: "PORT",
    summary: "the port of page and relay",
    otherwise: "4600, or the next free one",
  },
  email: {
    value: "ADDRESS",
    summary: "who gets alarms, and a warning when the month costs above $1",
    otherwise: "nobody",
  },
  site: {
    value: "FOLDER",
    summary: "write a ready site there",
    otherwise: "two lines for your page",
  },
  project: {
    value: "FOLDER",
    summary: "the folder of the Pulumi project",
    otherwise: "stack, beside the settings file",
  },
  "pulumi-state": {
    value: "URL",
    summary: "where Pulumi keeps the state, as pulumi login takes it, such as s3://my-state",
    otherwise: "a folder of the project",
  },
  "dry-run": {
    summary: "show what would be deployed and what it costs, and change nothing in AWS",
  },
  destroy: { summary: "undo it: delete everything in AWS, and the system service" },
  yes: { short: "y", summary: "ask nothing" },
  install: { isOn: true, summary: "leave the system service out" },
  system: { summary: "for the whole system instead of your user; needs sudo" },
  print: { summary: "print the system service's file, and install nothing" },
  follow: { short: "f", summary: "print new lines as they come" },
  lines: { value: "N", short: "n", summary: "how many lines", otherwise: "50" },
  count: { value: "N", short: "c", summary: "how many pings", otherwise: "until Ctrl-C" },
  json: { summary: "print one JSON object a line" },
  help: { short: "h", summary: "say what a command does" },
  version: { short: "v", summary: "print the version" },
} as const satisfies Record<string, Flag>;

/** A flag's name. */
export type FlagName = SettingName | keyof typeof OPTIONS;

/** The values of flags: undefined for one that is not given. */
export type FlagValues =
  & {
    [name in SettingName]?: typeof SETTINGS[name] extends { repeats: true } ? string[] : string;
  }
  & {
    [name in keyof typeof OPTIONS]?: typeof OPTIONS[name] extends { repeats: true } ? string[]
      : typeof OPTIONS[name] extends { value: string } ? string
      : boolean;
  };

/** The flags of a table of settings and of the commands, by name. */
export function flagsOf<name extends string>(
  table: Readonly<Record<name, Setting>>,
): Record<name | keyof typeof OPTIONS, Flag> {
  const settings = Object.entries<Setting>(table).map(([name, setting]): [string, Flag] => {
    const { value, repeats, summary, default: text, separator } = setting;
    const otherwise = setting.otherwise ?? (typeof text === "string" ? text : undefined);
    const environment = variableOf(name, table) + (separator ? ` (${separator.words})` : "");
    return [name, { value, repeats, summary, otherwise, environment }];
  });
  return { ...Object.fromEntries(settings) as Record<name, Flag>, ...OPTIONS };
}

/** All flags, by name. */
export const FLAGS = flagsOf(SETTINGS);

/** Flags as parseArgs of Node.js takes them. */
export function optionsOf(flags: Readonly<Record<string, Flag>>): ParseArgsOptionsConfig {
  return Object.fromEntries(
    Object.entries(flags).map(([name, { value, repeats, short }]) => [name, {
      type: value === undefined ? "boolean" as const : "string" as const,
      multiple: repeats ?? false,
      ...short && { short },
    }]),
  );
}

/** A flag as it is typed: `--relay URL`, `--no-wait`. */
export function formatFlag(
  name: FlagName,
  flags: Readonly<Record<FlagName, Flag>> = FLAGS,
): string {
  const { value, isOn } = flags[name];
  if (value !== undefined) return `--${name} ${value}`;
  return isOn ? `--no-${name}` : `--${name}`;
}
