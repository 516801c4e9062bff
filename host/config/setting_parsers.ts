// The parsers of the host's settings, and the error that they throw.
import {
  type IceConfig,
  LighthouseError,
  parseHostName,
  parseStunServers,
} from "../../wire/mod.ts";
import { type Level, LEVELS } from "../platform/log.ts";
import type { Throttles } from "../signalling/prices.ts";

/** The error for a wrong setting. Its message leaves out what fails by it, which each command adds. */
export class SettingError extends LighthouseError {
  /** @param why Names the setting, and what was expected. */
  constructor(why: string) {
    super("bad-config", why);
  }
}

/** The error for a wrong setting. @param why Names the setting, and what was expected. */
export function badSetting(why: string): SettingError {
  return new SettingError(why);
}

/**
 * Reads a URL. Errors do not show user names and passwords in it, since messages end up in logs.
 *
 * @param name The setting's flag, such as `--relay`.
 * @param schemes The allowed schemes, such as `wss:`.
 * @param example An example of such a URL.
 * @throws {LighthouseError} `bad-config`.
 */
function parseUrlSetting(
  name: string,
  text: string,
  schemes: string[],
  example: string,
): URL {
  const url = URL.parse(text);
  if (url?.username || url?.password) {
    throw badSetting(`${name} must not hold a user name or a password`);
  }
  if (url?.search || url?.hash) throw badSetting(`${name} must not have a query or a fragment`);
  if (!url || !schemes.includes(url.protocol)) {
    throw badSetting(`${name} is not a URL such as ${example}: ${text.replace(/.*@/, "…@")}`);
  }
  return url;
}

/** Whether a text holds a URL with a user or a password. */
export function hasPassword(text: string): boolean {
  return /:\/\/[^/?#\s]+@/.test(text);
}

/** @throws {LighthouseError} `bad-config`. */
export function parseRelay(text: string): URL {
  return parseUrlSetting("--relay", text, ["wss:", "ws:"], "wss://…/prod");
}

/**
 * Reads the Lambda's name or ARN:
 * https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html
 *
 * @throws {LighthouseError} `bad-config`.
 */
export function parseFunctionName(text: string): string {
  if (/^[\w:-]{1,140}$/.test(text)) return text;
  throw badSetting(`--function is not the name or ARN of a Lambda: ${text}`);
}

/** @throws {LighthouseError} `bad-config`. */
export function parseRegion(text: string): string {
  if (/^[a-z]{2,}(-[a-z]+)+-\d+$/.test(text)) return text;
  throw badSetting(`--region is not an AWS region such as us-east-1: ${text}`);
}

/** @throws {LighthouseError} `bad-config`. */
export function parseRegistryKind(text: string): "lambda-env" | "s3" | "relay" {
  if (text === "lambda-env" || text === "s3" || text === "relay") return text;
  throw badSetting(`--registry is none of lambda-env, s3 and relay: ${text}`);
}

/**
 * Reads the throttles of the stack's output of that name, such as `200/10`.
 *
 * @returns Connects and messages a second.
 * @throws {LighthouseError} `bad-config`.
 */
export function parseThrottles(text: string): Throttles {
  const [, connects, messages] = /^([1-9]\d{0,4})\/([1-9]\d{0,4})$/.exec(text) ?? [];
  if (connects && messages) return { connects: Number(connects), messages: Number(messages) };
  throw badSetting(`--throttles is not connects and messages a second, such as 200/10: ${text}`);
}

/** Highest budget, in dollars a day: more is a mistake. */
const MAX_BUDGET = 100;

/** Longest wait, in milliseconds: the connection opens that much later. */
const MAX_EARLY_WAIT = 1000;

/** Reads dollars a day. @throws {LighthouseError} `bad-config`. */
export function parseBudget(text: string): number {
  const dollars = /^(?:\d+\.?\d*|\.\d+)$/.test(text) ? Number(text) : NaN;
  if (dollars <= MAX_BUDGET) return dollars;
  throw badSetting(
    `--relay-budget is not an amount of dollars a day such as 0.05, at most ${MAX_BUDGET}: ${text}`,
  );
}

/** @returns Milliseconds. @throws {LighthouseError} `bad-config`. */
export function parseEarlyWait(text: string): number {
  if (/^\d{1,4}$/.test(text) && Number(text) <= MAX_EARLY_WAIT) return Number(text);
  throw badSetting(
    `--early-wait is not a time in milliseconds, at most ${MAX_EARLY_WAIT}: ${text}`,
  );
}

/** @throws {LighthouseError} `bad-config`. */
export function parseBucket(text: string): string {
  // No dots: names from before 2018 have them, and TLS certificates do not match these.
  if (/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/.test(text)) return text;
  throw badSetting(`--bucket is not the name of a bucket: ${text}`);
}

/** @throws {LighthouseError} `bad-config`. */
export function parseHost(text: string): string {
  try {
    return parseHostName(text);
  } catch {
    throw badSetting(`--host is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens: ${text}`);
  }
}

/** @throws {LighthouseError} `bad-config`. */
export function parseStun(text: string): IceConfig {
  try {
    return { iceServers: parseStunServers(text) };
  } catch (error) {
    throw badSetting(`--stun: ${(error as Error).message}`);
  }
}

/** @throws {LighthouseError} `bad-config`. */
export function parsePageUrl(text: string): URL {
  return parseUrlSetting("--page", text, ["https:", "http:"], "https://me.github.io/notes/");
}

/** Whether browsers give a page keys and workers: over https, or from this machine. */
export function isSecurePage({ protocol, hostname }: URL): boolean {
  return protocol === "https:" || /^(?:localhost|127\.0\.0\.1|\[::1\])$/.test(hostname);
}

/** @param flag The setting's flag, such as `--metrics`. @throws {LighthouseError} `bad-config`. */
export function parsePort(text: string, flag: string): number {
  if (/^\d{1,5}$/.test(text) && Number(text) <= 65535) return Number(text);
  throw badSetting(`${flag} is not a port, 0 to 65535: ${text}`);
}

/** @throws {LighthouseError} `bad-config`. */
export function parseLevel(text: string): Level {
  const level = LEVELS.find((each) => each === text);
  if (level) return level;
  throw badSetting(`--log-level is none of ${LEVELS.join(", ")}: ${text}`);
}

/** @param flag As of {@linkcode parsePort}. @throws {LighthouseError} `bad-config`. */
export function parseSwitch(text: string, flag: string): boolean {
  if (text === "on" || text === "off") return text === "on";
  throw badSetting(`${flag} is neither on nor off: ${text}`);
}

/** Segments of unreserved characters (RFC 3986 §2.3) that do not begin with a dot. */
const PREFIX = /^(?:\/|(?:\/[\w~-][\w.~-]*)+)$/;

/** Whether a text is the prefix of a service: `/`, or such as `/notes`. */
export function isPrefix(text: string): boolean {
  return PREFIX.test(text);
}

/**
 * Checks prefixes of services.
 *
 * @param flag The setting's flag, such as `--for`.
 * @throws {LighthouseError} `bad-config`.
 */
export function parsePrefixes(prefixes: string[], flag: string): string[] {
  for (const prefix of prefixes) {
    if (isPrefix(prefix)) continue;
    throw badSetting(
      `${flag} ${prefix} is no path of a service: it begins with a slash and does not end with one`,
    );
  }
  return prefixes;
}
