// The table of the host's settings: one entry each. Flags, variables, the settings file's checks and
// schema, help, shell completion, docs/command-line.md and the types derive from it. A new setting is
// one entry here, and the code that uses its value.
import { formatStunServers, type IceConfig } from "../../wire/mod.ts";
import { LEVELS } from "../platform/log.ts";
import { parsePrefixes } from "./service_config.ts";
import {
  parseBucket,
  parseFunctionName,
  parseHost,
  parseLevel,
  parsePageUrl,
  parsePort,
  parseRegion,
  parseRegistryKind,
  parseRelay,
  parseStun,
} from "./setting_parsers.ts";

/** One setting. */
export interface Setting {
  /** Its value in the settings file: text, a list of texts, a port, or one of these words. */
  kind: "text" | "list" | "port" | readonly string[];
  /** The name of its value in help, such as `URL`. */
  value: string;
  /** Whether the flag may be repeated. For a text, spaces join the values. */
  repeats?: boolean;
  /** Its purpose, in a few words. */
  summary: string;
  /** The default, in words. */
  otherwise?: string;
  /** Its variable. @default `LIGHTHOUSE_` and the name, such as LIGHTHOUSE_LOG_LEVEL */
  variable?: string;
  /** How the variable separates the items of a list, in words. */
  separators?: string;
  /** The commands that take it as a flag. All commands take a setting without such a list. */
  commands?: readonly string[];
  /** Whether a running host takes over a change. */
  isLive: boolean;
  /** The member of {@linkcode HostConfig} that holds its value, if it has one of its own. */
  as?: string;
  /** Checks the value, and fills in the default. @throws {LighthouseError} `bad-config`. */
  parse?(value: never): unknown;
  /** Writes the parsed value as `parse` reads it. @default `String` */
  format?(value: never): string | readonly string[];
}

/** A table of settings, by name: the flag's, and that in the settings file. */
export type SettingsTable = Readonly<Record<string, Setting>>;

/** Commands that need the bridge and the services. */
const BRIDGE = ["init", "run", "doctor"] as const;

/** All settings. */
export const SETTINGS = {
  relay: {
    kind: "text",
    value: "URL",
    summary: "the relay's WebSocket URL",
    commands: BRIDGE,
    isLive: true,
    as: "relay",
    parse: parseRelay,
  },
  function: {
    kind: "text",
    value: "NAME",
    summary: "the relay's Lambda",
    otherwise: "SignalingRelay",
    commands: BRIDGE,
    isLive: true,
    as: "functionName",
    parse: parseFunctionName,
  },
  backend: {
    kind: "text",
    value: "URL",
    summary: "the backend that pages reach at /",
    commands: BRIDGE,
    isLive: true,
  },
  service: {
    kind: "list",
    value: "PATH=URL|FOLDER",
    repeats: true,
    summary: "a backend or folder that pages reach under a path",
    variable: "LIGHTHOUSE_SERVICES",
    separators: "commas or line ends between",
    commands: BRIDGE,
    isLive: true,
  },
  registry: {
    kind: ["lambda-env", "s3"],
    value: "NAME",
    summary: "lambda-env or s3, as the stack has it",
    otherwise: "lambda-env",
    commands: BRIDGE,
    isLive: true,
    parse: parseRegistryKind,
  },
  bucket: {
    kind: "text",
    value: "NAME",
    summary: "with s3: the stack's bucket",
    commands: BRIDGE,
    isLive: true,
    parse: parseBucket,
  },
  host: {
    kind: "text",
    value: "NAME",
    summary: "with s3: this host's name",
    otherwise: "laptop",
    commands: BRIDGE,
    isLive: true,
    parse: parseHost,
  },
  region: {
    kind: "text",
    value: "REGION",
    summary: "the bridge's AWS region",
    otherwise: "AWS_REGION or the profile's",
    commands: BRIDGE,
    isLive: true,
    as: "region",
    parse: parseRegion,
  },
  stun: {
    kind: "text",
    value: "SERVER",
    repeats: true,
    summary: "stun:host:port, or none",
    otherwise: "a public server",
    commands: BRIDGE,
    isLive: true,
    as: "ice",
    parse: parseStun,
    format: ({ iceServers }: IceConfig) => formatStunServers(iceServers),
  },
  public: {
    kind: "list",
    value: "PATH",
    repeats: true,
    summary: "anybody reaches the services under this path, unpaired",
    commands: BRIDGE,
    isLive: true,
    as: "public",
    parse: (prefixes: string[] = []) => parsePrefixes("--public", prefixes),
    format: (prefixes: string[]) => prefixes,
  },
  page: {
    kind: "text",
    value: "URL",
    summary: "the page that devices pair with",
    commands: [...BRIDGE, "pair"],
    isLive: true,
    parse: parsePageUrl,
  },
  inspect: {
    kind: "port",
    value: "PORT",
    summary: "show requests on a page at 127.0.0.1:PORT, 0 for any port",
    commands: ["run"],
    isLive: false,
    as: "inspect",
    parse: (text?: string) => parsePort("inspect", text),
  },
  metrics: {
    kind: "port",
    value: "PORT",
    summary: "metrics for Prometheus at http://127.0.0.1:PORT/metrics",
    otherwise: "only on the control socket",
    commands: ["run"],
    isLive: false,
    as: "metrics",
    parse: (text?: string) => parsePort("metrics", text),
  },
  "log-level": {
    kind: LEVELS,
    value: "LEVEL",
    summary: "debug, info, warn or error: debug has a line for each request",
    otherwise: "info",
    commands: ["run"],
    isLive: true,
    as: "logLevel",
    parse: parseLevel,
  },
  state: {
    kind: "text",
    value: "FOLDER",
    summary: "the folder for the host's key and devices",
    otherwise: "~/.local/state/lighthouse, on macOS ~/Library/Application Support/lighthouse",
    isLive: false,
  },
} as const satisfies SettingsTable;

/** A setting's name. */
export type SettingName = keyof typeof SETTINGS;

/** Settings before they are checked: text, or a list of texts, by name. */
export type Settings = {
  [name in SettingName]?: typeof SETTINGS[name] extends { kind: "list" } ? string[] : string;
};

/** The names of the settings that a command takes as flags; those of all commands are left out. */
export function settingsOf(command: string): SettingName[];
export function settingsOf(command: string, table: SettingsTable): string[];
export function settingsOf(command: string, table: SettingsTable = SETTINGS): string[] {
  return Object.keys(table).filter((name) => table[name]!.commands?.includes(command));
}

/** The variable of a setting: `log-level` has LIGHTHOUSE_LOG_LEVEL. */
export function variableOf(name: string, table: SettingsTable = SETTINGS): string {
  return table[name]?.variable ?? `LIGHTHOUSE_${name.toUpperCase().replaceAll("-", "_")}`;
}

/**
 * Merges settings: flags take precedence over variables, and variables over the file. An empty variable
 * counts as unset.
 *
 * @param environment Each setting as {@linkcode variableOf} names it. Commas and white space separate
 * the items of a list.
 */
export function mergeSettings<S extends object = Settings>(
  flags: S,
  environment: Record<string, string | undefined>,
  file: S,
  table: SettingsTable = SETTINGS,
): S {
  return Object.fromEntries(
    Object.entries(table).map(([name, { kind }]) => {
      const text = environment[variableOf(name, table)] || undefined;
      const variable = kind === "list" ? text?.split(/[\s,]+/).filter(Boolean) : text;
      return [name, flags[name as keyof S] ?? variable ?? file[name as keyof S]];
    }).filter(([, value]) => value !== undefined),
  ) as S;
}

/** Checks the settings that have a member of their own in the configuration, and names them by it. */
export function parseSettings(
  settings: object,
  table: SettingsTable = SETTINGS,
): Record<string, unknown> {
  const given = settings as Record<string, unknown>;
  return Object.fromEntries(
    Object.entries(table).flatMap(([name, { as, parse }]) =>
      as === undefined ? [] : [[as, parse ? parse(given[name] as never) : given[name]]]
    ),
  );
}
