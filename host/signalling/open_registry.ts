// Which registry a host has.
import type { Identity } from "../access/host_key.ts";
import type { BridgeConfig } from "../config/config.ts";
import type { AwsRegistry } from "./registry.ts";
import { lambdaRegistry } from "./registry_lambda.ts";
import { s3Registry, type S3RegistryOptions } from "./registry_s3.ts";

/** A registry, and how to leave it where that is possible. */
export type HostRegistry = AwsRegistry & {
  withdraw?: (signal: AbortSignal) => Promise<void>;
};

/**
 * Makes the registry that the settings name.
 *
 * @param identify Reads the host's key, which is for signing entries in S3.
 * @param onForeign Called with what to tell the owner where somebody else writes this host's entry.
 */
export async function openRegistry(
  { functionName, region, s3 }: BridgeConfig,
  identify: () => Promise<Identity>,
  onForeign?: S3RegistryOptions["onForeign"],
): Promise<HostRegistry> {
  // The check of the settings wants a region with S3.
  if (s3) return s3Registry({ ...s3, region: region!, identity: await identify(), onForeign });
  return lambdaRegistry({ functionName, region });
}
