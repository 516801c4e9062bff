// The rights of GitHub's workflows in AWS: one role reads, for `pulumi preview`, and one deploys. They cover
// what a bridge with the registry `relay` consists of, without a user, a role or a policy for hosts.
//
// Actions and the resources that they are about: https://docs.aws.amazon.com/service-authorization/latest/reference/
import { STAGE } from "./gateway.ts";
import { document, type PolicyDocument, type PolicyStatement, relayPolicy } from "./policy.ts";

/** The host of GitHub's identity provider, which is also the prefix of its claims in conditions. */
export const GITHUB = "token.actions.githubusercontent.com";

/** The environment of the job that deploys: the repository's settings can ask for somebody's approval there. */
export const ENVIRONMENT = "lighthouse";

/** The branch that is deployed. */
const BRANCH = "refs/heads/main";

/** A job that may take a role. */
export type GitHubJob = "preview" | "deploy";

/**
 * Lets a job of one repository take a role. The claim `ref` binds the deploying job to the branch `main`, even if
 * the environment's settings let other branches in.
 *
 * - https://docs.github.com/actions/reference/openid-connect-reference
 * - https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_iam-condition-keys.html
 *
 * @param provider The ARN of GitHub's identity provider in the account.
 * @param repository The repository, as the claim `sub` names it.
 */
export function githubTrustPolicy(
  provider: string,
  repository: string,
  job: GitHubJob,
): PolicyDocument {
  const context = job === "deploy" ? `environment:${ENVIRONMENT}` : "pull_request";
  return document({
    Sid: "TakenByThisRepository",
    Effect: "Allow",
    Principal: { Federated: provider },
    Action: ["sts:AssumeRoleWithWebIdentity"],
    Condition: {
      StringEquals: {
        [`${GITHUB}:aud`]: ["sts.amazonaws.com"],
        [`${GITHUB}:sub`]: [`repo:${repository}:${context}`],
        ...job === "deploy" && { [`${GITHUB}:ref`]: [BRANCH] },
      },
    },
  });
}

/** Where the bridge is, and what names its resources. */
export interface BridgeNames {
  /** Such as `aws`. */
  partition: string;
  /** The account's number. */
  account: string;
  region: string;
  /** The bridge's name in its program, with which the names of its resources begin. */
  bridge: string;
  /** The Lambda's name. */
  functionName: string;
}

/** The bounds of the relay's role: what a relay needs, whatever the ids of its API and bucket are. */
export function relayBoundary(names: BridgeNames): PolicyDocument {
  const { partition, bridge } = names;
  return relayPolicy({
    executionArn: arnIn(names, "execute-api", "*"),
    stage: STAGE,
    logGroupArn: logGroupOf(names),
    bucketArn: `arn:${partition}:s3:::${bridge}-registry-*`,
    registersHosts: true,
  });
}

/** The rights on one kind of resource. */
interface Rights {
  /** Types of Pulumi's resources that need them. */
  types: string[];
  resources: string[];
  /** What `pulumi preview` calls, to compare AWS with the state. */
  read: string[];
  /** What `pulumi up` calls besides. */
  write: string[];
  /** The condition of what it writes. */
  condition?: PolicyStatement["Condition"];
}

/**
 * The rights by the statement that grants them. No action reads what hosts or visitors leave: entries in the
 * bucket, and log lines. None deletes the bucket, which `pulumi destroy` does with the owner's own rights.
 *
 * @param boundary The ARN of the relay's boundary.
 */
function rightsOf(names: BridgeNames, boundary: string): Record<string, Rights> {
  const { partition, account, region, bridge, functionName } = names;
  const api = `arn:${partition}:apigateway:${region}::`;
  const role = `arn:${partition}:iam::${account}:role/${bridge}-relay-*`;
  return {
    Api: {
      types: ["Api", "Integration", "Route", "Stage"].map((kind) => apiGatewayType(kind)),
      // An API's id is random, so these are all of the region.
      resources: [`${api}/apis`, `${api}/apis/*`, `${api}/tags/*`],
      read: ["apigateway:GET"],
      write: [
        "apigateway:POST",
        "apigateway:PATCH",
        "apigateway:PUT",
        "apigateway:DELETE",
        // AWS's list has only the verbs, but people have been refused for want of these.
        "apigateway:TagResource",
        "apigateway:UntagResource",
      ],
    },
    Relay: {
      types: ["aws:lambda/function:Function", "aws:lambda/permission:Permission"],
      resources: [arnIn(names, "lambda", `function:${functionName}`)],
      read: ["lambda:Get*", "lambda:List*"],
      write: [
        "lambda:CreateFunction",
        "lambda:UpdateFunctionCode",
        "lambda:UpdateFunctionConfiguration",
        "lambda:PutFunctionConcurrency",
        "lambda:DeleteFunctionConcurrency",
        "lambda:DeleteFunction",
        "lambda:AddPermission",
        "lambda:RemovePermission",
        "lambda:TagResource",
        "lambda:UntagResource",
      ],
    },
    RelayRole: {
      types: ["aws:iam/role:Role"],
      resources: [role],
      read: ["iam:Get*", "iam:List*"],
      write: [
        "iam:DeleteRole",
        "iam:UpdateRole",
        "iam:UpdateAssumeRolePolicy",
        "iam:TagRole",
        "iam:UntagRole",
      ],
    },
    // Without this condition, whoever deploys could give the relay, and so themselves, every right.
    RelayRights: {
      types: ["aws:iam/rolePolicy:RolePolicy"],
      resources: [role],
      read: [],
      write: ["iam:CreateRole", "iam:PutRolePolicy", "iam:DeleteRolePolicy"],
      condition: { StringEquals: { "iam:PermissionsBoundary": [boundary] } },
    },
    PassRelayRole: {
      types: [],
      resources: [role],
      read: [],
      write: ["iam:PassRole"],
      condition: { StringEquals: { "iam:PassedToService": ["lambda.amazonaws.com"] } },
    },
    LogGroup: {
      types: ["aws:cloudwatch/logGroup:LogGroup"],
      resources: [logGroupOf(names), `${logGroupOf(names)}:*`],
      read: ["logs:ListTagsForResource"],
      write: [
        "logs:CreateLogGroup",
        "logs:PutRetentionPolicy",
        "logs:DeleteLogGroup",
        "logs:TagResource",
        "logs:UntagResource",
      ],
    },
    Registry: {
      types: [
        "aws:s3/bucket:Bucket",
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
        "aws:s3/bucketPolicy:BucketPolicy",
        "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
        "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
      ],
      // The bucket and not its objects.
      resources: [`arn:${partition}:s3:::${bridge}-registry-*`],
      read: [
        "s3:ListBucket",
        "s3:ListTagsForResource",
        "s3:GetBucket*",
        "s3:GetAccelerateConfiguration",
        "s3:GetEncryptionConfiguration",
        "s3:GetLifecycleConfiguration",
        "s3:GetReplicationConfiguration",
      ],
      write: [
        "s3:CreateBucket",
        "s3:PutBucketTagging",
        "s3:TagResource",
        "s3:UntagResource",
        "s3:PutBucketPublicAccessBlock",
        "s3:PutBucketPolicy",
        "s3:DeleteBucketPolicy",
        "s3:PutLifecycleConfiguration",
        "s3:PutBucketCORS",
      ],
    },
    Alarms: {
      types: ["aws:cloudwatch/metricAlarm:MetricAlarm"],
      resources: [arnIn(names, "cloudwatch", `alarm:${bridge}-*`)],
      read: ["cloudwatch:DescribeAlarms", "cloudwatch:ListTagsForResource"],
      write: [
        "cloudwatch:PutMetricAlarm",
        "cloudwatch:DeleteAlarms",
        "cloudwatch:TagResource",
        "cloudwatch:UntagResource",
      ],
    },
    AlarmMails: {
      types: [
        "aws:sns/topic:Topic",
        "aws:sns/topicPolicy:TopicPolicy",
        "aws:sns/topicSubscription:TopicSubscription",
      ],
      resources: [arnIn(names, "sns", `${bridge}-alarms-*`)],
      read: ["sns:GetTopicAttributes", "sns:ListSubscriptionsByTopic", "sns:ListTagsForResource"],
      write: [
        "sns:CreateTopic",
        "sns:SetTopicAttributes",
        "sns:Subscribe",
        "sns:DeleteTopic",
        "sns:TagResource",
        "sns:UntagResource",
      ],
    },
    Budget: {
      types: ["aws:budgets/budget:Budget"],
      resources: [`arn:${partition}:budgets::${account}:budget/${bridge}-*`],
      read: ["budgets:ViewBudget", "budgets:ListTagsForResource"],
      write: ["budgets:ModifyBudget", "budgets:TagResource", "budgets:UntagResource"],
    },
    // AWS knows no resources for these.
    WithoutResource: {
      types: [],
      resources: ["*"],
      read: [
        "logs:DescribeLogGroups",
        "sns:GetSubscriptionAttributes",
        "servicequotas:GetServiceQuota",
      ],
      write: ["sns:Unsubscribe"],
    },
  };
}

/** The types of Pulumi's resources that GitHub may deploy. */
export function deployableTypes(names: BridgeNames): string[] {
  return Object.values(rightsOf(names, "")).flatMap(({ types }) => types);
}

/** Options of {@linkcode githubPolicy}. */
export interface GitHubPolicyOptions extends BridgeNames {
  job: GitHubJob;
  /** The ARN of the bucket with Pulumi's state. */
  stateArn: string;
  /** The ARN of the relay's boundary. */
  boundary: string;
}

/** The rights of a job: to read the bridge and Pulumi's state or, to deploy, to change both. */
export function githubPolicy(options: GitHubPolicyOptions): PolicyDocument {
  const { job, stateArn, boundary, ...names } = options;
  const isDeploy = job === "deploy";
  const statements: PolicyStatement[] = [
    { Sid: "FindState", Effect: "Allow", Action: ["s3:ListBucket"], Resource: [stateArn] },
    {
      Sid: "State",
      Effect: "Allow",
      Action: ["s3:GetObject", ...isDeploy ? ["s3:PutObject", "s3:DeleteObject"] : []],
      Resource: [`${stateArn}/.pulumi/*`],
    },
  ];
  for (const [name, rights] of Object.entries(rightsOf(names, boundary))) {
    const { resources, read, write, condition } = rights;
    const allow = (Sid: string, Action: string[]): PolicyStatement => ({
      Sid,
      Effect: "Allow",
      Action,
      Resource: resources,
    });
    if (read.length > 0) statements.push(allow(`Read${name}`, read));
    if (isDeploy) statements.push({ ...allow(`Deploy${name}`, write), Condition: condition });
  }
  return document(...statements);
}

function apiGatewayType(kind: string): string {
  return `aws:apigatewayv2/${kind.toLowerCase()}:${kind}`;
}

function logGroupOf(names: BridgeNames): string {
  return arnIn(names, "logs", `log-group:/aws/lambda/${names.functionName}`);
}

/** An ARN of the bridge's region and account. */
function arnIn({ partition, region, account }: BridgeNames, service: string, rest: string): string {
  return `arn:${partition}:${service}:${region}:${account}:${rest}`;
}
