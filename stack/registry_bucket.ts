// The registries `s3` and `relay`: a bucket with one small object for each host. The host writes it, or the
// relay for the host, and the relay reads it; pages read it too, if the owner allows public reading.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./config.ts";
import { registryBucketPolicy } from "./policy.ts";

/** Days until an entry expires. Hosts write every two hours, so an older entry has no host. */
const KEEP_DAYS = 30;

/** How long a browser may cache the answer to a CORS preflight, in seconds. */
const CORS_MAX_AGE_S = 3600;

/** Options of {@linkcode registryBucket}. */
export interface RegistryBucketOptions {
  settings: Settings;
  tags: Record<string, string>;
}

/**
 * Creates the bucket. S3 encrypts its objects with its own keys, as in all buckets since 2023.
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
    // The entries are worthless without the relay.
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
    // S3 refuses a policy for public reading before this.
  }, { parent, dependsOn: [access] });

  new aws.s3.BucketLifecycleConfiguration(`${name}-registry`, {
    bucket: bucket.bucket,
    rules: [
      {
        // Not the admission keys: a host whose key is gone would be open to strangers.
        id: "forget",
        status: "Enabled",
        filter: { prefix: "hosts/" },
        expiration: { days: KEEP_DAYS },
      },
      {
        // s3:PutObject also allows multipart uploads, whose parts the owner would pay for unseen.
        id: "abort",
        status: "Enabled",
        filter: { prefix: "" },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
      },
    ],
  }, { parent });

  if (publicRegistry) {
    new aws.s3.BucketCorsConfiguration(`${name}-registry`, {
      bucket: bucket.bucket,
      corsRules: [{
        allowedOrigins,
        allowedMethods: ["GET"],
        // By Date, a page tells an old entry from a new one without its own clock.
        exposeHeaders: ["Date"],
        maxAgeSeconds: CORS_MAX_AGE_S,
      }],
    }, { parent });
  }
  return bucket;
}
