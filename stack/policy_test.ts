// The policy documents, word by word: a right more or less is a decision.
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import {
  alarmTopicPolicy,
  hostPolicy,
  type PolicyDocument,
  relayPolicy,
  trustPolicy,
} from "./policy.ts";

const test = suite("policy");

const FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:SignalingRelay";
const TOPIC = "arn:aws:sns:eu-west-1:123456789012:alarms";
const ALARM = "arn:aws:cloudwatch:eu-west-1:123456789012:alarm:errors";

const policies: [title: string, policy: PolicyDocument, statements: unknown[]][] = [
  ["the role's trust is Lambda's alone", trustPolicy(), [{
    Sid: "LambdaRunsAsThisRole",
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: ["sts:AssumeRole"],
  }]],
  [
    "the relay posts to its own stage's connections and writes its own logs",
    relayPolicy({
      executionArn: "arn:aws:execute-api:eu-west-1:123456789012:abc123",
      stage: "prod",
      logGroupArn: "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/SignalingRelay",
    }),
    [
      {
        Sid: "PostToConnections",
        Effect: "Allow",
        Action: ["execute-api:ManageConnections"],
        Resource: ["arn:aws:execute-api:eu-west-1:123456789012:abc123/prod/POST/@connections/*"],
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
