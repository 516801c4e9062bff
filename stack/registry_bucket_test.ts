// The resource graph of a Bridge with the registry `s3`, under Pulumi's mocks.
import * as pulumi from "@pulumi/pulumi";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { NO_LAPTOP_ID } from "../wire/limits.ts";
import type { BridgeArgs } from "./bridge.ts";
import type { PolicyDocument } from "./policy.ts";
import { BRIDGE_RESOURCES, createBridge, type RecordingMocks, valueOf } from "./testing/mocks.ts";
import { KEY } from "./testing/host_key.ts";

const test = suite("registry bucket");

const ORIGINS = ["https://you.github.io", "http://localhost:3000"];
const NAME = "b-registry-1a2b3c4";
const ARN = `arn:aws:s3:::${NAME}`;

/** Makes a bridge with the registry, named `b`. */
function create(args: Partial<BridgeArgs>) {
  const tags = { owner: "you" };
  return createBridge({ allowedOrigins: ORIGINS, registry: "s3", tags, ...args });
}

function policyOf(mocks: RecordingMocks, type: string, name: string): PolicyDocument {
  return JSON.parse(mocks.findCreatedResource(type, name).policy);
}

test("the S3 registry adds a bucket that is private, and nothing else", async () => {
  const { mocks } = await create({});
  assert.equal(mocks.count(), {
    ...BRIDGE_RESOURCES,
    "aws:s3/bucket:Bucket": 1,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
    "aws:s3/bucketPolicy:BucketPolicy": 1,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
  });
  assert.equal(mocks.findCreatedResource("aws:s3/bucket:Bucket", "b-registry"), {
    forceDestroy: true,
    tags: { owner: "you" },
  });
  assert.equal(
    mocks.findCreatedResource(
      "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
      "b-registry",
    ),
    {
      bucket: NAME,
      blockPublicAcls: true,
      ignorePublicAcls: true,
      blockPublicPolicy: true,
      restrictPublicBuckets: true,
    },
  );
});

test("old entries go by themselves, and unfinished uploads, but no admission key", async () => {
  const { mocks } = await create({});
  const { bucket, rules } = mocks.findCreatedResource(
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration",
    "b-registry",
  );
  assert.is(bucket, NAME);
  assert.equal(rules, [
    { id: "forget", status: "Enabled", filter: { prefix: "hosts/" }, expiration: { days: 30 } },
    {
      id: "abort",
      status: "Enabled",
      filter: { prefix: "" },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 1 },
    },
  ]);
});

test("the relay is told the bucket besides the laptop, and may read entries", async () => {
  const { mocks } = await create({});
  const relay = mocks.findCreatedResource("aws:lambda/function:Function", "b-relay");
  assert.equal(relay.environment.variables, {
    LAPTOP_ID: NO_LAPTOP_ID,
    ADMISSION_KEY: "open",
    REGISTRY_BUCKET: NAME,
    HOSTS: "laptop",
    ALLOWED_ORIGINS: ORIGINS.join(","),
  });
  assert.is(relay.timeout, 11);
  const statements = policyOf(mocks, "aws:iam/rolePolicy:RolePolicy", "b-relay").Statement;
  assert.equal(statements.map(({ Sid }) => Sid), [
    "PostToAndCloseConnections",
    "WriteLogs",
    "ReadHosts",
  ]);
  assert.equal(statements[2], {
    Sid: "ReadHosts",
    Effect: "Allow",
    Action: ["s3:GetObject"],
    Resource: [`${ARN}/hosts/*.json`, `${ARN}/admission/*.json`],
  });
});

test("each host has a policy of its own, a user where one is wanted, and no right on the Lambda", async () => {
  const { bridge, mocks } = await create({ hosts: ["laptop", "pi"], hostUser: true });
  for (const [host, name] of [["laptop", "b-host"], ["pi", "b-host-pi"]] as const) {
    const { Statement } = policyOf(mocks, "aws:iam/policy:Policy", name);
    assert.equal(Statement, [{
      Sid: "RegisterHost",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject"],
      Resource: [`${ARN}/hosts/${host}.json`, `${ARN}/admission/${host}.json`],
    }]);
    const attachment = "aws:iam/userPolicyAttachment:UserPolicyAttachment";
    const policyArn = `arn:aws:iam::123456789012:policy/${name}`;
    assert.equal(mocks.findCreatedResource(attachment, name), { user: name, policyArn });
    assert.is(await valueOf(pulumi.output(bridge.hosts[host]!.policyArn)), policyArn);
  }
  assert.is(mocks.count()["aws:iam/policy:Policy"], 2);
  assert.equal(Object.keys(bridge.hosts), ["laptop", "pi"]);
  assert.is(await valueOf(bridge.bucket!), NAME);
  assert.is(bridge.registryUrl, undefined);
});

test("with the registry relay, the relay has the hosts' keys and may write, and no host has any right", async () => {
  const { bridge, mocks } = await create({ registry: "relay", hostKeys: [`pi=${KEY}`] });
  const { "aws:iam/policy:Policy": _, ...without } = BRIDGE_RESOURCES;
  assert.equal(mocks.count(), {
    ...without,
    "aws:s3/bucket:Bucket": 1,
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": 1,
    "aws:s3/bucketPolicy:BucketPolicy": 1,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": 1,
  });
  const relay = mocks.findCreatedResource("aws:lambda/function:Function", "b-relay");
  assert.equal(relay.environment.variables, {
    LAPTOP_ID: NO_LAPTOP_ID,
    ADMISSION_KEY: "open",
    REGISTRY_BUCKET: NAME,
    HOSTS: "pi",
    HOST_KEYS: `pi=${KEY}`,
    ALLOWED_ORIGINS: ORIGINS.join(","),
  });
  assert.is(relay.timeout, 11);
  const statements = policyOf(mocks, "aws:iam/rolePolicy:RolePolicy", "b-relay").Statement;
  assert.equal(statements[2], {
    Sid: "RegisterHosts",
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: [`${ARN}/hosts/*.json`, `${ARN}/admission/*.json`],
  });
  assert.is(bridge.hostPolicyArn, undefined);
  assert.equal(bridge.hosts, { pi: { policyArn: "", userName: "", roleArn: "" } });
});

test("a public registry lets anybody read entries, and the listed origins' pages see them", async () => {
  const { bridge, mocks } = await create({ publicRegistry: true });
  const access = mocks.findCreatedResource(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock",
    "b-registry",
  );
  assert.equal([access.blockPublicAcls, access.ignorePublicAcls], [true, true]);
  assert.equal([access.blockPublicPolicy, access.restrictPublicBuckets], [false, false]);
  const { Statement } = policyOf(mocks, "aws:s3/bucketPolicy:BucketPolicy", "b-registry");
  assert.equal(Statement.map(({ Sid, Action }) => [Sid, Action]), [
    ["TlsAlone", ["s3:GetObject", "s3:PutObject"]],
    ["PagesReadHosts", ["s3:GetObject"]],
  ]);
  const cors = mocks.findCreatedResource(
    "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration",
    "b-registry",
  );
  assert.equal(cors, {
    bucket: NAME,
    corsRules: [{
      allowedOrigins: ORIGINS,
      allowedMethods: ["GET"],
      exposeHeaders: ["Date"],
      maxAgeSeconds: 3600,
    }],
  });
  assert.is(
    await valueOf(bridge.registryUrl!),
    `https://${NAME}.s3.dualstack.eu-central-1.amazonaws.com`,
  );
});

test("no policy has a wildcard for an action, or for more than the hosts' entries", async () => {
  const { mocks } = await create({ hosts: ["laptop", "pi"], publicRegistry: true });
  const policies = mocks.created.flatMap(({ inputs }) =>
    inputs.policy ? [JSON.parse(inputs.policy) as PolicyDocument] : []
  );
  assert.is(policies.length, 4);
  for (const { Sid, Action, Resource = [] } of policies.flatMap(({ Statement }) => Statement)) {
    for (const action of Action) assert.not.match(action, "*", Sid);
    for (const arn of Resource) {
      if (arn.includes("*")) {
        assert.match(
          arn,
          /(\/(POST|DELETE)\/@connections\/\*|:log-stream:\*|\/(hosts|admission)\/\*\.json)$/,
          Sid,
        );
      }
    }
  }
});

test.run();
