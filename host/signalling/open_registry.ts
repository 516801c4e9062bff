// Opens the registry that the settings name.
import type { Identity } from "../access/host_key.ts";
import type { BridgeConfig } from "../config/config.ts";
import type { HostRegistry } from "./registry.ts";
import { lambdaRegistry } from "./registry_lambda.ts";
import { relayRegistry } from "./registry_relay.ts";
import { s3Registry } from "./registry_s3.ts";

/**
 * Opens the registry.
 *
 * @param identify Reads the host's key, which signs entries.
 * @param onForeign Called with a warning for the owner if another key has signed this host's entry.
 */
export async function openRegistry(
  { relay, functionName, region, registry }: BridgeConfig,
  identify: () => Promise<Identity>,
  onForeign?: (message: string) => void,
): Promise<HostRegistry> {
  switch (registry.kind) {
    case "lambda-env":
      return lambdaRegistry({ functionName, region });
    case "s3":
      // parseConfig() requires a region with S3.
      return s3Registry({ ...registry, region: region!, identity: await identify(), onForeign });
    case "relay":
      return relayRegistry({ ...registry, relay, identity: await identify(), onForeign });
  }
}
