// The table of the host's settings: one entry each. Flags, variables, the settings file's checks and
// schema, help, shell completion, docs/command-line.md and the types derive from it. A new setting is
// one entry here, and the code that uses its value.
import { DEFAULT_HOST, DEFAULT_STUN, formatStunServers, type IceConfig } from "../../wire/mod.ts";
import { LEVELS } from "../platform/log.ts";
import type { Throttles } from "../signalling/prices.ts";
import { formatIceSetting, parseIceSetting } from "./ice_servers.ts";
import {
  parseBucket,
  parseBudget,
  parseEarlyWait,
  parseFunctionName,
  parseHost,
  parseLevel,
  parsePageUrl,
  parsePort,
  parsePrefixes,
  parseRegion,
  parseRegistryKind,
  parseRelay,
  parseStun,
  parseSwitch,
  parseThrottles,
} from "./setting_parsers.ts";

/** One setting. */
export interface Setting {
  /**
   * Its value in the settings file: text, text or a port, a list of texts, a port, an amount, a list of ICE
   * servers or the path of a file with it, or one of these words.
   */
  kind: "text" | "address" | "list" | "port" | "amount" | "servers" | readonly string[];
  /** The name of its value in help, such as `URL`. */
  value: string;
  /** Whether the flag may be repeated. For a text, spaces join the values. */
  repeats?: boolean;
  /** Its purpose, in a few words. */
  summary: string;
  /** The text, or list, that stands for a setting that is not given. @default undefined */
  default?: string | readonly string[];
  /** The default in words, if `default` does not say it. */
  otherwise?: string;
  /** For a setting that must be given: how to give it. */
  missing?: string;
  /** Its variable. @default `LIGHTHOUSE_` and the name, such as LIGHTHOUSE_LOG_LEVEL */
  variable?: string;
  /** What separates the items of a list in the variable, and in words. @default white space and commas */
  separator?: { pattern: RegExp; words: string };
  /** The commands that take it as a flag. All commands take a setting without such a list. */
  commands?: readonly string[];
  /** Whether a running host takes over a change. */
  isLive: boolean;
  /** The member of {@linkcode HostConfig} that holds its value, if it has one of its own. */
  as?: string;
  /**
   * Checks a value.
   *
   * @param flag Its flag, such as `--relay`, for errors.
   * @throws {LighthouseError} `bad-config`.
   */
  parse?(value: never, flag: string): unknown;
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
    commands: [...BRIDGE, "site"],
    isLive: true,
    as: "relay",
    missing:
      "run lighthouse-host setup or init, give --relay wss://…/prod, or set LIGHTHOUSE_RELAY",
    parse: parseRelay,
  },
  function: {
    kind: "text",
    value: "NAME",
    summary: "the relay's Lambda",
    default: "SignalingRelay",
    commands: ["setup", ...BRIDGE],
    isLive: true,
    as: "functionName",
    parse: parseFunctionName,
  },
  backend: {
    kind: "address",
    value: "URL",
    summary: "the backend that pages reach at /: a URL, a port or unix:SOCKET",
    commands: ["setup", ...BRIDGE],
    isLive: true,
  },
  service: {
    kind: "list",
    value: "PATH=URL|FOLDER",
    repeats: true,
    summary: "a backend or folder that pages reach under a path",
    variable: "LIGHTHOUSE_SERVICES",
    // Folders may have spaces in their names.
    separator: { pattern: /[,\n]/, words: "commas or line ends between" },
    commands: ["setup", ...BRIDGE, "site"],
    isLive: true,
  },
  registry: {
    kind: ["lambda-env", "s3", "relay"],
    value: "NAME",
    summary: "lambda-env, s3 or relay, as the stack has it",
    default: "lambda-env",
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
    summary: "with s3 or relay: this host's name",
    default: DEFAULT_HOST,
    commands: ["setup", ...BRIDGE],
    isLive: true,
    parse: parseHost,
  },
  region: {
    kind: "text",
    value: "REGION",
    summary: "with lambda-env or s3: the bridge's AWS region",
    otherwise: "AWS_REGION or the profile's",
    commands: ["setup", ...BRIDGE],
    isLive: true,
    as: "region",
    parse: parseRegion,
  },
  stun: {
    kind: "text",
    value: "SERVER",
    repeats: true,
    summary: "stun:host:port, or none",
    default: DEFAULT_STUN,
    otherwise: "a public server",
    commands: [...BRIDGE, "site"],
    isLive: true,
    as: "ice",
    parse: parseStun,
    format: ({ iceServers }: IceConfig) => formatStunServers(iceServers),
  },
  "ice-servers": {
    kind: "servers",
    value: "FILE",
    summary: "a file with TURN servers, for networks that no direct connection crosses",
    otherwise: "none",
    commands: BRIDGE,
    isLive: true,
    as: "iceServers",
    parse: parseIceSetting,
    format: formatIceSetting,
  },
  "port-mapping": {
    kind: ["on", "off"],
    value: "on|off",
    summary: "whether the host asks its router for ports, so that pages behind any NAT reach it",
    default: "on",
    commands: BRIDGE,
    isLive: true,
    as: "portMapping",
    parse: parseSwitch,
    format: (isOn: boolean) => isOn ? "on" : "off",
  },
  quic: {
    kind: ["on", "off"],
    value: "on|off",
    summary:
      "whether pages come by WebTransport where they reach this machine, if Deno is installed",
    default: "on",
    commands: BRIDGE,
    isLive: true,
    as: "quic",
    parse: parseSwitch,
    format: (isOn: boolean) => isOn ? "on" : "off",
  },
  public: {
    kind: "list",
    value: "PATH",
    repeats: true,
    summary: "anybody reaches the services under this path, unpaired",
    commands: ["setup", ...BRIDGE],
    isLive: true,
    as: "public",
    default: [],
    parse: parsePrefixes,
    format: (prefixes: string[]) => prefixes,
  },
  page: {
    kind: "text",
    value: "URL",
    summary: "the page that devices pair with",
    commands: ["setup", ...BRIDGE, "pair", "site"],
    isLive: true,
    parse: parsePageUrl,
  },
  throttles: {
    kind: "text",
    value: "CONNECTS/MESSAGES",
    summary: "the stack's throttles in requests a second, for relayed sessions and cost",
    default: "200/10",
    commands: ["init", "run", "cost"],
    isLive: true,
    as: "throttles",
    parse: parseThrottles,
    format: ({ connects, messages }: Throttles) => `${connects}/${messages}`,
  },
  "relay-budget": {
    kind: "amount",
    value: "DOLLARS",
    summary: "most that sessions through the relay may cost in a day; 0 for no such sessions",
    default: "0.01",
    commands: ["init", "run", "cost"],
    isLive: true,
    as: "relayBudget",
    parse: parseBudget,
  },
  "early-wait": {
    kind: "amount",
    value: "MS",
    summary:
      "most that a device's answer waits for its backend, to bring what that says; 0 for off",
    default: "40",
    commands: ["init", "run"],
    isLive: true,
    as: "earlyWait",
    parse: parseEarlyWait,
  },
  inspect: {
    kind: "port",
    value: "PORT",
    summary: "show requests on a page at 127.0.0.1:PORT, 0 for any port",
    commands: ["run"],
    isLive: false,
    as: "inspect",
    parse: parsePort,
  },
  metrics: {
    kind: "port",
    value: "PORT",
    summary: "metrics for Prometheus at http://127.0.0.1:PORT/metrics",
    otherwise: "only on the control socket",
    commands: ["run"],
    isLive: false,
    as: "metrics",
    parse: parsePort,
  },
  "log-level": {
    kind: LEVELS,
    value: "LEVEL",
    summary: "debug, info, warn or error: debug has a line for each request",
    default: "info",
    commands: ["run"],
    isLive: true,
    as: "logLevel",
    parse: parseLevel,
  },
  "update-notice": {
    kind: ["on", "off"],
    value: "on|off",
    summary: "whether commands at a terminal say that there is a newer version",
    default: "on",
    commands: ["init"],
    isLive: true,
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

/**
 * The names of the settings that a command takes as flags.
 *
 * @param command Its name; undefined for the settings that all commands take.
 */
export function settingsOf(command: string | undefined): SettingName[];
export function settingsOf(command: string | undefined, table: SettingsTable): string[];
export function settingsOf(command: string | undefined, table: SettingsTable = SETTINGS): string[] {
  return Object.keys(table).filter((name) => {
    const { commands } = table[name]!;
    return command === undefined ? !commands : commands?.includes(command);
  });
}

/** The variable of a setting: `log-level` has LIGHTHOUSE_LOG_LEVEL. */
export function variableOf(name: string, table: SettingsTable = SETTINGS): string {
  return table[name]?.variable ?? `LIGHTHOUSE_${name.toUpperCase().replaceAll("-", "_")}`;
}
