// `lighthouse-host install` and `uninstall`: the host as a service that starts by itself.
import { execFile } from "node:child_process";
import { mkdir, realpath, rm, stat, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { LighthouseError } from "../../wire/mod.ts";
import type { ConfigFile } from "../config/config_file.ts";
import { pathsOf } from "../config/paths.ts";
import type { Settings } from "../config/settings.ts";
import { createLog, type Log } from "../platform/log.ts";
import { tryRun, type Unit, unitOf } from "../platform/service_manager.ts";
import { openState, readConfig } from "./state.ts";

/** Flags of both. */
export interface InstallFlags extends Settings {
  json: boolean;
  /** A service of the system's, that runs without anybody being logged in. */
  system?: boolean;
  /** Shows the file, and installs nothing. */
  print?: boolean;
}

/** Variables of the terminal that a service needs as well, and that hold no secret. */
const INHERITED = [
  ...["XDG_CONFIG_HOME", "XDG_STATE_HOME", "AWS_PROFILE", "AWS_REGION", "AWS_CONFIG_FILE"],
  "AWS_SHARED_CREDENTIALS_FILE",
];

/**
 * Folders of one version of Node.js, which an update takes away, and npx's own: nvm, fnm, Volta, asdf, mise,
 * nodenv, and Homebrew's.
 */
const PASSING =
  /[/\\](?:\.nvm|\.?fnm|fnm_multishells|\.volta|\.asdf|mise|\.nodenv|Cellar|_npx|\.npm)[/\\]/;

/**
 * Installs the host as a service, and starts it. Where it is one already, it is started anew with this
 * program: an upgrade. Host key and devices stay.
 *
 * @returns Whether it runs.
 * @throws {LighthouseError} `bad-config` where the settings file lacks something, or the platform has
 * no service manager that is known here.
 */
export async function install(flags: InstallFlags): Promise<boolean> {
  const log = createLog(flags.json);
  const { unit, file, state, user, hasNamespaces } = await describe(flags, true);
  // What is wrong now would be wrong at each start. A service sees this file, and no flags.
  readConfig({}, file!, {});
  if (flags.print) {
    process.stdout.write(unit.text);
    return true;
  }
  for (const path of unit.command.slice(0, 2)) {
    if (!PASSING.test(path)) continue;
    log("warn", "passing-path", `${path} may go away with an update; then run install again`);
  }
  await makeFolder(state, user);
  await writeUnit(unit);
  log("info", "unit-written", `wrote ${unit.path}`, { path: unit.path });
  await tryRunAll(unit.clear);
  const trouble = await tryRunAll(unit.start);
  if (trouble) {
    log("error", "not-started", `the service does not start: ${trouble}. Its log: ${unit.logs}`);
    return false;
  }
  log("info", "installed", `the host runs, and starts by itself. Its log: ${unit.logs}`);
  if (!hasNamespaces) {
    log(
      "warn",
      "no-namespaces",
      "this machine lets users make no namespaces, so the service sees all that you see. " +
        "install --system keeps it from that",
    );
  }
  if (process.platform === "linux" && !flags.system) await tellOfLingering(log);
  return true;
}

/** Stops the service and removes it. Settings, host key and devices stay. */
export async function uninstall(flags: InstallFlags): Promise<boolean> {
  const log = createLog(flags.json);
  const { unit, state, config } = await describe(flags, false);
  if (!await exists(unit.path)) {
    log("info", "not-installed", `there is no service: ${unit.path} does not exist`);
    return true;
  }
  const trouble = await tryRunAll(unit.stop);
  for (const path of [unit.path, ...unit.leftovers]) await rm(path, { force: true });
  await tryRunAll(unit.forget);
  if (trouble) log("warn", "not-stopped", `the service could not be stopped: ${trouble}`);
  const kept = [config, state];
  log("info", "uninstalled", `the service is gone. Kept: ${kept.join(" and ")}`, { kept });
  return !trouble;
}

/** What is to be installed, for whom, and where it keeps what. */
interface Installation {
  unit: Unit & { command: string[] };
  /** The settings file; undefined where it is wrong, and not needed. */
  file: ConfigFile | undefined;
  config: string;
  state: string;
  /** Undefined for a service of the user's own. */
  user: string | undefined;
  hasNamespaces: boolean;
}

/**
 * @param isNew Whether the file is to be written, and what it may ask for is to be tried.
 * @throws {LighthouseError} `bad-config`.
 */
async function describe(flags: InstallFlags, isNew: boolean): Promise<Installation> {
  const user = flags.system ? serviceUser() : undefined;
  const environment: Record<string, string> = {};
  if (user !== undefined) {
    environment.HOME = await homeOf(user);
  } else {
    for (const name of INHERITED) {
      const value = process.env[name];
      if (value) environment[name] = value;
    }
  }
  // Another user's places follow from that user's home alone.
  const surroundings = user === undefined ? process.env : environment;
  const places = pathsOf(surroundings);
  const opened = await openState(flags, surroundings).catch((error) => {
    // To be uninstalled, nothing need be right.
    if (isNew) throw error;
    return { file: undefined, state: flags.state ?? places.state };
  });
  const { file, state } = opened;
  const command = [
    process.execPath,
    await realpath(process.argv[1]!),
    ...["run", "--state", state],
  ];
  const isSure = user !== undefined || process.platform !== "linux" || !isNew;
  const hasNamespaces = isSure || await mayMakeNamespaces();
  const unit = unitOf(process.platform, { command, state, environment, user, hasNamespaces });
  if (unit) {
    const { config } = places;
    return { unit: { ...unit, command }, file, config, state, user, hasNamespaces };
  }
  throw new LighthouseError(
    "bad-config",
    `Cannot install${flags.system ? " for the system" : ""} on ${process.platform}: ` +
      "there are systemd units on Linux, and launchd agents of a user's on macOS",
  );
}

/**
 * Whether this user's services may have namespaces: some machines forbid that, and services that ask
 * for them do not start. Where it cannot be tried, they may.
 */
async function mayMakeNamespaces(): Promise<boolean> {
  const command = ["systemd-run", "--user", "--wait", "--quiet", "--collect"];
  if (await tryRun([...command, "true"])) return true;
  return await tryRun([...command, "--property=PrivateUsers=yes", "true"]) === undefined;
}

/** Who runs a service of the system's: who has called sudo. @throws {LighthouseError} `bad-config`. */
function serviceUser(): string {
  if (process.getuid?.() === 0) return process.env.SUDO_USER || userInfo().username;
  throw new LighthouseError("bad-config", "Cannot install for the system: run it with sudo");
}

async function homeOf(user: string): Promise<string> {
  const { stdout } = await promisify(execFile)("getent", ["passwd", user]);
  return stdout.split(":")[5]!;
}

/** The state folder, which is to be that user's: a unit may write to folders alone that are there. */
async function makeFolder(path: string, user: string | undefined): Promise<void> {
  if (user === undefined) {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return;
  }
  const trouble = await tryRun(["runuser", "-u", user, "--", "mkdir", "-p", "-m", "700", path]);
  if (trouble) throw new LighthouseError("bad-config", `Cannot make ${path}: ${trouble}`);
}

async function writeUnit({ path, text }: Unit): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, text, { mode: 0o644 });
  } catch (cause) {
    throw new LighthouseError(
      "bad-config",
      `Cannot write ${path}: ${(cause as Error).message}`,
      { cause },
    );
  }
}

/** Runs commands until one fails. @returns what that one said. */
async function tryRunAll(commands: string[][]): Promise<string | undefined> {
  for (const command of commands) {
    const trouble = await tryRun(command);
    if (trouble) return `${command.join(" ")}: ${trouble}`;
  }
  return undefined;
}

/** A user's services end when the user logs out, unless that is asked for. */
async function tellOfLingering(log: Log): Promise<void> {
  const name = userInfo().username;
  if (await exists(`/var/lib/systemd/linger/${name}`)) return;
  log(
    "info",
    "hint",
    `it ends when you log out. To have it run always: loginctl enable-linger ${name}`,
  );
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}
