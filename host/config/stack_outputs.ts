// Parses the output of `pulumi stack output --json`.
import { badSetting } from "./setting_parsers.ts";
import type { Settings } from "./settings.ts";

/** The parts of a stack's outputs that a host needs. */
export interface StackOutputs {
  /** Settings that the stack determines. */
  settings: Settings;
  /** The ARN of the policy for the host's credentials; undefined if the outputs do not name it. */
  policyArn?: string;
  /** With the registries `s3` and `relay`, each host's policy by the host's name; empty where it needs none. */
  hosts: Map<string, string>;
  /** The lines for a page; undefined if the outputs do not have them. */
  html?: string;
}

/** Most bytes of outputs: more than any stack has. */
const MAX_LENGTH = 1024 * 1024;

/**
 * Reads a stack's outputs.
 *
 * @param text JSON from `pulumi stack output --json`.
 * @throws {LighthouseError} `bad-config` with the wrong or missing member.
 *
 * @example
 * ```ts
 * import { parseOutputs } from "./stack_outputs.ts";
 *
 * const text = '{"webSocketUrl":"wss://…/prod","functionName":"SignalingRelay","region":"us-east-1"}';
 * console.log(parseOutputs(text).settings.function); // "SignalingRelay"
 * ```
 */
export function parseOutputs(text: string): StackOutputs {
  const outputs = parseObject(text);
  const output = (name: string): string => {
    const value = outputs[name];
    if (typeof value === "string" && value !== "") return value;
    throw bad(`the stack's outputs have no ${name}`);
  };
  // Undefined removes the settings of another stack from the file.
  const hosts = parseHosts(outputs.hosts);
  const [only, ...others] = hosts.keys();
  const host = only !== undefined && others.length === 0 ? { host: only } : {};
  const { hostPolicyArn, throttles, registry, page } = outputs;
  return {
    settings: {
      relay: output("webSocketUrl"),
      // Earlier stacks have no such output.
      throttles: typeof throttles === "string" ? throttles : undefined,
      ...settingsOf(registry, output),
      ...host,
    },
    policyArn: typeof hostPolicyArn === "string" ? hostPolicyArn : undefined,
    hosts,
    html: typeof page === "string" ? page : undefined,
  };
}

/** What a host needs of the stack besides the relay's URL. Undefined removes what another stack has needed. */
function settingsOf(registry: unknown, output: (name: string) => string): Settings {
  const none = { registry: undefined, bucket: undefined, host: undefined };
  // Such a host has no business with AWS.
  if (registry === "relay") {
    return { ...none, function: undefined, region: undefined, registry };
  }
  const common = { ...none, function: output("functionName"), region: output("region") };
  return registry === "s3" ? { ...common, registry, bucket: output("bucket") } : common;
}

function parseHosts(value: unknown): Map<string, string> {
  const hosts = new Map<string, string>();
  for (const [name, host] of Object.entries(value ?? {})) {
    const policyArn = (host as { policyArn?: unknown } | null)?.policyArn;
    if (typeof policyArn !== "string") {
      throw bad(`the stack's output hosts has no policy for ${name}`);
    }
    hosts.set(name, policyArn);
  }
  return hosts;
}

function parseObject(text: string): Record<string, unknown> {
  if (text.trim() === "") throw bad("the stack's outputs are empty");
  if (text.length > MAX_LENGTH) throw bad("the stack's outputs are longer than any stack's");
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null && !Array.isArray(value)) return value;
  } catch {
    // The error below says so.
  }
  throw bad("the stack's outputs are not a JSON object");
}

function bad(why: string) {
  return badSetting(`${why}: give what pulumi stack output --json prints`);
}
