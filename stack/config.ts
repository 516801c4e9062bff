// Checks the stack's settings: checked settings can be deployed.
import { parseHostKeys, parseHosts, parseRegistry, type RegistryName } from "./hosts.ts";
import { bad, parseOrigins } from "./origins.ts";
import { DEFAULT_THROTTLE_SETTINGS } from "./throttles.ts";

/** The settings of a bridge, checked. */
export interface Settings {
  /** Origins whose pages may connect, such as `https://you.github.io`; at least one. */
  allowedOrigins: string[];
  /** The Lambda's name, unique in the account and region. @default "SignalingRelay" */
  functionName: string;
  /** Days for which the relay's log lines are kept, one of CloudWatch's values. @default 14 */
  logRetentionDays: number;
  /** Mail address for alarms and the budget's warnings; undefined turns both off. */
  email?: string;
  /** US dollars a month above which the budget warns. Needs `email`. @default 1 */
  monthlyBudget: number;
  /** Messages of pages that the gateway accepts at once, above the rate. @default 20 */
  throttleBurst: number;
  /** Messages of pages a second that the gateway accepts, and as many of hosts. @default 10 */
  throttleRate: number;
  /**
   * Connections a second that the gateway opens, or lets the relay refuse. AWS opens 500 at most.
   *
   * @default 200
   */
  connectRate: number;
  /** Reserved concurrency of the Lambda, which is its limit too; undefined reserves none. */
  reservedConcurrency?: number;
  /** Whether to create an IAM user for the laptop, or for each host. @default false */
  hostUser: boolean;
  /**
   * Principal that may assume a role with the laptop's, or each host's, rights: the ARN of a trust anchor
   * of IAM Roles Anywhere, or of an IAM role or user, such as one of IAM Identity Center. Undefined creates
   * no role.
   */
  hostRoleFor?: string;
  /**
   * ARN of the IAM policy that bounds the relay's role, its permissions boundary: a role that deploys from
   * GitHub may then give the relay no more than that. Undefined for none.
   */
  relayBoundary?: string;
  /** Where hosts register. @default "lambda-env" */
  registry: RegistryName;
  /** The hosts' names: with the registry `s3` a setting, with `relay` those of `hostKeys`. @default ["laptop"] */
  hosts: string[];
  /**
   * With the registry `relay`: the hosts' public keys, each as `name=key`, or the key alone for the host
   * `laptop`. `lighthouse-host key` prints it. @default none
   */
  hostKeys: string[];
  /** With a bucket: whether pages, and so anybody, may read the entries. @default false */
  publicRegistry: boolean;
}

/** Values that CloudWatch takes: https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_PutRetentionPolicy.html */
const RETENTION_DAYS = [
  1,
  3,
  5,
  7,
  14,
  30,
  60,
  90,
  120,
  150,
  180,
  365,
  400,
  545,
  731,
  1096,
  1827,
  2192,
  2557,
  2922,
  3288,
  3653,
];

/** The names of all settings. */
export const settingNames = [
  "allowedOrigins",
  "functionName",
  "logRetentionDays",
  "email",
  "monthlyBudget",
  "throttleBurst",
  "throttleRate",
  "connectRate",
  "reservedConcurrency",
  "hostUser",
  "hostRoleFor",
  "relayBoundary",
  "registry",
  "hosts",
  "hostKeys",
  "publicRegistry",
] as const satisfies (keyof Settings)[];

/** Settings that are plain text in Pulumi's config, and not JSON. */
const TEXTS: (keyof Settings)[] = [
  "functionName",
  "email",
  "registry",
  "hostRoleFor",
  "relayBoundary",
];

/** Settings that are lists of texts, none of which has a comma. */
const LISTS: (keyof Settings)[] = ["allowedOrigins", "hosts", "hostKeys"];

/** Unchecked settings. */
export type UncheckedSettings = { [name in keyof Settings]?: unknown };

/**
 * Checks settings and fills in the defaults.
 *
 * @throws {RunError} `Cannot use <setting>: <why>`.
 *
 * @example
 * ```ts
 * import { parseSettings } from "./config.ts";
 *
 * const settings = parseSettings({ allowedOrigins: ["https://you.github.io"] });
 * console.log(settings.logRetentionDays); // 14
 * ```
 */
export function parseSettings(unchecked: UncheckedSettings): Settings {
  const registry = parseRegistry(unchecked.registry ?? "lambda-env");
  const hostKeys = parseHostKeys(unchecked.hostKeys ?? [], registry);
  const hostUser = parseBoolean(unchecked.hostUser ?? false, "hostUser");
  const hostRoleFor = parseHostRoleFor(unchecked.hostRoleFor ?? "");
  if (registry === "relay" && (hostUser || hostRoleFor)) {
    const name = hostUser ? "hostUser" : "hostRoleFor";
    throw bad(name, "with the registry relay, hosts need no rights in AWS");
  }
  return {
    allowedOrigins: parseOrigins(unchecked.allowedOrigins),
    functionName: parseFunctionName(unchecked.functionName ?? "SignalingRelay"),
    logRetentionDays: parseRetention(unchecked.logRetentionDays ?? 14),
    email: parseEmail(unchecked.email ?? ""),
    monthlyBudget: parseNumber(unchecked.monthlyBudget ?? 1, "monthlyBudget", 1, 1_000_000),
    throttleBurst: parseNumber(
      unchecked.throttleBurst ?? DEFAULT_THROTTLE_SETTINGS.throttleBurst,
      "throttleBurst",
      1,
      5_000,
    ),
    throttleRate: parseNumber(
      unchecked.throttleRate ?? DEFAULT_THROTTLE_SETTINGS.throttleRate,
      "throttleRate",
      1,
      10_000,
    ),
    connectRate: parseNumber(
      unchecked.connectRate ?? DEFAULT_THROTTLE_SETTINGS.connectRate,
      "connectRate",
      1,
      500,
    ),
    reservedConcurrency: parseConcurrency(unchecked.reservedConcurrency ?? -1),
    hostUser,
    hostRoleFor,
    relayBoundary: parseRelayBoundary(unchecked.relayBoundary ?? ""),
    registry,
    hosts: parseHosts(unchecked.hosts ?? [], registry, hostKeys),
    hostKeys,
    publicRegistry: parsePublicRegistry(unchecked.publicRegistry ?? false, registry),
  };
}

function parsePublicRegistry(value: unknown, registry: RegistryName): boolean {
  const isPublic = parseBoolean(value, "publicRegistry");
  if (isPublic && registry === "lambda-env") {
    throw bad("publicRegistry", "it is for the registries s3 and relay");
  }
  return isPublic;
}

/**
 * Reads the settings from Pulumi's config, where each is text: lists and numbers in JSON. A list may also be
 * text with commas, since `pulumi new` asks for plain text: `https://a.example, https://b.example`.
 *
 * @param get Gives a setting's text, as `Config.get` does:
 * https://www.pulumi.com/docs/reference/pkg/nodejs/pulumi/pulumi/classes/Config.html
 * @throws {RunError} `Cannot use <setting>: <why>`.
 */
export function parseConfig(get: (name: string) => string | undefined): Settings {
  const unchecked: UncheckedSettings = {};
  for (const name of settingNames) {
    const text = get(name);
    if (text === undefined) continue;
    unchecked[name] = TEXTS.includes(name) ? text : parseJson(text, name);
  }
  return parseSettings(unchecked);
}

/** Text that is neither JSON nor a list stays text; the check refuses it. */
function parseJson(text: string, name: keyof Settings): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return LISTS.includes(name) ? text.split(",").map((item) => item.trim()) : text;
  }
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html */
function parseFunctionName(value: unknown): string {
  if (typeof value === "string" && /^[\w-]{1,64}$/.test(value)) return value;
  throw bad(
    "functionName",
    `${show(value)} is not 1 to 64 letters, digits, hyphens or underscores`,
  );
}

function parseRetention(value: unknown): number {
  if (typeof value === "number" && RETENTION_DAYS.includes(value)) return value;
  throw bad("logRetentionDays", `${show(value)} is none of ${RETENTION_DAYS.join(", ")}`);
}

/** Empty text is the default in Pulumi.yaml, and means undefined. */
function parseEmail(value: unknown): string | undefined {
  if (value === "") return undefined;
  if (typeof value === "string" && /^[^\s@<>,"]+@[^\s@<>,"]+\.[^\s@<>,"]+$/.test(value)) {
    return value;
  }
  throw bad("email", `${show(value)} is not an e-mail address`);
}

function parseNumber(value: unknown, name: string, least: number, most: number): number {
  if (Number.isInteger(value) && value as number >= least && value as number <= most) {
    return value as number;
  }
  throw bad(name, `${show(value)} is not a whole number from ${least} to ${most}`);
}

/** -1 is the default in Pulumi.yaml, and means undefined, as for AWS's provider. */
function parseConcurrency(value: unknown): number | undefined {
  if (value === -1) return undefined;
  if (value === 0) {
    throw bad("reservedConcurrency", "0 switches the relay off; give 1 or more, or -1 for none");
  }
  return parseNumber(value, "reservedConcurrency", 1, 1_000);
}

/** Empty text is the default in Pulumi.yaml, and means undefined. */
function parseHostRoleFor(value: unknown): string | undefined {
  if (value === "") return undefined;
  const partition = "arn:aws(?:-cn|-us-gov)?";
  const known = [
    `${partition}:rolesanywhere:[a-z0-9-]+:\\d{12}:trust-anchor/[\\w-]+`,
    `${partition}:iam::\\d{12}:(?:role|user)/[\\w+=,.@/-]+`,
  ];
  if (typeof value === "string" && new RegExp(`^(?:${known.join("|")})$`).test(value)) return value;
  throw bad(
    "hostRoleFor",
    `${
      show(value)
    } is the ARN of no trust anchor of IAM Roles Anywhere, and of no IAM role or user`,
  );
}

/** Empty text is the default in Pulumi.yaml, and means undefined. */
function parseRelayBoundary(value: unknown): string | undefined {
  if (value === "") return undefined;
  const known = /^arn:aws(?:-cn|-us-gov)?:iam::(?:\d{12}|aws):policy\/[\w+=,.@/-]+$/;
  if (typeof value === "string" && known.test(value)) return value;
  throw bad("relayBoundary", `${show(value)} is the ARN of no IAM policy`);
}

function parseBoolean(value: unknown, name: string): boolean {
  if (typeof value === "boolean") return value;
  throw bad(name, `${show(value)} is neither true nor false`);
}

function show(value: unknown): string {
  return JSON.stringify(value);
}
