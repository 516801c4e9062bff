// What the laptop needs in the account: a policy, and an IAM user where one is wanted.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import type { Settings } from "./config.ts";
import { hostPolicy } from "./policy.ts";

/** Options of {@linkcode hostAccess}. */
export interface HostAccessOptions {
  relay: aws.lambda.Function;
  settings: Settings;
  tags: Record<string, string>;
}

/** What {@linkcode hostAccess} makes. */
export interface HostAccess {
  policy: aws.iam.Policy;
  /** Undefined without `hostUser`. */
  user: aws.iam.User | undefined;
}

/**
 * Makes the laptop's policy and, with `hostUser`, a user that has it. The user gets no access key
 * here: its secret would lie in Pulumi's state. `aws iam create-access-key` makes one.
 *
 * - https://www.pulumi.com/registry/packages/aws/api-docs/iam/policy/
 * - https://www.pulumi.com/registry/packages/aws/api-docs/iam/user/
 */
export function hostAccess(
  name: string,
  { relay, settings, tags }: HostAccessOptions,
  parent: pulumi.Resource,
): HostAccess {
  const policy = new aws.iam.Policy(`${name}-host`, {
    description: `Registers a Lighthouse host with ${settings.functionName}`,
    policy: relay.arn.apply((functionArn) => JSON.stringify(hostPolicy({ functionArn }))),
    tags,
  }, { parent });
  if (!settings.hostUser) return { policy, user: undefined };

  const user = new aws.iam.User(`${name}-host`, {
    // So that `pulumi destroy` also deletes a user whose key was made by hand.
    forceDestroy: true,
    tags,
  }, { parent });
  new aws.iam.UserPolicyAttachment(`${name}-host`, {
    user: user.name,
    policyArn: policy.arn,
  }, { parent });
  return { policy, user };
}
