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
import { parseOutputs } from "../config/stack_outputs.ts";
import { createLog } from "../platform/log.ts";
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
  const { settings: given, hosts, ...outputs } = parseOutputs(await readSource(source));
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
  const bridge = parseBridge(settings);
  parsePage(settings);
  const { kind, host } = bridge.registry;
  const policyArn = host === undefined ? outputs.policyArn : hosts.get(host);
  if (kind !== "lambda-env" && policyArn === undefined) {
    throw badSetting(
      `--host ${host} is none of the stack's hosts, which are ${[...hosts.keys()].join(", ")}: ` +
        "name one of them, or add it to the stack's setting hosts",
    );
  }
  await editConfigFile(file, changes);

  const log = createLog(json);
  log("info", "config-written", `wrote ${path}`, { path });
  let isWell = true;
  const { state } = await openState(flags);
  const registry = await openRegistry(bridge, () => readIdentity(state));
  for await (const { name, ok, message } of runChecks(bridge.relay, registry)) {
    isWell &&= ok;
    log(ok ? "info" : "error", ok ? "check-passed" : "check-failed", message, { check: name });
  }
  if (!isWell && policyArn) {
    log("info", "hint", `the stack's policy for the host is ${policyArn}`, { policyArn });
  }
  if (isWell) {
    const next = hasServices(settings) ? "" : " --backend http://127.0.0.1:5000";
    log("info", "ready", `ready: lighthouse-host run${next}`);
  }
  return isWell;
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

function defined(settings: Settings): Settings {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined));
}
