// Who may do what, as IAM policy documents: pure functions of ARNs. docs/aws.md says why each right
// is needed, and stack/rights_test.ts holds them against the calls that are really made.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

/** A policy document. */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: PolicyStatement[];
}

/** One statement of it. */
export interface PolicyStatement {
  /** What the statement is for; letters and digits alone. */
  Sid: string;
  Effect: "Allow" | "Deny";
  /** Who: in policies of a role's trust or of a resource. */
  Principal?: { Service: string };
  Action: string[];
  /** What it may be done to: in all policies but a role's trust. */
  Resource?: string[];
  Condition?: Record<string, Record<string, string[]>>;
}

/** Lets Lambda act as the role. */
export function trustPolicy(): PolicyDocument {
  return document({
    Sid: "LambdaRunsAsThisRole",
    Effect: "Allow",
    Principal: { Service: "lambda.amazonaws.com" },
    Action: ["sts:AssumeRole"],
  });
}

/** Options of {@linkcode relayPolicy}. */
export interface RelayPolicyOptions {
  /** The API's: `arn:aws:execute-api:REGION:ACCOUNT:API`. */
  executionArn: string;
  /** The stage whose connections the relay posts to. */
  stage: string;
  /** The log group's: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, without a trailing `:*`. */
  logGroupArn: string;
}

/**
 * What the relay may do: post to this API's connections, but neither look at nor close them, and
 * write to its own log group, which it may not make.
 *
 * - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
 * - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
 */
export function relayPolicy(options: RelayPolicyOptions): PolicyDocument {
  const { executionArn, stage, logGroupArn } = options;
  return document(
    {
      Sid: "PostToConnections",
      Effect: "Allow",
      Action: ["execute-api:ManageConnections"],
      Resource: [`${executionArn}/${stage}/POST/@connections/*`],
    },
    {
      Sid: "WriteLogs",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: [`${logGroupArn}:log-stream:*`],
    },
  );
}

/** Options of {@linkcode hostPolicy}. */
export interface HostPolicyOptions {
  /** The relay's Lambda: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`. */
  functionArn: string;
}

/**
 * What the laptop may do: read and change the configuration of this one function. IAM has no
 * condition for which variable is written; it has one for layers, so those are denied.
 *
 * https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
 */
export function hostPolicy({ functionArn }: HostPolicyOptions): PolicyDocument {
  return document(
    {
      Sid: "RegisterHost",
      Effect: "Allow",
      Action: ["lambda:GetFunctionConfiguration", "lambda:UpdateFunctionConfiguration"],
      Resource: [functionArn],
    },
    {
      Sid: "AddNoLayer",
      Effect: "Deny",
      Action: ["lambda:UpdateFunctionConfiguration"],
      Resource: [functionArn],
      Condition: { "ForAnyValue:StringLike": { "lambda:Layer": ["*"] } },
    },
  );
}

/** Options of {@linkcode alarmTopicPolicy}. */
export interface AlarmTopicPolicyOptions {
  topicArn: string;
  /** The alarms that may publish to it. */
  alarmArns: string[];
}

/**
 * Lets these alarms, and nothing else, publish to the topic.
 *
 * https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
 */
export function alarmTopicPolicy(options: AlarmTopicPolicyOptions): PolicyDocument {
  const { topicArn, alarmArns } = options;
  return document({
    Sid: "AlarmsPublish",
    Effect: "Allow",
    Principal: { Service: "cloudwatch.amazonaws.com" },
    Action: ["sns:Publish"],
    Resource: [topicArn],
    Condition: { ArnEquals: { "aws:SourceArn": alarmArns } },
  });
}

function document(...statements: PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}
