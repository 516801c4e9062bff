// For tests of registries: a machine that is set up for AWS, and how a registry fails.
import process from "node:process";
import * as assert from "uvu/assert";
import { failureOf } from "../../wire/testing/failure.ts";
import { RegistryError } from "../signalling/registry.ts";

/** What a machine has whose owner has set up the AWS command line. Nothing of this one's is read. */
export const CONFIGURED = {
  AWS_ACCESS_KEY_ID: "laptop",
  AWS_SECRET_ACCESS_KEY: "secret",
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_PROFILE: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_EC2_METADATA_DISABLED: "true",
  AWS_MAX_ATTEMPTS: "1",
};

/** Sets variables of this process, and removes those that are undefined. */
export function setEnvironment(variables: Record<string, string | undefined>): void {
  for (const [name, value] of Object.entries(variables)) {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  }
}

/** The error with which a registry's call rejects. */
export async function registryFailure(call: Promise<unknown>): Promise<RegistryError> {
  const error = await failureOf(call);
  assert.instance(error, RegistryError);
  return error as RegistryError;
}
