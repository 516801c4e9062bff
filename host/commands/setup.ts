// `lighthouse-host setup`: from AWS credentials to a paired browser. Each step looks at what is there, so
// the same command goes on after whatever has stopped it.
import { dirname, join, resolve } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { devicesFolder, readDevices } from "../access/devices.ts";
import { editConfigFile, readConfigFile } from "../config/config_file.ts";
import { hasServices, parseServices } from "../config/service_config.ts";
import { mergeSettings } from "../config/read_settings.ts";
import { badSetting } from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { parseOutputs } from "../config/stack_outputs.ts";
import { lookAt } from "../control/look.ts";
import { createLog, type Log } from "../platform/log.ts";
import { findUnit } from "../platform/service_manager.ts";
import { print } from "../platform/terminal.ts";
import { type Answers, findAnswers, findPlace, writeAnswers } from "../setup/answers.ts";
import { type AwsSide, deployBridge, destroyBridge } from "../setup/aws_side.ts";
import { defaultRegion } from "../setup/aws_account.ts";
import { Interruption } from "../setup/interruption.ts";
import { Project } from "../setup/project.ts";
import { SetupError } from "../setup/setup_error.ts";
import { checkBridge, defined, writeSettings } from "./init.ts";
import { install, uninstall } from "./install.ts";
import { pair } from "./pair.ts";
import { site } from "./site.ts";
import { openState } from "./state.ts";
import { readStatus, summarize } from "./status.ts";

/** Longest wait for the host to be online, in milliseconds. */
const ONLINE_MS = 90_000;

/** The settings that come from the stack: without it, there are none. */
const FROM_STACK: Settings = {
  relay: undefined,
  registry: undefined,
  host: undefined,
  throttles: undefined,
};

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
  const isDryRun = flags["dry-run"] === true;
  if (!mayAsk && !flags.yes && !isDryRun) {
    throw badSetting("--yes is missing: without a terminal, or with --json, nothing can be asked");
  }
  const given = {
    folder: project.folder,
    flags: answersOf(flags),
    region: await defaultRegion(),
  };
  const log = createLog(flags.json);
  if (flags.destroy) {
    const place = await findPlace(given);
    using interruption = new Interruption();
    return await undo({ project, place, mayAsk, interruption, log }, flags, file.path);
  }
  const settings = mergeSettings({}, process.env, file.settings);
  const answers = await findAnswers({ ...given, settings, mayAsk });
  using interruption = new Interruption();
  const at: AwsSide = { project, place: answers, mayAsk, interruption, log };
  const outputs = await deployBridge(at, { answers, state, isDryRun });
  if (outputs === undefined) return isDryRun;
  return await setUpHost(at, flags, { answers, outputs, state });
}

/** The answers that flags give. */
function answersOf(flags: SetupFlags): Partial<Answers> {
  const { page, origin, region, backend, service, email, site, host, function: name } = flags;
  const given = { page, origin, region, backend, service, email, site, host, function: name };
  return defined({ ...given, "pulumi-state": flags["pulumi-state"] });
}

/** The steps on this machine: settings, site, system service, pairing. */
async function setUpHost(
  at: AwsSide,
  flags: SetupFlags,
  { answers, outputs: text, state }: { answers: Answers; outputs: string; state: string },
): Promise<boolean> {
  const { interruption, log } = at;
  const { page, backend, service, host } = answers;
  const outputs = parseOutputs(text);
  const wanted = { page, ...hasServices(answers) && { backend, service }, host };
  const settings = await writeSettings(outputs, {
    ...wanted,
    state: flags.state,
    public: flags.public,
  }, log);
  // From now on these are the settings file's, where other commands may change them.
  const ofHost = { page: undefined, backend: undefined, service: undefined };
  await writeAnswers(at.project.folder, { ...answers, ...ofHost });
  if (!await checkBridge(settings, outputs, { state, log })) {
    log("info", "hint", "everything is deployed. Run the same command again to go on from here");
    return false;
  }
  await warnOfBackends(settings, log);
  log("info", "no-aws", "from here on, this machine needs no AWS credentials");
  interruption.signal.throwIfAborted();
  const { json } = flags;
  if (answers.site) await site(answers.site, { page, state: flags.state, json, isReady: true });
  else if (outputs.html !== undefined) tellHtml(outputs.html, at.project, json);
  if (!flags.install) {
    log("info", "ready", "ready: lighthouse-host run starts the host, and pairs the first device");
    return true;
  }
  if (!await startService(at, state, flags)) return false;
  // From here on Ctrl-C cancels the pairing.
  interruption[Symbol.dispose]();
  return await pairFirst(flags, { page, state, log });
}

async function warnOfBackends(settings: Settings, log: Log): Promise<void> {
  for (const seen of await lookAt(parseServices(settings, process.env))) {
    const { service, isUp, trouble = "does not answer" } = seen;
    if (isUp === false) log("warn", "backend-down", `${service} ${trouble}: is it running?`);
  }
}

/** Pairs a device, unless there is one. @returns Whether there is one now, or nobody waits for it. */
async function pairFirst(
  flags: SetupFlags,
  { page, state, log }: { page: string; state: string; log: Log },
): Promise<boolean> {
  const devices = readDevices(devicesFolder(state)).filter(({ revoked }) => revoked === undefined);
  if (devices.length === 0) {
    const { wait, json } = flags;
    return await pair({ page, state: flags.state, wait, json });
  }
  const count = devices.length === 1 ? "a device is" : `${devices.length} devices are`;
  log("info", "ready", `ready: ${count} paired. lighthouse-host pair lets another one in`);
  return true;
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
    log(
      "info",
      "hint",
      "setup --no-install leaves the service out, and lighthouse-host run starts the host here",
    );
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

/** Tells the lines for a page of the user's own. */
function tellHtml(html: string, { element }: Project, json: boolean): void {
  if (json) return print(JSON.stringify({ event: "html", html, element }));
  print("Put these lines into your page:");
  for (const text of html.split("\n")) print(`  ${text}`);
  print(`and beside it ${element}`);
}

/** Undoes it. The project is the last, so that an undoing that was stopped can go on. */
async function undo(at: AwsSide, flags: SetupFlags, path: string): Promise<boolean> {
  const { project, log } = at;
  const { folder } = project;
  if (!project.exists()) {
    throw new SetupError(`${folder} has nothing of setup. Another folder: --project`);
  }
  if (!await destroyBridge(at)) return false;
  if (await findUnit()) await uninstall({ state: flags.state, json: flags.json });
  const file = await readConfigFile(path);
  // Another registry is not of setup's making.
  if (file.settings.registry === "relay") await editConfigFile(file, FROM_STACK);
  const kept = await project.remove() ? "" : ", apart from files that you have changed or added";
  log("info", "removed", `removed ${folder}${kept}`, { folder });
  log("info", "undone", "undone. Kept: the host's key, its devices and your other settings");
  return true;
}
