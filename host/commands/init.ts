// `lighthouse-host init`: writes the settings from a stack's outputs, and checks them.
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { resolve } from "node:path";
import process from "node:process";
import { text } from "node:stream/consumers";
import { readIdentity } from "../access/host_key.ts";
import { parseBridge, parsePage } from "../config/config.ts";
import { editConfigFile, readConfigFile } from "../config/config_file.ts";
import { pathsOf } from "../config/paths.ts";
import { parseSetting } from "../config/read_settings.ts";
import { formatSetting, hasServices, parseServices } from "../config/service_config.ts";
import { resolvePath } from "../config/setting_files.ts";
import { badSetting } from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { parseOutputs, type StackOutputs } from "../config/stack_outputs.ts";
import { createLog, type Log } from "../platform/log.ts";
import { print } from "../platform/terminal.ts";
import { runChecks } from "../signalling/checks.ts";
import { openRegistry } from "../signalling/open_registry.ts";
import { openState } from "./state.ts";

/**
 * Writes the settings file, then runs the checks. Other settings in the file stay.
 *
 * @param source A file with a stack's outputs, or `-` for standard input.
 * @param flags Settings to write besides those of the outputs.
 * @returns Whether all checks have passed.
 * @throws {LighthouseError} `bad-config`; the file is then unchanged.
 */
export async function init(source: string, flags: Settings & { json: boolean }): Promise<boolean> {
  const { json, ...wanted } = flags;
  const log = createLog(json);
  const outputs = parseOutputs(await readSource(source));
  const settings = await writeSettings(outputs, wanted, log);
  const { state } = await openState(flags);
  if (!await checkBridge(settings, outputs, { state, log })) return false;
  const next = hasServices(settings) ? "" : " --backend http://127.0.0.1:5000";
  log("info", "ready", `ready: lighthouse-host run${next}`);
  return true;
}

/**
 * Writes what a stack's outputs determine, and further settings.
 *
 * @returns All settings of the file.
 * @throws {LighthouseError} `bad-config`; the file is then unchanged.
 */
export async function writeSettings(
  { settings: given, hosts, policyArn }: StackOutputs,
  wanted: Settings,
  log: Log,
): Promise<Settings> {
  const { config: path } = pathsOf(process.env);
  const file = await readConfigFile(path);
  const changes: Settings = { ...given, ...defined(wanted) };
  if (hasServices(wanted)) {
    // These replace the services in the file. Folders become absolute paths.
    changes.service = parseServices(wanted).map(formatSetting);
    changes.backend = undefined;
  }
  if (wanted.state !== undefined) changes.state = resolve(wanted.state);
  const servers = wanted["ice-servers"];
  if (servers !== undefined) {
    changes["ice-servers"] = resolvePath(servers, homedir());
    parseSetting("ice-servers", changes);
  }
  const settings = { ...file.settings, ...changes };
  const { kind, host } = parseBridge(settings).registry;
  parsePage(settings);
  if (kind !== "lambda-env" && policyOf(host, { hosts, policyArn }) === undefined) {
    const setting = kind === "relay"
      ? "hostKeys, with the key that lighthouse-host key prints"
      : "hosts";
    throw badSetting(
      `--host ${host} is none of the stack's hosts, which are ${[...hosts.keys()].join(", ")}: ` +
        `name one of them, or add it to the stack's setting ${setting}`,
    );
  }
  await editConfigFile(file, changes);
  log("info", "config-written", `wrote ${path}`, { path });
  return settings;
}

/**
 * Runs the checks of the bridge.
 *
 * @param state The state folder.
 * @returns Whether all have passed.
 */
export async function checkBridge(
  settings: Settings,
  outputs: StackOutputs,
  { state, log }: { state: string; log: Log },
): Promise<boolean> {
  const bridge = parseBridge(settings);
  const registry = await openRegistry(bridge, () => readIdentity(state));
  const { host } = bridge.registry;
  let isWell = true;
  for await (const { name, ok, message } of runChecks(bridge.relay, registry, { host })) {
    isWell &&= ok;
    log(ok ? "info" : "error", ok ? "check-passed" : "check-failed", message, { check: name });
  }
  const policyArn = policyOf(host, outputs);
  if (!isWell && policyArn) {
    log("info", "hint", `the stack's policy for the host is ${policyArn}`, { policyArn });
  }
  return isWell;
}

/** @returns Undefined if the stack has no such host; empty if it needs no policy. */
function policyOf(
  host: string | undefined,
  { policyArn, hosts }: Pick<StackOutputs, "policyArn" | "hosts">,
): string | undefined {
  return host === undefined ? policyArn : hosts.get(host);
}

async function readSource(source: string): Promise<string> {
  if (source === "-") {
    if (process.stdin.isTTY) {
      print("Paste what pulumi stack output --json prints, then press Ctrl-D:", process.stderr);
    }
    return await text(process.stdin);
  }
  try {
    return await readFile(source, "utf8");
  } catch (error) {
    throw badSetting(`${source} cannot be read: ${(error as Error).message}`);
  }
}

/** The members that are not undefined. */
export function defined<T extends object>(values: T): Partial<T> {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(given) as Partial<T>;
}
