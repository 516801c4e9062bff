// Takes over changes of the settings file while the host runs, and warns of those that need a restart.
import { changedLater, type HostConfig } from "../config/config.ts";
import { formatService } from "../config/service_config.ts";
import type { Settings } from "../config/settings.ts";
import type { Log } from "../platform/log.ts";
import { watchPath } from "../platform/watch.ts";
import type { HostRegistry } from "../signalling/registry.ts";
import { openState, readConfig } from "./state.ts";

/** The configuration and registry now. */
export interface Current {
  config: HostConfig;
  registry: HostRegistry;
}

/** Options of {@linkcode followSettings}. */
export interface FollowOptions {
  /** From the command line: these take precedence over the file. */
  flags: Settings;
  /** The settings file's path, and the state folder's. */
  path: string;
  state: string;
  /** Opens the registry of another bridge. */
  open: (config: HostConfig) => Promise<HostRegistry>;
  /** Gets a `change` after each change of `current`. */
  changes: EventTarget;
  onChange: () => void;
  log: Log;
}

/** Limit for withdrawing from the registry, in milliseconds. */
const WITHDRAW_MS = 2_000;

/** How the file is watched: editors write it in several steps. */
const WATCH = { interval: 5_000, settle: 100 };

/** Keeps `current` up to date with the file. A wrong file changes nothing. */
export function followSettings(current: Current, options: FollowOptions): Disposable {
  const { path, log } = options;
  // Take over one change after the other.
  let taken: Promise<void> = Promise.resolve();
  return watchPath(path, () => {
    taken = taken.then(() => take(current, options)).catch((error) => {
      const { message } = error as Error;
      log("error", "settings-refused", `the settings stay as they were: ${message}`);
    });
  }, WATCH);
}

async function take(current: Current, options: FollowOptions): Promise<void> {
  const { flags, open, changes, onChange, log } = options;
  const { file, state } = await openState(flags);
  const { config } = readConfig(flags, file);
  const { config: old, registry: left } = current;
  const later = changedLater(old, config);
  if (state !== options.state) later.push("state");
  for (const name of later) {
    log("warn", "settings-later", `--${name} has changed, and counts from the next start on`);
  }
  const isElsewhere = bridgeOf(config) !== bridgeOf(old);
  if (isElsewhere) current.registry = await open(config);
  current.config = config;
  changes.dispatchEvent(new Event("change"));
  const services = config.services.map(formatService).join(", ");
  log("info", "settings-changed", `took over changed settings: ${services}`);
  onChange();
  if (isElsewhere) await leave(left, log);
}

/** Withdraws from a registry, if it has a way. */
export async function leave(registry: HostRegistry, log: Log): Promise<void> {
  try {
    await registry.withdraw?.(AbortSignal.timeout(WITHDRAW_MS));
  } catch (error) {
    const { message } = error as Error;
    log("warn", "not-withdrawn", `pages are not told that it has left: ${message}`);
  }
}

/** The part of the configuration whose change needs a new connection. */
function bridgeOf({ relay, functionName, region, registry }: HostConfig): string {
  return JSON.stringify([relay.href, functionName, region, registry]);
}
