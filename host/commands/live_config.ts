// What `run` does when the settings file changes: takes over what it can, and says what it cannot.
import { changedLater, type HostConfig } from "../config/config.ts";
import { formatService } from "../config/service_config.ts";
import type { Settings } from "../config/settings.ts";
import type { Log } from "../platform/log.ts";
import { watchPath } from "../platform/watch.ts";
import type { HostRegistry } from "../signalling/open_registry.ts";
import { openState, readConfig } from "./state.ts";

/** What a host runs with at the moment. */
export interface Current {
  config: HostConfig;
  registry: HostRegistry;
}

/** Options of {@linkcode followSettings}. */
export interface FollowOptions {
  /** From the command line: these go before the file. */
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

/** Longest time for saying goodbye to the registry, in milliseconds. */
const WITHDRAW_MS = 2_000;

/** How the file is watched: editors write it in several steps. */
const WATCH = { interval: 5_000, settle: 100 };

/** Keeps `current` as the file has it from now on. What is wrong there changes nothing. */
export function followSettings(current: Current, options: FollowOptions): Disposable {
  const { path, log } = options;
  // One after the other.
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

/** Says goodbye, where a registry can be left. */
export async function leave(registry: HostRegistry, log: Log): Promise<void> {
  try {
    await registry.withdraw?.(AbortSignal.timeout(WITHDRAW_MS));
  } catch (error) {
    const { message } = error as Error;
    log("warn", "not-withdrawn", `pages are not told that it has left: ${message}`);
  }
}

/** What a host has to connect anew for. */
function bridgeOf({ relay, functionName, region, s3 }: HostConfig): string {
  return JSON.stringify([relay.href, functionName, region, s3]);
}
