// The rights of GitHub's workflows: bound to one repository, enough for what a bridge consists of, and not enough
// to get more.
import * as pulumi from "@pulumi/pulumi";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import type { GitHubDeployerArgs } from "./github_deployer.ts";
import { type BridgeNames, deployableTypes, githubPolicy, relayBoundary } from "./github_policy.ts";
import { type PolicyDocument, relayPolicy } from "./policy.ts";
import { KEY } from "./testing/host_key.ts";
import { createBridge, RecordingMocks, valueOf } from "./testing/mocks.ts";

const test = suite("GitHub deployer");

const REPOSITORY = "you@1234/notes@5678";
const PROVIDER = "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com";
const BOUNDARY = "arn:aws:iam::123456789012:policy/github-relay-boundary";
const STATE = "arn:aws:s3:::github-state-1a2b3c4";

async function createDeployer(args: GitHubDeployerArgs) {
  const mocks = new RecordingMocks();
  await pulumi.runtime.setMocks(mocks, "access", "prod");
  const { GitHubDeployer } = await import("./github_deployer.ts");
  const deployer = new GitHubDeployer("github", args);
  await pulumi.runtime.disconnect();
  return { deployer, mocks };
}

const NAMES: BridgeNames = {
  partition: "aws",
  account: "123456789012",
  region: "eu-central-1",
  bridge: "lighthouse",
  functionName: "SignalingRelay",
};
const options = { ...NAMES, stateArn: STATE, boundary: BOUNDARY };
const policies = {
  preview: githubPolicy({ ...options, job: "preview" }),
  deploy: githubPolicy({ ...options, job: "deploy" }),
};

/** Whether a policy allows an action, with the condition that it asks for, if there is one. */
function isAllowed(policy: PolicyDocument, action: string, resource: string, given = ""): boolean {
  return policy.Statement.some(({ Action, Resource = [], Condition }) =>
    Action.some((pattern) => matches(action, pattern)) &&
    Resource.some((pattern) => matches(resource, pattern)) &&
    Object.values(Condition?.StringEquals ?? {}).flat().every((value) => value === given)
  );
}

function matches(text: string, pattern: string): boolean {
  const expression = pattern.replaceAll(/[.+?^${}()|[\]\\]/g, "\\$&").replaceAll("*", ".*");
  return new RegExp(`^${expression}$`).test(text);
}

test("each job's role is bound to the repository, and the deploying one to main", async () => {
  const { mocks } = await createDeployer({ repository: REPOSITORY });
  const trustOf = (name: string) =>
    JSON.parse(mocks.findCreatedResource("aws:iam/role:Role", name).assumeRolePolicy).Statement;
  const statement = (claims: Record<string, string[]>) => [{
    Sid: "TakenByThisRepository",
    Effect: "Allow",
    Principal: { Federated: PROVIDER },
    Action: ["sts:AssumeRoleWithWebIdentity"],
    Condition: { StringEquals: claims },
  }];
  const github = "token.actions.githubusercontent.com";
  assert.equal(
    trustOf("github-preview"),
    statement({
      [`${github}:aud`]: ["sts.amazonaws.com"],
      [`${github}:sub`]: [`repo:${REPOSITORY}:pull_request`],
    }),
  );
  assert.equal(
    trustOf("github-deploy"),
    statement({
      [`${github}:aud`]: ["sts.amazonaws.com"],
      [`${github}:sub`]: [`repo:${REPOSITORY}:environment:lighthouse`],
      [`${github}:ref`]: ["refs/heads/main"],
    }),
  );
});

test("the roles have their rights, the state its bucket, and the outputs name them", async () => {
  const { deployer, mocks } = await createDeployer({ repository: REPOSITORY });
  assert.equal(mocks.count(), {
    "lighthouse:index:GitHubDeployer": 1,
    "aws:iam/openIdConnectProvider:OpenIdConnectProvider": 1,
    "aws:iam/policy:Policy": 1,
    "aws:iam/role:Role": 2,
    "aws:iam/rolePolicy:RolePolicy": 2,
    "aws:s3/bucket:Bucket": 1,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
    "aws:s3/bucketVersioning:BucketVersioning": 1,
  });
  for (const job of ["preview", "deploy"] as const) {
    const { policy } = mocks.findCreatedResource("aws:iam/rolePolicy:RolePolicy", `github-${job}`);
    assert.equal(JSON.parse(policy), JSON.parse(JSON.stringify(policies[job])));
    // https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
    assert.ok(policy.length <= 10_240, `${policy.length} characters`);
  }
  const boundary = mocks.findCreatedResource("aws:iam/policy:Policy", "github-relay-boundary");
  assert.equal(JSON.parse(boundary.policy), relayBoundary(NAMES));
  assert.is(
    await valueOf(deployer.stateUrl),
    "s3://github-state-1a2b3c4?region=eu-central-1",
  );
  assert.is(
    await valueOf(deployer.deployRoleArn),
    "arn:aws:iam::123456789012:role/github-deploy",
  );
  assert.is(await valueOf(deployer.relayBoundaryArn), BOUNDARY);
});

test("the account's own identity provider is used where it is named", async () => {
  const { mocks } = await createDeployer({ repository: REPOSITORY, providerArn: PROVIDER });
  assert.is(mocks.count()["aws:iam/openIdConnectProvider:OpenIdConnectProvider"], undefined);
  const role = mocks.findCreatedResource("aws:iam/role:Role", "github-deploy");
  assert.match(role.assumeRolePolicy, PROVIDER);
});

for (const repository of ["you/*", "*", "you", "you/notes:environment", "", "you/notes/more"]) {
  test(`the repository "${repository}" is refused`, async () => {
    const { GitHubDeployer } = await import("./github_deployer.ts");
    assert.throws(
      () => new GitHubDeployer("github", { repository }),
      `Cannot use repository: "${repository}" is none such as you@1234/notes@5678 or you/notes`,
    );
  });
}

test("what a bridge with the registry relay consists of is what GitHub may deploy", async () => {
  const { mocks } = await createBridge({
    allowedOrigins: ["https://you.github.io"],
    registry: "relay",
    hostKeys: [KEY],
    publicRegistry: true,
    email: "owner@example.com",
  });
  const created = Object.keys(mocks.count()).filter((type) => type.startsWith("aws:"));
  assert.equal(created.toSorted(), deployableTypes(NAMES).toSorted());
});

test("the rights cover what Pulumi names by itself, and nothing else of the account", () => {
  const suffixed = (name: string) => `${name}-1a2b3c4`;
  const region = "eu-central-1:123456789012";
  const own = [
    ["lambda:UpdateFunctionCode", `arn:aws:lambda:${region}:function:SignalingRelay`],
    ["iam:TagRole", `arn:aws:iam::123456789012:role/${suffixed("lighthouse-relay")}`],
    ["s3:CreateBucket", `arn:aws:s3:::${suffixed("lighthouse-registry")}`],
    ["sns:CreateTopic", `arn:aws:sns:${region}:${suffixed("lighthouse-alarms")}`],
    ["cloudwatch:PutMetricAlarm", `arn:aws:cloudwatch:${region}:alarm:lighthouse-errors-1a2b3c4`],
    ["budgets:ModifyBudget", `arn:aws:budgets::123456789012:budget/${suffixed("lighthouse")}`],
    ["logs:CreateLogGroup", `arn:aws:logs:${region}:log-group:/aws/lambda/SignalingRelay`],
    ["apigateway:POST", "arn:aws:apigateway:eu-central-1::/apis"],
    ["s3:PutObject", `${STATE}/.pulumi/stacks/lighthouse/prod.json`],
  ] as const;
  for (const [action, resource] of own) {
    assert.ok(isAllowed(policies.deploy, action, resource), action);
    assert.not.ok(isAllowed(policies.preview, action, resource), `preview ${action}`);
  }
  const others = [
    ["lambda:UpdateFunctionCode", `arn:aws:lambda:${region}:function:Another`],
    ["s3:CreateBucket", "arn:aws:s3:::another"],
    ["s3:PutBucketPolicy", STATE],
    // What hosts and visitors leave.
    ["s3:GetObject", `arn:aws:s3:::${suffixed("lighthouse-registry")}/admission/laptop.json`],
    [
      "logs:GetLogEvents",
      `arn:aws:logs:${region}:log-group:/aws/lambda/SignalingRelay:log-stream:a`,
    ],
  ] as const;
  for (const [action, resource] of others) {
    assert.not.ok(isAllowed(policies.deploy, action, resource), action);
  }
});

test("whoever deploys gets no further right by the relay's role, nor by their own", () => {
  const relay = "arn:aws:iam::123456789012:role/lighthouse-relay-1a2b3c4";
  const { deploy } = policies;
  for (const action of ["iam:CreateRole", "iam:PutRolePolicy"]) {
    assert.ok(isAllowed(deploy, action, relay, BOUNDARY), action);
    assert.not.ok(isAllowed(deploy, action, relay), `${action} without the boundary`);
  }
  assert.ok(isAllowed(deploy, "iam:PassRole", relay, "lambda.amazonaws.com"));
  assert.not.ok(isAllowed(deploy, "iam:PassRole", relay, "ec2.amazonaws.com"));
  const refused = [
    "iam:AttachRolePolicy",
    "iam:PutRolePermissionsBoundary",
    "iam:DeleteRolePermissionsBoundary",
    "iam:CreatePolicyVersion",
    "iam:CreateUser",
  ];
  const roles = ["lighthouse-relay-1a2b3c4", "github-deploy-1a2b3c4", "github-preview-1a2b3c4"];
  for (const resource of roles.map((role) => `arn:aws:iam::123456789012:role/${role}`)) {
    for (const action of refused) assert.not.ok(isAllowed(deploy, action, resource, BOUNDARY));
  }
  for (const action of ["iam:PutRolePolicy", "iam:UpdateAssumeRolePolicy", "iam:PassRole"]) {
    const own = "arn:aws:iam::123456789012:role/github-deploy-1a2b3c4";
    assert.not.ok(isAllowed(deploy, action, own, BOUNDARY), action);
  }
});

test("the relay's boundary allows all that a relay does", () => {
  const bounds = relayBoundary(NAMES);
  const policy = relayPolicy({
    executionArn: "arn:aws:execute-api:eu-central-1:123456789012:abc123",
    stage: "prod",
    logGroupArn: "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/SignalingRelay",
    bucketArn: "arn:aws:s3:::lighthouse-registry-1a2b3c4",
    registersHosts: true,
  });
  for (const { Action, Resource = [] } of policy.Statement) {
    for (const action of Action) {
      for (const resource of Resource) assert.ok(isAllowed(bounds, action, resource), resource);
    }
  }
});

test.run();
