// The host's configuration: the settings from flags, variables and the settings file, checked.
import { isUnder } from "../access/principal.ts";
import { mergeSettings, parseSetting, parseSettings, type ValueOf } from "./read_settings.ts";
import { formatSetting, parseServices, type ServiceConfig } from "./service_config.ts";
import { badSetting } from "./setting_parsers.ts";
import { type Setting, type SettingName, SETTINGS, type Settings } from "./settings.ts";

/** The member of the configuration that holds a setting's value. */
type MemberOf<name extends SettingName> = typeof SETTINGS[name] extends
  { as: infer member extends string } ? member
  : never;

/** The settings whose value is always defined. */
type Definite = {
  [name in SettingName]: undefined extends ValueOf<name> ? never : name;
}[SettingName];

/** The values of the settings, under the names that the table gives them (`as`). */
type Values =
  & { [name in Definite as MemberOf<name>]: ValueOf<name> }
  & { [name in Exclude<SettingName, Definite> as MemberOf<name>]?: ValueOf<name> };

/** The checked configuration of a host. */
export interface HostConfig extends Values {
  /** The services, at least one. */
  services: ServiceConfig[];
  /** Where the host registers. */
  registry: RegistryConfig;
}

/** A registry: docs/aws.md, "Registries". */
export type RegistryConfig =
  | { kind: "lambda-env"; host?: undefined }
  | { kind: "s3"; host: string; bucket: string }
  | { kind: "relay"; host: string };

/** The part of the configuration that names the bridge. */
export type BridgeConfig = Pick<HostConfig, "relay" | "functionName" | "region" | "registry">;

/**
 * Reads the configuration.
 *
 * @param flags From the command line. They take precedence.
 * @param environment Each setting as `LIGHTHOUSE_<NAME>`, such as `LIGHTHOUSE_RELAY`; services as
 * {@linkcode parseServices} reads them. Variables take precedence over the file.
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
  const settings = mergeSettings(flags, environment, file);
  const values = parseSettings(settings) as unknown as Values;
  const registry = parseRegistry(settings);
  const services = parseServices(flags, environment, file);
  checkPublic(values.public, services);
  return { ...values, registry, services };
}

/**
 * Reads the URL of the page that devices are paired with.
 *
 * @returns Undefined if no setting names it.
 * @throws {LighthouseError} `bad-config`.
 */
export function parsePage(
  flags: Settings,
  environment: Record<string, string | undefined> = {},
  file: Settings = {},
): URL | undefined {
  return parseSetting("page", mergeSettings(flags, environment, file));
}

/**
 * Reads the settings of the bridge.
 *
 * @throws {LighthouseError} `bad-config` with the setting that is wrong, and what was expected.
 */
export function parseBridge(settings: Settings): BridgeConfig {
  return {
    relay: parseSetting("relay", settings),
    functionName: parseSetting("function", settings),
    region: parseSetting("region", settings),
    registry: parseRegistry(settings),
  };
}

/** Refuses settings of the other registry: whoever gives them means that one. */
function parseRegistry(settings: Settings): RegistryConfig {
  const kind = parseSetting("registry", settings);
  if (kind !== "s3" && settings.bucket !== undefined) {
    throw badSetting("--bucket is for --registry s3");
  }
  if (kind === "lambda-env") {
    if (settings.host !== undefined) throw badSetting("--host is for --registry s3 and relay");
    return { kind };
  }
  const host = parseSetting("host", settings);
  if (kind === "relay") return { kind, host };
  const bucket = parseSetting("bucket", settings);
  if (bucket === undefined) {
    throw badSetting("--bucket is missing: --registry s3 needs it, as the stack's outputs have it");
  }
  if (settings.region === undefined) {
    throw badSetting("--region is missing: --registry s3 needs it");
  }
  return { kind, bucket, host };
}

function checkPublic(prefixes: string[], services: ServiceConfig[]): void {
  for (const prefix of prefixes) {
    if (services.some((service) => isUnder(prefix, service.prefix))) continue;
    const all = services.map((service) => service.prefix).join(", ");
    throw badSetting(`--public ${prefix} is for no service. There is: ${all}`);
  }
}

/** The settings from which another process reads the same configuration. They hold its secrets. */
export function toSettings(config: HostConfig): Settings {
  const values = config as unknown as Record<string, unknown>;
  const { kind, ...registry } = config.registry;
  const own = Object.entries<Setting>(SETTINGS).flatMap(([name, { as, format = String }]) => {
    const value = as === undefined ? undefined : values[as];
    return value === undefined ? [] : [[name, format(value as never)]];
  });
  return {
    ...Object.fromEntries(own),
    ...kind !== "lambda-env" && { registry: kind, ...registry },
    service: config.services.map(formatSetting),
  };
}

/** The settings whose change a running host does not take over. */
export function changedLater(before: HostConfig, now: HostConfig): string[] {
  const [old, current] = [before, now] as unknown as Record<string, unknown>[];
  return Object.entries<Setting>(SETTINGS)
    .filter(([, { as, isLive }]) => as !== undefined && !isLive && old![as] !== current![as])
    .map(([name]) => name);
}
