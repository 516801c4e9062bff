// `lighthouse-host setup`: from AWS credentials to a paired browser. Each step looks at what is there, so
// the same command goes on after whatever has stopped it.
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { devicesFolder, readDevices } from "../access/devices.ts";
import type { ConfigFile } from "../config/config_file.ts";
import { editConfigFile, readConfigFile } from "../config/config_file.ts";
import { hasServices } from "../config/service_config.ts";
import { mergeSettings } from "../config/read_settings.ts";
import type { Settings } from "../config/settings.ts";
import { parseOutputs } from "../config/stack_outputs.ts";
import { createLog } from "../platform/log.ts";
import { findUnit } from "../platform/service_manager.ts";
import { print } from "../platform/terminal.ts";
import { type Answers, findAnswers } from "../setup/answers.ts";
import { type AwsSide, deployBridge, destroyBridge } from "../setup/aws_side.ts";
import { defaultRegion } from "../setup/aws_account.ts";
import { Interruption } from "../setup/interruption.ts";
import { Project } from "../setup/project.ts";
import { SetupError } from "../setup/setup_error.ts";
import { checkBridge, writeSettings } from "./init.ts";
import { install, uninstall } from "./install.ts";
import { pair } from "./pair.ts";
import { site } from "./site.ts";
import { openState } from "./state.ts";
import { readStatus, summarize } from "./status.ts";

/** Longest wait for the host to be online, in milliseconds. */
const ONLINE_MS = 90_000;

/** The flags of `setup`, and the settings. */
export interface SetupFlags extends Settings {
  /** Further origins whose pages may use the relay. */
  origin?: string[];
  /** Mail address for alarms and budget. */
  email?: string;
  /** Folder for a ready site. */
  site?: string;
  /** The Pulumi project's folder. */
  project?: string;
  /** Where Pulumi keeps the state, as `pulumi login` takes it. */
  "pulumi-state"?: string;
  /** Whether to plan only. */
  "dry-run"?: boolean;
  /** Whether to undo. */
  destroy?: boolean;
  /** Whether to ask nothing. */
  yes?: boolean;
  /** Whether to install the system service. */
  install: boolean;
  /** Whether to wait for a device. */
  wait: boolean;
  json: boolean;
}

/**
 * Sets everything up, or undoes it.
 *
 * @returns Whether all of it is done.
 * @throws {SetupError} With what to do; the same command then goes on.
 * @throws {LighthouseError} `bad-config` if a flag or an answer is missing or wrong.
 */
export async function setup(flags: SetupFlags): Promise<boolean> {
  const { file, state } = await openState(flags);
  const project = new Project(resolve(flags.project ?? join(dirname(file.path), "stack")));
  const mayAsk = !flags.yes && !flags.json && process.stdin.isTTY && process.stdout.isTTY;
  if (flags.destroy && !await project.exists()) {
    throw new SetupError(`${project.folder} has nothing of setup. Another folder: --project`);
  }
  const answers = await findAnswers({
    folder: project.folder,
    flags: answersOf(flags),
    settings: mergeSettings({}, process.env, file.settings),
    region: await defaultRegion(),
    mayAsk: mayAsk && !flags.destroy,
  });
  using interruption = new Interruption();
  const at: AwsSide = { project, answers, mayAsk, interruption, log: createLog(flags.json) };
  if (flags.destroy) return await undo(at, flags, file);
  const isPublic = (flags.public ?? file.settings.public ?? []).length > 0;
  const isDryRun = flags["dry-run"] === true;
  const outputs = await deployBridge(at, { state, isPublic, isDryRun });
  if (outputs === undefined) return isDryRun;
  return await setUpHost(at, flags, { outputs, state });
}

/** The answers that flags give. */
function answersOf(flags: SetupFlags): Partial<Answers> {
  const { page, origin, region, backend, service, email, site, host, function: name } = flags;
  const given = { page, origin, region, backend, service, email, site, host, function: name };
  const all = { ...given, "pulumi-state": flags["pulumi-state"] };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
}

/** The steps on this machine: settings, site, system service, pairing. */
async function setUpHost(
  at: AwsSide,
  flags: SetupFlags,
  { outputs: text, state }: { outputs: string; state: string },
): Promise<boolean> {
  const { answers, interruption, log } = at;
  const { page, backend, service, host } = answers;
  const outputs = parseOutputs(text);
  const wanted = { page, ...hasServices(answers) && { backend, service }, host };
  const settings = await writeSettings(outputs, {
    ...wanted,
    state: flags.state,
    public: flags.public,
  }, log);
  if (!await checkBridge(settings, outputs, { state, log })) return false;
  interruption.signal.throwIfAborted();
  if (answers.site) await site(answers.site, { page, state: flags.state, json: flags.json });
  else tellHtml(text, flags);
  if (!flags.install) {
    log("info", "ready", "ready: lighthouse-host run starts the host, and pairs the first device");
    return true;
  }
  if (!await startService(at, state, flags)) return false;
  const devices = readDevices(devicesFolder(state)).filter(({ revoked }) => revoked === undefined);
  if (devices.length > 0) {
    const count = devices.length === 1 ? "a device is" : `${devices.length} devices are`;
    log("info", "ready", `ready: ${count} paired. lighthouse-host pair lets another one in`);
    return true;
  }
  interruption[Symbol.dispose]();
  return await pair({ page, state: flags.state, wait: flags.wait, json: flags.json });
}

/** Installs the system service, unless a host runs otherwise, and waits until it is online. */
async function startService(
  { project, interruption, log }: AwsSide,
  state: string,
  flags: SetupFlags,
): Promise<boolean> {
  const { json } = flags;
  if (await readStatus(state) && !await findUnit()) {
    log("info", "runs", "a host runs in another terminal, and takes the new settings over");
  } else if (!await install({ state: flags.state, json, program: project.program })) {
    log("info", "hint", "lighthouse-host run starts the host in this terminal instead");
    return false;
  }
  const ending = AbortSignal.any([interruption.signal, AbortSignal.timeout(ONLINE_MS)]);
  for (;;) {
    const status = await readStatus(state).catch(() => undefined);
    if (status?.phase === "online") {
      log("info", "online", "the host is online");
      return true;
    }
    if (ending.aborted) {
      interruption.signal.throwIfAborted();
      const how = status ? summarize(status) : "it does not run";
      throw new SetupError(`The host is not online: ${how}. lighthouse-host doctor says why`);
    }
    await sleep(300);
  }
}

/** The lines for a page of the user's own. */
function tellHtml(outputs: string, { json }: SetupFlags): void {
  const { page: html } = JSON.parse(outputs) as { page?: unknown };
  if (typeof html !== "string") return;
  if (json) return print(JSON.stringify({ event: "html", html }));
  print("Put these lines into your page:");
  for (const text of html.split("\n")) print(`  ${text}`);
  const file = "components/dist/lighthouse-tunnel.js";
  print(`and beside it ${new URL(`../../${file}`, import.meta.url).pathname}`);
}

/** Undoes it: the service, what is in AWS, the project, and the settings that came from it. */
async function undo(at: AwsSide, flags: SetupFlags, { path }: ConfigFile): Promise<boolean> {
  if (await findUnit()) await uninstall({ state: flags.state, json: flags.json });
  if (!await destroyBridge(at)) return false;
  await editConfigFile(await readConfigFile(path), {
    relay: undefined,
    registry: undefined,
    host: undefined,
    throttles: undefined,
  });
  at.log("info", "undone", "undone. Kept: the host's key, its devices and your other settings");
  return true;
}
