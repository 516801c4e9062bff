/**
 * The Lambda `SignalingRelay`. Only this file, `connections.ts` and `registry.ts` know AWS.
 *
 * Environment: `ALLOWED_ORIGINS`, separated by commas; `LAPTOP_ID` and `ADMISSION_KEY`, written by the
 * host, or `REGISTRY_BUCKET`, the bucket in which hosts register, and `HOSTS`, their names, separated by
 * commas; and for hosts that register through the relay `HOST_KEYS`, as `name=key` with the raw public key
 * in base64url, separated by commas. `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI` and `AWS_ENDPOINT_URL_S3`
 * replace the API's own host and AWS's S3. Lambda itself sets `AWS_REGION` and the role's credentials.
 *
 * @module
 */
import process from "node:process";
import { Bucket } from "./bucket.ts";
import { closingOf, connectionsOf } from "./connections.ts";
import { parseAddress, parseEvent } from "./event.ts";
import { IdleConnections } from "./idle_connections.ts";
import { Registration } from "./registration.ts";
import { BucketRegistry, environmentKeys, environmentLookup } from "./registry.ts";
import { relay, type RelayEnvironment, type RelayResult } from "./relay.ts";
import type { Credentials } from "./signature.ts";

/** Of this instance of the Lambda. */
const idle = new IdleConnections();

/** Handles one event of API Gateway; answers 400 to anything else. Reads the environment at each call. */
export async function handler(value: unknown): Promise<RelayResult> {
  const { env } = process;
  const region = env.AWS_REGION ?? "us-east-1";
  try {
    const event = parseEvent(value);
    const environment = environmentOf(env, region);
    const gateway = {
      endpoint: endpointOf(value, region, env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI),
      region,
      credentials: credentialsOf(env),
    };
    const [result] = await Promise.all([
      relay(event, environment, connectionsOf(gateway)),
      idle.sweep(event, environment.lookup, closingOf(gateway)),
    ]);
    return result;
  } catch (error) {
    console.error(`Cannot handle the event: ${error}`);
    return { statusCode: 400 };
  }
}

function endpointOf(event: unknown, region: string, override: string | undefined): string {
  if (override) return override.replace(/\/$/, "");
  const { domainName, stage } = parseAddress(event, region);
  return `https://${domainName}/${stage}`;
}

/** One for each instance of the Lambda, since it caches what it reads. */
let ofBucket: BucketEnvironment | undefined;

type BucketEnvironment = Omit<RelayEnvironment, "allowedOrigins">;

function environmentOf(env: NodeJS.ProcessEnv, region: string): RelayEnvironment {
  const allowedOrigins = listOf(env.ALLOWED_ORIGINS);
  if (env.REGISTRY_BUCKET) {
    ofBucket ??= bucketEnvironment(env, env.REGISTRY_BUCKET, region);
    return { allowedOrigins, ...ofBucket };
  }
  return {
    allowedOrigins,
    lookup: environmentLookup(env.LAPTOP_ID ?? ""),
    admissionKeys: environmentKeys(env.ADMISSION_KEY ?? ""),
  };
}

function bucketEnvironment(
  env: NodeJS.ProcessEnv,
  name: string,
  region: string,
): BucketEnvironment {
  const { AWS_ENDPOINT_URL_S3: endpoint, HOSTS, HOST_KEYS } = env;
  const bucket = new Bucket({
    bucket: name,
    endpoint,
    region,
    credentials: () => credentialsOf(env),
  });
  const registry = new BucketRegistry(bucket, HOSTS ? listOf(HOSTS) : undefined);
  const { lookup, admissionKeys } = registry;
  if (!HOST_KEYS) return { lookup, admissionKeys };
  const hostKeys = hostKeysOf(HOST_KEYS);
  const registration = new Registration({
    bucket,
    hostKeys,
    onWrite: (host) => registry.forget(host),
  });
  return { lookup, admissionKeys, hostKeys, registration };
}

/** Reads `HOST_KEYS`. What is malformed there lets nobody in, and does not concern the other hosts. */
function hostKeysOf(text: string): Map<string, string> {
  const keys = new Map<string, string>();
  for (const item of listOf(text)) {
    const [, name, key] = /^([a-z0-9-]+)=(B[\w-]{86})$/.exec(item) ?? [];
    if (name && key) keys.set(name, key);
    else console.error(`Cannot use "${item}" in HOST_KEYS: it is no name=key`);
  }
  return keys;
}

function listOf(text = ""): string[] {
  return text.split(",").map((item) => item.trim());
}

function credentialsOf(env: NodeJS.ProcessEnv): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
}
