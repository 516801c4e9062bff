// `lighthouse-host run`: the daemon.
import process from "node:process";
import { parseConfig, type Settings } from "../config.ts";
import { runHost } from "../daemon.ts";
import { createLog } from "../log.ts";
import { lambdaRegistry } from "../registry_lambda.ts";

/**
 * Runs the host until SIGINT or SIGTERM.
 *
 * @throws {LighthouseError} `bad-config` or `replaced`.
 */
export async function run(flags: Settings & { json: boolean }): Promise<void> {
  const config = parseConfig(flags, process.env);
  const log = createLog(flags.json);
  const stop = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.once(name, () => {
      log("info", "stopping", "stopping");
      stop.abort();
    });
  }
  log("info", "starting", `connecting to ${config.relay.host} for ${config.backend.href}`);
  const { functionName, region } = config;
  await runHost(config, {
    registry: lambdaRegistry({ functionName, region }),
    log,
    signal: stop.signal,
  });
  log("info", "stopped", "stopped");
}
