// The registry `s3`: a bucket with one small object for each host, which the host writes and the relay
// reads; pages too, where the owner lets anybody.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./config.ts";
import { registryBucketPolicy } from "./policy.ts";

/** Hosts write anew every two hours at least: what is older by far is of hosts that are no more. */
const KEEP_DAYS = 30;

/** How long a browser may remember that its page may read, in seconds. */
const CORS_MAX_AGE_S = 3600;

/** Options of {@linkcode registryBucket}. */
export interface RegistryBucketOptions {
  settings: Settings;
  tags: Record<string, string>;
}

/**
 * Makes the bucket. Objects in it are encrypted with S3's own keys, as in any bucket since 2023.
 *
 * - https://www.pulumi.com/registry/packages/aws/api-docs/s3/bucket/
 * - https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
 * - https://docs.aws.amazon.com/AmazonS3/latest/userguide/cors.html
 */
export function registryBucket(
  name: string,
  { settings, tags }: RegistryBucketOptions,
  parent: pulumi.Resource,
): aws.s3.Bucket {
  const { allowedOrigins, publicRegistry } = settings;
  const bucket = new aws.s3.Bucket(`${name}-registry`, {
    // What it holds is of use to nobody once the relay is gone.
    forceDestroy: true,
    tags,
  }, { parent });

  const access = new aws.s3.BucketPublicAccessBlock(`${name}-registry`, {
    bucket: bucket.bucket,
    blockPublicAcls: true,
    ignorePublicAcls: true,
    blockPublicPolicy: !publicRegistry,
    restrictPublicBuckets: !publicRegistry,
  }, { parent });

  new aws.s3.BucketPolicy(`${name}-registry`, {
    bucket: bucket.bucket,
    policy: bucket.arn.apply((bucketArn) =>
      JSON.stringify(registryBucketPolicy({ bucketArn, isPublic: publicRegistry }))
    ),
    // Before, a policy that lets anybody read is refused.
  }, { parent, dependsOn: [access] });

  new aws.s3.BucketLifecycleConfiguration(`${name}-registry`, {
    bucket: bucket.bucket,
    rules: [{
      id: "forget",
      status: "Enabled",
      filter: { prefix: "" },
      expiration: { days: KEEP_DAYS },
      // s3:PutObject allows to begin an upload in parts, which nobody would see and the owner pays.
      abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
    }],
  }, { parent });

  if (publicRegistry) {
    new aws.s3.BucketCorsConfiguration(`${name}-registry`, {
      bucket: bucket.bucket,
      corsRules: [{
        allowedOrigins,
        allowedMethods: ["GET"],
        // By which a page tells an old entry from a new one, whatever its own clock says.
        exposeHeaders: ["Date"],
        maxAgeSeconds: CORS_MAX_AGE_S,
      }],
    }, { parent });
  }
  return bucket;
}
