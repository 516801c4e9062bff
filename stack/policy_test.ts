// The policy documents, word by word: a right more or less is a decision.
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import {
  alarmTopicPolicy,
  bucketHostPolicy,
  hostPolicy,
  hostTrustPolicy,
  type PolicyDocument,
  registryBucketPolicy,
  relayPolicy,
  trustPolicy,
} from "./policy.ts";

const test = suite("policy");

const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:SignalingRelay";
const TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms";
const BUCKET = "arn:aws:s3:::registry-1a2b3c4";
const TLS_ALONE = {
  Sid: "TlsAlone",
  Effect: "Deny",
  Principal: "*",
  Action: ["s3:GetObject", "s3:PutObject"],
  Resource: [`${BUCKET}/hosts/*.json`, `${BUCKET}/admission/*.json`],
  Condition: { Bool: { "aws:SecureTransport": ["false"] } },
};
const ALARM = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors";

const PERSON = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/Laptop_1a2b";
const ANCHOR = "arn:aws:rolesanywhere:eu-west-1:123456789012:trust-anchor/0a1b-2c3d";

const policies: [title: string, policy: PolicyDocument, statements: unknown[]][] = [
  ["the role's trust is Lambda's alone", trustPolicy(), [{
    Sid: "LambdaRunsAsThisRole",
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: ["sts:AssumeRole"],
  }]],
  ["a host's role is for the principal that is named", hostTrustPolicy(PERSON, "pi"), [{
    Sid: "TakenByThisPrincipal",
    Effect: "Allow",
    Principal: { AWS: PERSON },
    Action: ["sts:AssumeRole"],
  }]],
  ["or for certificates of one trust anchor, in the host's name", hostTrustPolicy(ANCHOR, "pi"), [{
    Sid: "TakenByCertificate",
    Effect: "Allow",
    Principal: { Service: "rolesanywhere.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    Condition: {
      ArnEquals: { "aws:SourceArn": [ANCHOR] },
      StringEquals: { "aws:PrincipalTag/x509Subject/CN": ["pi"] },
    },
  }]],
  [
    "the relay posts to and closes its own stage's connections and writes its own logs",
    relayPolicy({
      executionArn: "arn:aws:execute-api:eu-west-1:123456789012:abc123",
      stage: "prod",
      logGroupArn: "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/SignalingRelay",
    }),
    [
      {
        Sid: "PostToAndCloseConnections",
        Effect: "Allow",
        Action: ["execute-api:ManageConnections"],
        Resource: [
          "arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/POST/@connections/*",
          "arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/DELETE/@connections/*",
        ],
      },
      {
        Sid: "WriteLogs",
        Effect: "Allow",
        Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
        Resource: [
          "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/SignalingRelay:log-stream:*",
        ],
      },
    ],
  ],
  [
    "the host reads and changes the configuration of one function, and adds no layer",
    hostPolicy({ functionArn: FUNCTION }),
    [
      {
        Sid: "RegisterHost",
        Effect: "Allow",
        Action: ["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration"],
        Resource: [FUNCTION],
      },
      {
        Sid: "AddNoLayer",
        Effect: "Deny",
        Action: ["lambda:UpdateFunctionConfiguration"],
        Resource: [FUNCTION],
        Condition: { "ForAnyValue:StringLike": { "lambda:Layer": ["*"] } },
      },
    ],
  ],
  [
    "a host in a bucket reads and writes its own entry and admission key",
    bucketHostPolicy({ bucketArn: BUCKET, host: "pi" }),
    [{
      Sid: "RegisterHost",
      Effect: "Allow",
      Action: ["s3:GetObject", "s3:PutObject"],
      Resource: [`${BUCKET}/hosts/pi.json`, `${BUCKET}/admission/pi.json`],
    }],
  ],
  [
    "a registry that is not public lets nobody in, and those who have a right by TLS alone",
    registryBucketPolicy({ bucketArn: BUCKET, isPublic: false }),
    [TLS_ALONE],
  ],
  [
    "a public registry lets anybody read the hosts' entries, and list nothing",
    registryBucketPolicy({ bucketArn: BUCKET, isPublic: true }),
    [TLS_ALONE, {
      Sid: "PagesReadHosts",
      Effect: "Allow",
      Principal: "*",
      Action: ["s3:GetObject"],
      Resource: [`${BUCKET}/hosts/*.json`],
    }],
  ],
  [
    "the bridge's alarms alone publish to the topic",
    alarmTopicPolicy({ topicArn: TOPIC, alarmArns: [ALARM] }),
    [{
      Sid: "AlarmsPublish",
      Effect: "Allow",
      Principal: { Service: "cloudwatch.amazonaws.com" },
      Action: ["sns:Publish"],
      Resource: [TOPIC],
      Condition: { ArnEquals: { "aws:SourceArn": [ALARM] } },
    }],
  ],
];
for (const [title, policy, statements] of policies) {
  test(title, () => {
    assert.equal(policy, { Version: "2012-10-17", Statement: statements });
  });
}

test.run();
