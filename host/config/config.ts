// The host's settings, from flags, the environment and the settings file, checked.
import {
  DEFAULT_HOST,
  formatStunServers,
  type IceConfig,
  type IceServer,
  parseHostName,
  parseStunServers,
} from "../../wire/mod.ts";
import { isUnder } from "../access/principal.ts";
import { type Level, LEVELS } from "../platform/log.ts";
import {
  formatSetting,
  parsePrefixes,
  parseServices,
  type ServiceConfig,
  type ServiceSettings,
} from "./service_config.ts";
import { badSetting, parseUrlSetting } from "./setting.ts";

/** Where the relay is, and where it looks for its host. */
export interface BridgeConfig {
  /** The relay's WebSocket URL. */
  relay: URL;
  /** The relay's Lambda. @default "SignalingRelay" */
  functionName: string;
  /** Where the hosts of this relay register in S3; undefined where one does in the Lambda. */
  s3?: { bucket: string; host: string };
  /** The bridge's AWS region; undefined leaves it to the AWS SDK (`AWS_REGION`, profile). */
  region?: string;
}

/** What the host runs with. */
export interface HostConfig extends BridgeConfig {
  /** What pages reach, at least one. */
  services: ServiceConfig[];
  ice: IceConfig;
  /** Prefixes under which lie the services that anybody reaches; empty for none. */
  public: string[];
  /** The port of the inspector's page on 127.0.0.1, 0 for any that is free; undefined for no inspector. */
  inspect?: number;
  /** The port of the metrics on 127.0.0.1; undefined for none but on the control socket. */
  metrics?: number;
  /** The least level of lines that the log has. @default "info" */
  logLevel?: Level;
}

/** The settings that are one text each, but for those of services and the state folder's. */
const TEXTS = [
  ...["relay", "function", "region", "registry", "bucket", "host"] as const,
  ...["stun", "page", "inspect", "metrics", "log-level"] as const,
];

/** Settings as they come: text by name, undefined where a name is not set. */
export type Settings =
  & Partial<Record<typeof TEXTS[number] | "state", string>>
  & {
    /** Prefixes under which lie the services that anybody reaches. */
    public?: string[];
  }
  & ServiceSettings;

/**
 * Reads the settings.
 *
 * @param flags From the command line: these go first.
 * @param environment Each as `LIGHTHOUSE_<NAME>`, such as `LIGHTHOUSE_RELAY`; services as
 * {@linkcode parseServices} reads them. These go before the file.
 * @param file From the settings file.
 * @throws {LighthouseError} `bad-config` with the setting that is wrong, and what was expected.
 *
 * @example
 * ```ts
 * import { parseConfig } from "./config.ts";
 *
 * const config = parseConfig({ relay: "wss://abc.example/prod", backend: "http://127.0.0.1:5000" });
 * console.log(config.functionName); // "SignalingRelay"
 * ```
 */
export function parseConfig(
  flags: Settings,
  environment: Record<string, string | undefined> = {},
  file: Settings = {},
): HostConfig {
  const settings = merge(flags, environment, file);
  const bridge = parseBridge(settings);
  const services = parseServices(flags, environment, file);
  return {
    ...bridge,
    services,
    ice: { iceServers: parseStun(settings.stun ?? "") },
    public: parsePublic(
      flags.public ?? listOf(environment.LIGHTHOUSE_PUBLIC) ?? file.public,
      services,
    ),
    inspect: parsePort("inspect", settings.inspect),
    metrics: parsePort("metrics", settings.metrics),
    logLevel: parseLevel(settings["log-level"] ?? "info"),
  };
}

/**
 * Reads where the page is that devices are paired with.
 *
 * @returns Undefined where no setting says so.
 * @throws {LighthouseError} `bad-config`.
 */
export function parsePage(
  flags: Settings,
  environment: Record<string, string | undefined> = {},
  file: Settings = {},
): URL | undefined {
  const { page } = merge(flags, environment, file);
  if (page === undefined) return undefined;
  return parseUrlSetting("--page", page, ["https:", "http:"], "https://me.github.io/notes/");
}

/**
 * Reads the part of the settings that `lighthouse-host init` writes.
 *
 * @throws {LighthouseError} `bad-config` with the setting that is wrong, and what was expected.
 */
export function parseBridge(settings: Settings): BridgeConfig {
  return {
    relay: parseRelay(settings.relay),
    functionName: parseFunctionName(settings.function ?? "SignalingRelay"),
    region: parseRegion(settings.region),
    s3: parseS3(settings),
  };
}

/** What only the other registry uses is not passed over: whoever sets it means that one. */
function parseS3({ registry = "lambda-env", bucket, host, region }: Settings): BridgeConfig["s3"] {
  if (registry === "lambda-env") {
    for (const [name, value] of Object.entries({ bucket, host })) {
      if (value !== undefined) throw badSetting(`--${name} is for --registry s3`);
    }
    return undefined;
  }
  if (registry !== "s3") throw badSetting(`--registry is neither lambda-env nor s3: ${registry}`);
  if (bucket === undefined) {
    throw badSetting("--bucket is missing: --registry s3 needs it, as the stack's outputs have it");
  }
  if (region === undefined) throw badSetting("--region is missing: --registry s3 needs it");
  // No dots: they are for names from before 2018, which TLS certificates do not fit.
  if (!/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(bucket)) {
    throw badSetting(`--bucket is not the name of a bucket: ${bucket}`);
  }
  try {
    return { bucket, host: parseHostName(host ?? DEFAULT_HOST) };
  } catch {
    throw badSetting(
      `--host is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens: ${host}`,
    );
  }
}

/** The settings that say the same as a configuration, for another process. */
export function toSettings(config: HostConfig): Settings {
  const { relay, functionName, region, s3, services, ice } = config;
  return {
    relay: relay.href,
    function: functionName,
    region,
    ...s3 && { registry: "s3", ...s3 },
    service: services.map(formatSetting),
    stun: formatStunServers(ice.iceServers),
    public: config.public,
  };
}

function merge(
  flags: Settings,
  environment: Record<string, string | undefined>,
  file: Settings,
): Settings {
  return Object.fromEntries(TEXTS.map((name) => {
    return [name, flags[name] ?? (environment[variableOf(name)] || file[name])];
  }));
}

/** The variable that says the same as a flag: `log-level` is LIGHTHOUSE_LOG_LEVEL. */
export function variableOf(name: string): string {
  return `LIGHTHOUSE_${name.toUpperCase().replaceAll("-", "_")}`;
}

function listOf(text: string | undefined): string[] | undefined {
  return text ? text.split(/[\s,]+/).filter(Boolean) : undefined;
}

function parsePublic(prefixes: string[] = [], services: ServiceConfig[]): string[] {
  for (const prefix of parsePrefixes("--public", prefixes)) {
    if (services.some((service) => isUnder(prefix, service.prefix))) continue;
    const all = services.map((service) => service.prefix).join(", ");
    throw badSetting(`--public ${prefix} is for no service. There is: ${all}`);
  }
  return prefixes;
}

function parseRelay(text: string | undefined): URL {
  const example = "wss://…/prod";
  if (text) return parseUrlSetting("--relay", text, ["wss:", "ws:"], example);
  throw badSetting(
    `--relay is missing: run lighthouse-host init, give --relay ${example}, or set LIGHTHOUSE_RELAY`,
  );
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html */
function parseFunctionName(text: string): string {
  if (/^[\w:-]{1,140}$/.test(text)) return text;
  throw badSetting(`--function is not the name or ARN of a Lambda: ${text}`);
}

function parseRegion(text: string | undefined): string | undefined {
  if (text === undefined || /^[a-z]{2,}(-[a-z]+)+-\d+$/.test(text)) return text;
  throw badSetting(`--region is not an AWS region such as us-east-1: ${text}`);
}

function parseStun(text: string): IceServer[] {
  try {
    return parseStunServers(text);
  } catch (error) {
    throw badSetting(`--stun: ${(error as Error).message}`);
  }
}

function parseLevel(text: string): Level {
  const level = LEVELS.find((each) => each === text);
  if (level) return level;
  throw badSetting(`--log-level is none of ${LEVELS.join(", ")}: ${text}`);
}

function parsePort(name: string, text: string | undefined): number | undefined {
  if (text === undefined || (/^\d{1,5}$/.test(text) && Number(text) <= 65535)) {
    return text === undefined ? undefined : Number(text);
  }
  throw badSetting(`--${name} is not a port, 0 to 65535: ${text}`);
}
