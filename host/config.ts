// The host's settings, from flags and the environment, checked.
import { LighthouseError, parseStunServers } from "../wire/mod.ts";

/** What the host runs with. */
export interface HostConfig {
  /** The relay's WebSocket URL. */
  relay: URL;
  /** The relay's Lambda. @default "SignalingRelay" */
  functionName: string;
  /** The Lambda's AWS region; undefined leaves it to the AWS SDK (`AWS_REGION`, profile). */
  region?: string;
  /** The backend that pages reach. */
  backend: URL;
  /** STUN servers, `stun:host:port` each; empty for none. */
  stun: string[];
}

/** Settings as they come: text by name, undefined where a name is not set. */
export type Settings = Partial<
  Record<"relay" | "function" | "region" | "backend" | "stun", string>
>;

/**
 * Reads the settings.
 *
 * @param flags From the command line: these go first.
 * @param environment Each as `LIGHTHOUSE_<NAME>`, such as `LIGHTHOUSE_RELAY`.
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
): HostConfig {
  const setting = (name: keyof Settings) =>
    flags[name] ?? (environment[`LIGHTHOUSE_${name.toUpperCase()}`] || undefined);
  return {
    relay: parseUrl("relay", setting("relay"), ["wss:", "ws:"], "wss://…/prod"),
    functionName: parseFunctionName(setting("function") ?? "SignalingRelay"),
    region: parseRegion(setting("region")),
    backend: parseUrl("backend", setting("backend"), ["http:", "https:"], "http://127.0.0.1:5000"),
    stun: parseStunServers(setting("stun") ?? ""),
  };
}

function parseUrl(name: string, text: string | undefined, schemes: string[], example: string): URL {
  const variable = `LIGHTHOUSE_${name.toUpperCase()}`;
  if (!text) throw bad(`--${name} is missing: give --${name} ${example}, or set ${variable}`);
  const url = URL.parse(text);
  // What may be a secret is not shown: messages end up in logs.
  if (url?.username || url?.password) {
    throw bad(`--${name} must not hold a user name or a password`);
  }
  if (url?.search || url?.hash) throw bad(`--${name} must not have a query or a fragment`);
  if (!url || !schemes.includes(url.protocol)) {
    throw bad(`--${name} is not a URL such as ${example}: ${text.replace(/.*@/, "…@")}`);
  }
  return url;
}

/** https://docs.aws.amazon.com/lambda/latest/api/API_GetFunctionConfiguration.html */
function parseFunctionName(text: string): string {
  if (/^[\w:-]{1,140}$/.test(text)) return text;
  throw bad(`--function is not the name or ARN of a Lambda: ${text}`);
}

function parseRegion(text: string | undefined): string | undefined {
  if (text === undefined || /^[a-z]{2,}(-[a-z]+)+-\d+$/.test(text)) return text;
  throw bad(`--region is not an AWS region such as us-east-1: ${text}`);
}

function bad(why: string): LighthouseError {
  return new LighthouseError("bad-config", `Cannot run: ${why}`);
}
