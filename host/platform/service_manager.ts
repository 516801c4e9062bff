// The host as a system service: its file, and the commands that start and stop it.
import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { formatLaunchdPlist, LABEL } from "./launchd.ts";
import { olderLog } from "./log_file.ts";
import { formatSystemdUnit, UNIT } from "./systemd.ts";
import type { UnitOptions } from "./unit_options.ts";

/** A system service of systemd or launchd. */
export interface Unit {
  /** The path of the service's file. */
  readonly path: string;
  /** The file's contents. */
  readonly text: string;
  /** Commands that end an earlier service, if `start` does not; they may fail. */
  readonly clear: string[][];
  /** Commands that start the service after the file is written, and stop it before it is removed. */
  readonly start: string[][];
  readonly stop: string[][];
  /** The command that succeeds while the service runs. */
  readonly ask: string[];
  /** Commands after the file is removed. */
  readonly forget: string[][];
  /** The command with which people read its log. */
  readonly logs: string;
  /** Other files that the service leaves. */
  readonly leftovers: string[];
}

/**
 * Returns the system service for a platform.
 *
 * @param platform A value of `process.platform`.
 * @returns Undefined for a platform with neither systemd nor launchd.
 */
export function unitOf(platform: string, options: UnitOptions): Unit | undefined {
  const home = options.environment.HOME ?? homedir();
  if (platform === "linux") return systemdUnit(options, home);
  if (platform === "darwin" && options.user === undefined) return launchdUnit(options, home);
  return undefined;
}

/** Finds the system service that is installed: this user's, or the system's. */
export async function findUnit(): Promise<Unit | undefined> {
  const { HOME, XDG_CONFIG_HOME } = process.env;
  // The platform's path of the service depends only on these.
  const environment = { ...HOME && { HOME }, ...XDG_CONFIG_HOME && { XDG_CONFIG_HOME } };
  for (const user of [undefined, "root"]) {
    const options = { command: [], state: "", environment, hasNamespaces: false, user };
    const unit = unitOf(process.platform, options);
    if (unit && await stat(unit.path).then(() => true, () => false)) return unit;
  }
  return undefined;
}

function systemdUnit(options: UnitOptions, home: string): Unit {
  const isOfUser = options.user === undefined;
  const { XDG_CONFIG_HOME: config = join(home, ".config") } = options.environment;
  const folder = isOfUser ? join(config, "systemd", "user") : "/etc/systemd/system";
  const scope = isOfUser ? ["--user"] : [];
  const systemctl = (...args: string[]) => ["systemctl", ...scope, ...args];
  return {
    path: join(folder, UNIT),
    text: formatSystemdUnit(options),
    clear: [],
    // restart also upgrades a running service.
    start: [systemctl("daemon-reload"), systemctl("enable", UNIT), systemctl("restart", UNIT)],
    stop: [systemctl("disable", "--now", UNIT)],
    ask: systemctl("is-active", "--quiet", UNIT),
    forget: [systemctl("daemon-reload"), systemctl("reset-failed", UNIT)],
    logs: `journalctl ${isOfUser ? "--user " : ""}--unit ${UNIT} --follow`,
    leftovers: [],
  };
}

function launchdUnit(options: UnitOptions, home: string): Unit {
  const path = join(home, "Library", "LaunchAgents", `${LABEL}.plist`);
  const log = join(home, "Library", "Logs", "lighthouse-host.log");
  const domain = `gui/${process.getuid!()}`;
  const bootout = ["launchctl", "bootout", `${domain}/${LABEL}`];
  return {
    path,
    text: formatLaunchdPlist(options, log),
    clear: [bootout],
    start: [["launchctl", "bootstrap", domain, path]],
    stop: [bootout],
    ask: ["launchctl", "print", `${domain}/${LABEL}`],
    forget: [],
    logs: `tail -f ${log}`,
    leftovers: [log, olderLog(log)],
  };
}

/** Runs a command. @returns Its error output if it failed. */
export async function tryRun([program, ...args]: string[]): Promise<string | undefined> {
  try {
    await promisify(execFile)(program!, args, { timeout: 90_000 });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return (stderr?.trim() || message).slice(0, 2_000);
  }
}
