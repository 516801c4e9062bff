// `lighthouse-host install` and `uninstall`: the host as a system service.
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
import { loadNative } from "../peers/native.ts";
import { createLog, type Log } from "../platform/log.ts";
import { print } from "../platform/terminal.ts";
import { tryRun, type Unit, unitOf } from "../platform/service_manager.ts";
import { openState, openStateAnyway, readConfig } from "./state.ts";

/** Flags of both commands. */
export interface InstallFlags extends Settings {
  json: boolean;
  /** Installs for the whole system: the host runs while no user is logged in. */
  system?: boolean;
  /** Prints the service's file, and installs nothing. */
  print?: boolean;
  /** Another copy of this program, for the service if this one may go away. */
  program?: string;
}

/** Variables of the terminal that the service gets too. They hold no secrets. */
const INHERITED = ["XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"];

/** Further ones, unless the relay registers the host: it then needs no AWS credentials, and is shown none. */
const INHERITED_FOR_AWS = [
  "AWS_PROFILE",
  "AWS_REGION",
  "AWS_CONFIG_FILE",
  "AWS_SHARED_CREDENTIALS_FILE",
];

/**
 * Folders of one version of Node.js, which an update removes: those of nvm, fnm, Volta, asdf, mise, nodenv
 * and Homebrew; and npx's cache.
 */
const PASSING =
  /[/\\](?:\.nvm|\.?fnm|fnm_multishells|\.volta|\.asdf|mise|\.nodenv|Cellar|_npx|\.npm)[/\\]/;

/**
 * Installs the host as a system service, and starts it. If it is installed already, it restarts with this
 * program: an upgrade. Host key and devices stay.
 *
 * @returns Whether the service runs.
 * @throws {LighthouseError} `bad-config` if a setting is missing in the file, or the platform has neither
 * systemd nor launchd.
 */
export async function install(flags: InstallFlags): Promise<boolean> {
  const log = createLog(flags.json);
  const { unit, file, state, user, environment, hasNamespaces } = await describe(flags, true);
  // Check the settings now: the service reads the same file at each start, and gets no flags.
  readConfig({}, file, environment);
  if (flags.print) {
    const { path, text } = unit;
    if (flags.json) print(JSON.stringify({ path, text }));
    else process.stdout.write(text);
    return true;
  }
  for (const path of unit.command.slice(0, 2)) {
    if (!PASSING.test(path)) continue;
    log("warn", "passing-path", `${path} may go away with an update; then run install again`);
  }
  await prepareFor(user, unit.command, environment);
  await makeFolder(state, user);
  await writeUnit(unit);
  log("info", "unit-written", `wrote ${unit.path}`, { path: unit.path });
  await tryRunAll(unit.clear);
  const trouble = await tryRunAll(unit.start);
  if (trouble) {
    log(
      "error",
      "not-started",
      `the system service does not start: ${trouble}. Its log: ${unit.logs}`,
    );
    return false;
  }
  log("info", "installed", `the host runs, and starts by itself. Its log: ${unit.logs}`);
  if (!hasNamespaces) {
    log(
      "warn",
      "no-namespaces",
      "users of this machine cannot create namespaces, so the system service can read all your files. " +
        "install --system prevents that",
    );
  }
  if (process.platform === "linux" && !flags.system) await tellOfLingering(log);
  return true;
}

/** Stops and removes the system service. Settings, host key and devices stay. */
export async function uninstall(flags: InstallFlags): Promise<boolean> {
  const log = createLog(flags.json);
  const { unit, state, config } = await describe(flags, false);
  if (!await exists(unit.path)) {
    log("info", "not-installed", `no system service is installed: ${unit.path} does not exist`);
    return true;
  }
  const trouble = await tryRunAll(unit.stop);
  for (const path of [unit.path, ...unit.leftovers]) await rm(path, { force: true });
  await tryRunAll(unit.forget);
  if (trouble) log("warn", "not-stopped", `the system service could not be stopped: ${trouble}`);
  const kept = [config, state];
  log("info", "uninstalled", `removed the system service. Kept: ${kept.join(" and ")}`, { kept });
  return !trouble;
}

/** The system service to install: its user and its paths. */
interface Installation {
  unit: Unit & { command: string[] };
  file: ConfigFile;
  config: string;
  state: string;
  /** The service's user; undefined for a service of this user. */
  user: string | undefined;
  /** The service's variables. */
  environment: Record<string, string>;
  hasNamespaces: boolean;
}

/**
 * @param isNew Whether the service's file will be written: then its options are checked too.
 * @throws {LighthouseError} `bad-config`.
 */
async function describe(flags: InstallFlags, isNew: boolean): Promise<Installation> {
  const user = flags.system ? serviceUser() : undefined;
  const environment: Record<string, string> = {};
  if (user !== undefined) environment.HOME = await homeOf(user);
  // Another user's paths depend only on that user's home.
  const variables = user === undefined ? process.env : environment;
  const paths = pathsOf(variables);
  // A service with wrong settings can be uninstalled.
  const { file, state } = await (isNew ? openState : openStateAnyway)(flags, variables);
  if (user === undefined) {
    const isOfAws = file.settings.registry !== "relay";
    for (const name of [...INHERITED, ...isOfAws ? INHERITED_FOR_AWS : []]) {
      const value = process.env[name];
      if (value) environment[name] = value;
    }
  }
  const called = await realpath(process.argv[1]!);
  const program = flags.program !== undefined && PASSING.test(called)
    ? await realpath(flags.program)
    : called;
  const command = [
    process.execPath,
    program,
    "run",
    "--state",
    state,
  ];
  const isSure = user !== undefined || process.platform !== "linux" || !isNew;
  const hasNamespaces = isSure || await mayMakeNamespaces();
  const unit = unitOf(process.platform, { command, state, environment, user, hasNamespaces });
  if (unit) {
    const { config } = paths;
    return { unit: { ...unit, command }, file, config, state, user, environment, hasNamespaces };
  }
  throw new LighthouseError(
    "bad-config",
    `Cannot install${flags.system ? " for the system" : ""} on ${process.platform}: ` +
      "there are systemd units on Linux, and launchd agents of a user's on macOS",
  );
}

/**
 * Whether this user's services may use namespaces: on some machines, services that ask for them do not
 * start. If it cannot be tried, the answer is yes.
 */
async function mayMakeNamespaces(): Promise<boolean> {
  const command = ["systemd-run", "--user", "--wait", "--quiet", "--collect"];
  if (await tryRun([...command, "true"])) return true;
  return await tryRun([...command, "--property=PrivateUsers=yes", "true"]) === undefined;
}

/** The user for a service of the system: the one who has called sudo. @throws {LighthouseError} `bad-config`. */
function serviceUser(): string {
  if (process.getuid?.() === 0) return process.env.SUDO_USER || userInfo().username;
  throw new LighthouseError("bad-config", "Cannot install for the system: run it with sudo");
}

async function homeOf(user: string): Promise<string> {
  const { stdout } = await promisify(execFile)("getent", ["passwd", user]);
  return stdout.split(":")[5]!;
}

/** Installs WebRTC for that user: the service may not write to the cache folder. */
async function prepareFor(
  user: string | undefined,
  [node, program]: string[],
  { HOME }: Record<string, string>,
): Promise<void> {
  if (user === undefined) return void await loadNative();
  const prepare = [node!, program!, "prepare"];
  // As the service will be, without the cache folder of the user who installs it.
  const env = ["env", "--unset=XDG_CACHE_HOME", `HOME=${HOME}`];
  const trouble = await tryRun(["runuser", "-u", user, "--", ...env, ...prepare]);
  if (trouble) throw new LighthouseError("unsupported", `Cannot prepare for ${user}: ${trouble}`);
}

/** Creates the state folder for that user: a unit may only write to existing folders. */
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

/** Runs commands until one fails. @returns The output of that one. */
async function tryRunAll(commands: string[][]): Promise<string | undefined> {
  for (const command of commands) {
    const trouble = await tryRun(command);
    if (trouble) return `${command.join(" ")}: ${trouble}`;
  }
  return undefined;
}

/** Warns that a user's services end at logout unless lingering is enabled. */
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
