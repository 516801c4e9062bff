/**
 * The Lambda `SignalingRelay`. Only this file, `connections.ts` and `registry.ts` know AWS.
 *
 * Environment: `ALLOWED_ORIGINS`, separated by commas; `LAPTOP_ID`, written by the host, or
 * `REGISTRY_BUCKET`, the bucket in which hosts register. `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`
 * and `AWS_ENDPOINT_URL_S3` replace the API's own host and AWS's S3. Lambda itself sets
 * `AWS_REGION` and the role's credentials.
 *
 * @module
 */
import process from "node:process";
import { connectionsOf, type Credentials } from "./connections.ts";
import { parseAddress, parseEvent } from "./event.ts";
import { environmentLookup, s3Lookup } from "./registry.ts";
import { type Lookup, relay, type RelayResult } from "./relay.ts";

/** Handles one event of API Gateway; answers 400 to anything else. Reads the environment at each call. */
export async function handler(value: unknown): Promise<RelayResult> {
  const { env } = process;
  const environment = {
    lookup: lookupOf(env),
    allowedOrigins: (env.ALLOWED_ORIGINS ?? "").split(",").map((origin) => origin.trim()),
  };
  const region = env.AWS_REGION ?? "us-east-1";
  try {
    const event = parseEvent(value);
    const post = connectionsOf({
      endpoint: endpointOf(value, region, env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI),
      region,
      credentials: credentialsOf(env),
    });
    return await relay(event, environment, post);
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

/** One for each instance of the Lambda, since it caches entries. */
let inBucket: Lookup | undefined;

function lookupOf(env: NodeJS.ProcessEnv): Lookup {
  const { REGISTRY_BUCKET: bucket, AWS_ENDPOINT_URL_S3: endpoint } = env;
  if (!bucket) return environmentLookup(env.LAPTOP_ID ?? "");
  return inBucket ??= s3Lookup({
    bucket,
    endpoint,
    region: env.AWS_REGION ?? "us-east-1",
    credentials: () => credentialsOf(env),
  });
}

function credentialsOf(env: NodeJS.ProcessEnv): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
}
