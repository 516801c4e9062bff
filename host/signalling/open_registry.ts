// Opens the registry that the settings name.
import type { Identity } from "../access/host_key.ts";
import type { BridgeConfig } from "../config/config.ts";
import type { AwsRegistry } from "./registry.ts";
import { lambdaRegistry } from "./registry_lambda.ts";
import { s3Registry, type S3RegistryOptions } from "./registry_s3.ts";

/** A registry, and a way to withdraw from it if it has one. */
export type HostRegistry = AwsRegistry & {
  withdraw?: (signal: AbortSignal) => Promise<void>;
};

/**
 * Opens the registry.
 *
 * @param identify Reads the host's key, which signs entries in S3.
 * @param onForeign Called with a warning for the owner if another key has signed this host's entry.
 */
export async function openRegistry(
  { functionName, region, s3 }: BridgeConfig,
  identify: () => Promise<Identity>,
  onForeign?: S3RegistryOptions["onForeign"],
): Promise<HostRegistry> {
  // parseConfig() requires a region with S3.
  if (s3) return s3Registry({ ...s3, region: region!, identity: await identify(), onForeign });
  return lambdaRegistry({ functionName, region });
}
