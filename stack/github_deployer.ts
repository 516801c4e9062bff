// What GitHub's workflows need in AWS to deploy a bridge, as one component: docs/github.md says how to use it.
import * as aws from "@pulumi/aws";
import * as pulumi from "@pulumi/pulumi";
import {
  type BridgeNames,
  GITHUB,
  type GitHubJob,
  githubPolicy,
  githubTrustPolicy,
  relayBoundary,
} from "./github_policy.ts";
import { bad } from "./origins.ts";

/** Arguments of {@linkcode GitHubDeployer}. */
export interface GitHubDeployerArgs {
  /**
   * The repository, as GitHub's tokens name it: `you@1234/notes@5678` with the ids of owner and repository, or
   * `you/notes` for a repository from before 15 July 2026 that has not changed to ids.
   */
  repository: string;
  /** The ARN of GitHub's identity provider, of which an account has one at most. @default one is created */
  providerArn?: string;
  /** The bridge's name in its program. @default "lighthouse" */
  bridge?: string;
  /** The Lambda's name. @default "SignalingRelay" */
  functionName?: string;
  /** Tags of all resources that take tags. @default { project: "lighthouse" } */
  tags?: Record<string, string>;
}

/** Such as `you@1234/notes@5678`: no wildcards, and nothing that would reach into the rest of the claim. */
const REPOSITORY = /^[\w-]+(@\d+)?\/[\w.-]+(@\d+)?$/;

/**
 * A bucket for Pulumi's state, GitHub's identity provider, and the two roles that a repository's workflows take:
 * one that reads, for pull requests, and one that deploys a bridge with the registry `relay`, from the branch
 * `main`. Deploy it with your own rights, in a project that GitHub does not deploy.
 *
 * - https://docs.github.com/actions/how-tos/secure-your-work/security-harden-deployments/oidc-in-aws
 * - https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
 *
 * @example
 * ```ts
 * import { GitHubDeployer } from "lighthouse-tunnel/pulumi";
 *
 * const github = new GitHubDeployer("github", { repository: "you@1234/notes@5678" });
 * export const deployRole = github.deployRoleArn;
 * ```
 */
export class GitHubDeployer extends pulumi.ComponentResource {
  /** What Pulumi logs in to: `s3://BUCKET?region=REGION`. */
  readonly stateUrl: pulumi.Output<string>;
  /** The role of `pulumi preview`. */
  readonly previewRoleArn: pulumi.Output<string>;
  /** The role of `pulumi up`. */
  readonly deployRoleArn: pulumi.Output<string>;
  /** The policy for the bridge's setting `relayBoundary`, without which the deploying role may make no relay. */
  readonly relayBoundaryArn: pulumi.Output<string>;
  /** The AWS region. */
  readonly region: pulumi.Output<string>;

  /** @throws {pulumi.RunError} If the repository is none. */
  constructor(
    name: string,
    args: GitHubDeployerArgs,
    options?: pulumi.ComponentResourceOptions,
  ) {
    const { repository } = args;
    if (!REPOSITORY.test(repository)) {
      throw bad("repository", `"${repository}" is none such as you@1234/notes@5678 or you/notes`);
    }
    super("lighthouse:index:GitHubDeployer", name, {}, options);
    const {
      providerArn,
      bridge = "lighthouse",
      functionName = "SignalingRelay",
      tags = { project: "lighthouse" },
    } = args;
    const state = stateBucket(name, tags, this);
    const provider = pulumi.output(providerArn ?? identityProvider(name, tags, this).arn);
    const names = pulumi.all([provider, state.region]).apply(([arn, region]): BridgeNames => {
      const [, partition = "", , , account = ""] = arn.split(":");
      return { partition, account, region, bridge, functionName };
    });
    const boundary = new aws.iam.Policy(`${name}-relay-boundary`, {
      description: `The most that the relay of ${bridge} may do`,
      policy: names.apply((names) => JSON.stringify(relayBoundary(names))),
      tags,
    }, { parent: this });

    const roleOf = (job: GitHubJob): aws.iam.Role => {
      const role = new aws.iam.Role(`${name}-${job}`, {
        description: `Lets GitHub's workflows of ${repository} ${job} ${bridge}`,
        assumeRolePolicy: provider.apply((provider) =>
          JSON.stringify(githubTrustPolicy(provider, repository, job))
        ),
        tags,
      }, { parent: this });
      new aws.iam.RolePolicy(`${name}-${job}`, {
        role: role.name,
        policy: pulumi.all([names, state.arn, boundary.arn]).apply(([names, stateArn, boundary]) =>
          JSON.stringify(githubPolicy({ ...names, job, stateArn, boundary }))
        ),
      }, { parent: this });
      return role;
    };

    this.stateUrl = pulumi.interpolate`s3://${state.bucket}?region=${state.region}`;
    this.previewRoleArn = roleOf("preview").arn;
    this.deployRoleArn = roleOf("deploy").arn;
    this.relayBoundaryArn = boundary.arn;
    this.region = state.region;
    this.registerOutputs({
      stateUrl: this.stateUrl,
      previewRoleArn: this.previewRoleArn,
      deployRoleArn: this.deployRoleArn,
      relayBoundaryArn: this.relayBoundaryArn,
      region: this.region,
    });
  }
}

/** AWS checks GitHub's certificate by itself, so the provider has no thumbprint. */
function identityProvider(
  name: string,
  tags: Record<string, string>,
  parent: pulumi.Resource,
): aws.iam.OpenIdConnectProvider {
  return new aws.iam.OpenIdConnectProvider(name, {
    url: `https://${GITHUB}`,
    clientIdLists: ["sts.amazonaws.com"],
    tags,
  }, { parent });
}

/** A private bucket that keeps earlier versions, since a lost state means resources that nobody manages. */
function stateBucket(
  name: string,
  tags: Record<string, string>,
  parent: pulumi.Resource,
): aws.s3.Bucket {
  const bucket = new aws.s3.Bucket(`${name}-state`, { tags }, { parent });
  new aws.s3.BucketVersioning(`${name}-state`, {
    bucket: bucket.bucket,
    versioningConfiguration: { status: "Enabled" },
  }, { parent });
  new aws.s3.BucketPublicAccessBlock(`${name}-state`, {
    bucket: bucket.bucket,
    blockPublicAcls: true,
    ignorePublicAcls: true,
    blockPublicPolicy: true,
    restrictPublicBuckets: true,
  }, { parent });
  return bucket;
}
