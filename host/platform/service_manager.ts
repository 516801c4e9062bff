// The host as a service of the platform's: where its file is, and how it is started and stopped.
import { execFile } from "node:child_process";
import { homedir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { formatLaunchdPlist, LABEL } from "./launchd.ts";
import { formatSystemdUnit, UNIT } from "./systemd.ts";
import type { UnitOptions } from "./unit_options.ts";

/** A service of the platform's, installed or to be. */
export interface Unit {
  /** The file that describes it. */
  readonly path: string;
  /** What is in the file. */
  readonly text: string;
  /** Commands that end an earlier one, where `start` does not do that; they may fail. */
  readonly clear: string[][];
  /** Commands that start it, once the file is there; and that stop it, while it still is. */
  readonly start: string[][];
  readonly stop: string[][];
  /** The command that succeeds while it runs. */
  readonly ask: string[];
  /** After the file is gone. */
  readonly forget: string[][];
  /** How people read its log. */
  readonly logs: string;
  /** Other files that are left of it. */
  readonly leftovers: string[];
}

/**
 * The service, as this platform has it.
 *
 * @param platform As `process.platform` names it.
 * @returns undefined where there is neither systemd nor launchd.
 */
export function unitOf(platform: string, options: UnitOptions): Unit | undefined {
  const home = options.environment.HOME ?? homedir();
  if (platform === "linux") return systemdUnit(options, home);
  if (platform === "darwin" && options.user === undefined) return launchdUnit(options, home);
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
    // Started anew where it runs already: that is an upgrade.
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
    leftovers: [log],
  };
}

/** Runs a command to its end. @returns what it said where it failed. */
export async function tryRun([program, ...args]: string[]): Promise<string | undefined> {
  try {
    await promisify(execFile)(program!, args, { timeout: 90_000 });
    return undefined;
  } catch (error) {
    const { stderr, message } = error as Error & { stderr?: string };
    return (stderr?.trim() || message).slice(0, 2_000);
  }
}
