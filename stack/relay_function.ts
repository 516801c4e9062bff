// The Lambda `SignalingRelay` with its role and its log group.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Settings } from "./config.ts";
import { relayPolicy, trustPolicy } from "./policy.ts";

/** `LAPTOP_ID` before a host has registered, as in wire/limits.ts: a test compares the two. */
const NOBODY = "init";

/** `ADMISSION_KEY` before a host has written its own: everybody may connect. */
const OPEN = "open";

/** The variables that the host writes, which Pulumi leaves as they are. */
const OF_HOST = ["LAPTOP_ID", "ADMISSION_KEY"];

/** Longest list of hosts' names, in characters. */
const MAX_NAMES = 2_000;

/**
 * Memory in MB. A first post needs about 0.1 s of processor time, and Lambda gives processor time in
 * proportion to memory: docs/decisions.md, "512 MB for the relay".
 */
const MEMORY_MB = 512;

/**
 * Timeout in seconds, by registry. The relay allows 2.5 s for a post, and as much for the error to its
 * sender. With a bucket, it may read twice, 1.5 s each, and post to a host twice; or, to register a host,
 * read and write twice, 1.5 s each.
 */
export const TIMEOUT_S = { "lambda-env": 5, "s3": 11, "relay": 11 };

/** Options of {@linkcode relayFunction}. */
export interface RelayFunctionOptions {
  settings: Settings;
  /** The API to whose connections the relay posts. */
  api: aws.apigatewayv2.Api;
  /** The API's stage, by name. */
  stage: string;
  /** The built relay, one ES module that exports `handler`. */
  bundle: URL;
  tags: Record<string, string>;
  /** The bucket of the registry; undefined with `lambda-env`. */
  bucket: aws.s3.Bucket | undefined;
}

/**
 * Creates the Lambda.
 *
 * - https://www.pulumi.com/registry/packages/aws/api-docs/lambda/function/
 * - https://www.pulumi.com/registry/packages/aws/api-docs/cloudwatch/loggroup/
 *
 * @throws {pulumi.RunError} If the bundle has not been built.
 */
export function relayFunction(
  name: string,
  { settings, api, stage, bundle, tags, bucket }: RelayFunctionOptions,
  parent: pulumi.Resource,
): aws.lambda.Function {
  const {
    allowedOrigins,
    functionName,
    logRetentionDays,
    reservedConcurrency,
    relayBoundary,
    registry,
    hosts,
    hostKeys,
  } = settings;
  const path = fileURLToPath(bundle);
  if (!existsSync(path)) {
    throw new pulumi.RunError(
      `Cannot deploy the relay: ${path} does not exist; run npm run build first`,
    );
  }

  // Created here because a log group that Lambda creates keeps its lines forever.
  const logGroup = new aws.cloudwatch.LogGroup(`${name}-relay`, {
    name: `/aws/lambda/${functionName}`,
    retentionInDays: logRetentionDays,
    tags,
  }, { parent });

  const role = new aws.iam.Role(`${name}-relay`, {
    description: `Runs ${functionName}, the relay of Lighthouse`,
    assumeRolePolicy: JSON.stringify(trustPolicy()),
    permissionsBoundary: relayBoundary,
    tags,
  }, { parent });

  const rights = new aws.iam.RolePolicy(`${name}-relay`, {
    role: role.name,
    policy: pulumi.all([api.executionArn, logGroup.arn, bucket?.arn]).apply((
      [executionArn, logGroupArn, bucketArn],
    ) =>
      JSON.stringify(
        relayPolicy({
          executionArn,
          stage,
          logGroupArn,
          bucketArn,
          registersHosts: registry === "relay",
        }),
      )
    ),
  }, { parent });

  return new aws.lambda.Function(`${name}-relay`, {
    name: functionName,
    description: "Lighthouse: carries signals between pages and a laptop",
    architectures: ["arm64"],
    runtime: aws.lambda.Runtime.NodeJS24dX,
    handler: "main.handler",
    memorySize: MEMORY_MB,
    timeout: TIMEOUT_S[registry],
    role: role.arn,
    // Only what the relay prints: three lines of Lambda's for each run would cost half as much as the run.
    loggingConfig: { logFormat: "JSON", systemLogLevel: "WARN" },
    code: new pulumi.asset.AssetArchive({ "main.mjs": new pulumi.asset.FileAsset(path) }),
    environment: {
      variables: {
        // With a bucket too, so that the relay finds them after a change of the registry.
        LAPTOP_ID: NOBODY,
        ADMISSION_KEY: OPEN,
        ...bucket && { REGISTRY_BUCKET: bucket.bucket, HOSTS: namesOf(hosts) },
        ...registry === "relay" && { HOST_KEYS: hostKeys.join(",") },
        ALLOWED_ORIGINS: allowedOrigins.join(","),
      },
    },
    reservedConcurrentExecutions: reservedConcurrency,
    tags,
  }, {
    parent,
    dependsOn: [logGroup, rights],
    // ignoreChanges keeps the values in Pulumi's state, and `refresh: always` in Pulumi.yaml makes those
    // the live ones: docs/decisions.md, "LAPTOP_ID survives pulumi up".
    ignoreChanges: OF_HOST.map((variable) => `environment.variables.${variable}`),
  });
}

/**
 * The hosts' names: the relay looks for no other in the bucket. Empty, which means any, where the list
 * takes too much of the 4 KB that Lambda has for all variables.
 */
function namesOf(hosts: string[]): string {
  const names = hosts.join(",");
  return names.length > MAX_NAMES ? "" : names;
}
