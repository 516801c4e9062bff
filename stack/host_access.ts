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
 * - https://www.pulumi.com/registry/packages/aws/api-docs/iam/policy/
 * - https://www.pulumi.com/registry/packages/aws/api-docs/iam/user/
 */
export function hostAccess(
  name: string,
  host: string,
  { relay, bucket, settings, tags }: HostAccessOptions,
  parent: pulumi.Resource,
): HostAccess {
  const { functionName, hostUser, hostRoleFor } = settings;
  const ownName = bucket ? `${name}-host-${host}` : `${name}-host`;
  const policy = new aws.iam.Policy(ownName, {
    description: bucket
      ? `Registers the Lighthouse host ${host} for ${functionName}`
      : `Registers a Lighthouse host with ${functionName}`,
    policy: bucket
      ? bucket.arn.apply((bucketArn) => JSON.stringify(bucketHostPolicy({ bucketArn, host })))
      : relay.arn.apply((functionArn) => JSON.stringify(hostPolicy({ functionArn }))),
    tags,
  }, { parent });
  const user = hostUser ? hostUserOf(ownName, policy, tags, parent) : undefined;
  const role = hostRoleFor
    ? hostRoleOf(ownName, policy, { host, principal: hostRoleFor, tags }, parent)
    : undefined;
  return { host, policy, user, role };
}

function hostUserOf(
  name: string,
  policy: aws.iam.Policy,
  tags: Record<string, string>,
  parent: pulumi.Resource,
): aws.iam.User {
  const user = new aws.iam.User(name, {
    // Lets `pulumi destroy` delete a user whose key was created by hand.
    forceDestroy: true,
    tags,
  }, { parent });
  new aws.iam.UserPolicyAttachment(name, { user: user.name, policyArn: policy.arn }, { parent });
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
  parent: pulumi.Resource,
): aws.iam.Role {
  const role = new aws.iam.Role(name, {
    description: `Registers the Lighthouse host ${host}`,
    assumeRolePolicy: JSON.stringify(hostTrustPolicy(principal, host)),
    tags,
  }, { parent });
  new aws.iam.RolePolicyAttachment(name, { role: role.name, policyArn: policy.arn }, { parent });
  // Roles Anywhere needs the profile's ARN beside the role's.
  if (isTrustAnchor(principal)) {
    new aws.rolesanywhere.Profile(name, { enabled: true, roleArns: [role.arn], tags }, { parent });
  }
  return role;
}
