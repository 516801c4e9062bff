/**
 * The Lambda `SignalingRelay`. Everything of AWS stays in this file and in `connections.ts`.
 *
 * Environment: `LAPTOP_ID`, written by the host; `ALLOWED_ORIGINS`, separated by commas;
 * `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`, where posts are to go elsewhere than to the event's
 * own gateway. Lambda itself sets `AWS_REGION` and the role's credentials.
 *
 * @module
 */
import process from "node:process";
import { connectionsOf, type Credentials } from "./connections.ts";
import { parseAddress, parseEvent } from "./event.ts";
import { NOBODY, relay, type RelayResult } from "./relay.ts";

/** Handles one event of API Gateway; answers 400 to anything else. Reads the environment at each call. */
export async function handler(value: unknown): Promise<RelayResult> {
  const { env } = process;
  const environment = {
    laptopId: env.LAPTOP_ID ?? NOBODY,
    allowedOrigins: (env.ALLOWED_ORIGINS ?? "").split(",").map((origin) => origin.trim()),
  };
  try {
    const event = parseEvent(value);
    const post = connectionsOf({
      endpoint: endpointOf(value, env.AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI),
      region: env.AWS_REGION ?? "us-east-1",
      credentials: credentialsOf(env),
    });
    return await relay(event, environment, post);
  } catch (error) {
    console.error(`Cannot handle the event: ${error}`);
    return { statusCode: 400 };
  }
}

function endpointOf(event: unknown, override: string | undefined): string {
  if (override) return override.replace(/\/$/, "");
  const { domainName, stage } = parseAddress(event);
  return `https://${domainName}/${stage}`;
}

function credentialsOf(env: NodeJS.ProcessEnv): Credentials | undefined {
  const { AWS_ACCESS_KEY_ID: accessKeyId, AWS_SECRET_ACCESS_KEY: secretAccessKey } = env;
  if (!accessKeyId || !secretAccessKey) return undefined;
  return { accessKeyId, secretAccessKey, sessionToken: env.AWS_SESSION_TOKEN };
}
