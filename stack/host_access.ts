// The hosts' access to the account: a policy each and, if wanted, an IAM user or a role.
import * as aws from "@pulumi/aws";
import type * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./config.ts";
import { bucketHostPolicy, hostPolicy, hostTrustPolicy, isTrustAnchor } from "./policy.ts";

/** Options of {@linkcode hostAccess}. */
export interface HostAccessOptions {
  relay: aws.lambda.Function;
  /** The bucket in which hosts register; undefined with the registry `lambda-env`. */
  bucket: aws.s3.Bucket | undefined;
  settings: Settings;
  tags: Record<string, string>;
}

/** The resources that {@linkcode hostAccess} creates for a host. */
export interface HostAccess {
  /** The host's name. */
  host: string;
  policy: aws.iam.Policy;
  /** Undefined without `hostUser`. */
  user: aws.iam.User | undefined;
  /** Undefined without `hostRoleFor`. */
  role: aws.iam.Role | undefined;
}

/**
 * Creates a host's policy, with `hostUser` a user that has it, and with `hostRoleFor` a role. It creates
 * no access key, because the secret would be in Pulumi's state: `aws iam create-access-key` creates one.
 *
 * The first host's resources have the same names under both registries, so that a change of the registry
 * keeps them, with the user's key: docs/decisions.md, "The first host keeps its user".
 *
 * - https://www.pulumi.com/registry/packages/aws/api-docs/iam/policy/
 * - https://www.pulumi.com/registry/packages/aws/api-docs/iam/user/
 */
export function hostAccess(
  name: string,
  host: string,
  { relay, bucket, settings, tags }: HostAccessOptions,
  parent: pulumi.Resource,
): HostAccess {
  const { hosts, hostUser, hostRoleFor } = settings;
  const named = `${name}-host-${host}`;
  const isFirst = host === hosts[0];
  const ownName = isFirst ? `${name}-host` : named;
  // Earlier versions gave the first host of a bucket this name.
  const options = { parent, aliases: isFirst ? [{ name: named }] : [] };
  const policy = new aws.iam.Policy(ownName, {
    description: "Registers a Lighthouse host",
    policy: bucket
      ? bucket.arn.apply((bucketArn) => JSON.stringify(bucketHostPolicy({ bucketArn, host })))
      : relay.arn.apply((functionArn) => JSON.stringify(hostPolicy({ functionArn }))),
    tags,
    // IAM cannot change a description, so another one would replace the policy of earlier versions.
  }, { ...options, ignoreChanges: ["description"] });
  const user = hostUser ? hostUserOf(ownName, policy, tags, options) : undefined;
  const role = hostRoleFor
    ? hostRoleOf(ownName, policy, { host, principal: hostRoleFor, tags }, options)
    : undefined;
  return { host, policy, user, role };
}

function hostUserOf(
  name: string,
  policy: aws.iam.Policy,
  tags: Record<string, string>,
  options: pulumi.CustomResourceOptions,
): aws.iam.User {
  const user = new aws.iam.User(name, {
    // Lets `pulumi destroy` delete a user whose key was created by hand.
    forceDestroy: true,
    tags,
  }, options);
  new aws.iam.UserPolicyAttachment(name, { user: user.name, policyArn: policy.arn }, options);
  return user;
}

/**
 * - https://www.pulumi.com/registry/packages/aws/api-docs/iam/role/
 * - https://www.pulumi.com/registry/packages/aws/api-docs/rolesanywhere/profile/
 */
function hostRoleOf(
  name: string,
  policy: aws.iam.Policy,
  { host, principal, tags }: { host: string; principal: string; tags: Record<string, string> },
  options: pulumi.CustomResourceOptions,
): aws.iam.Role {
  const role = new aws.iam.Role(name, {
    description: `Registers the Lighthouse host ${host}`,
    assumeRolePolicy: JSON.stringify(hostTrustPolicy(principal, host)),
    tags,
  }, options);
  new aws.iam.RolePolicyAttachment(name, { role: role.name, policyArn: policy.arn }, options);
  // Roles Anywhere needs the profile's ARN beside the role's.
  if (isTrustAnchor(principal)) {
    new aws.rolesanywhere.Profile(name, { enabled: true, roleArns: [role.arn], tags }, options);
  }
  return role;
}
