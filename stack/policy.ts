// IAM policy documents as pure functions of ARNs. docs/aws.md says why each right
// is needed, and stack/rights_test.ts holds them against the calls that are really made.
// https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements.html

/** A policy document. */
export interface PolicyDocument {
  Version: "2012-10-17";
  Statement: PolicyStatement[];
}

/** One statement of it. */
export interface PolicyStatement {
  /** The statement's purpose, in letters and digits only. */
  Sid: string;
  Effect: "Allow" | "Deny";
  /** The principal, in trust policies and resource policies. */
  Principal?: { Service: string } | { AWS: string } | { Federated: string } | "*";
  Action: string[];
  /** The resources, in all policies except trust policies. */
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

/** The hosts' entries and their admission keys in their bucket. */
const ENTRIES = "hosts/*.json";
const ADMISSION_KEYS = "admission/*.json";

/**
 * Lets a principal assume a host's role.
 *
 * @param principal The ARN of an IAM role or user, or of a trust anchor of IAM Roles Anywhere. A trust
 * anchor accepts certificates whose subject has the host's name as common name (CN).
 *
 * https://docs.aws.amazon.com/rolesanywhere/latest/userguide/trust-model.html
 */
export function hostTrustPolicy(principal: string, host: string): PolicyDocument {
  if (!isTrustAnchor(principal)) {
    return document({
      Sid: "TakenByThisPrincipal",
      Effect: "Allow",
      Principal: { AWS: principal },
      Action: ["sts:AssumeRole"],
    });
  }
  return document({
    Sid: "TakenByCertificate",
    Effect: "Allow",
    Principal: { Service: "rolesanywhere.amazonaws.com" },
    Action: ["sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity"],
    Condition: {
      ArnEquals: { "aws:SourceArn": [principal] },
      StringEquals: { "aws:PrincipalTag/x509Subject/CN": [host] },
    },
  });
}

/** Whether an ARN is that of a trust anchor of IAM Roles Anywhere. */
export function isTrustAnchor(arn: string): boolean {
  return arn.split(":")[2] === "rolesanywhere";
}

/** Options of {@linkcode relayPolicy}. */
export interface RelayPolicyOptions {
  /** The API's ARN: `arn:aws:execute-api:REGION:ACCOUNT:API`. */
  executionArn: string;
  /** The stage whose connections the relay posts to. */
  stage: string;
  /** The log group's ARN: `arn:aws:logs:REGION:ACCOUNT:log-group:NAME`, without a trailing `:*`. */
  logGroupArn: string;
  /** The ARN of the registry's bucket, `arn:aws:s3:::NAME`; undefined with `lambda-env`. */
  bucketArn?: string;
  /** Whether it writes the hosts' entries for them: with the registry `relay`. @default false */
  registersHosts?: boolean;
}

/**
 * The relay's rights: post to this API's connections and close them, but not look at them; write to its
 * own log group, but not create it; and read the hosts' entries and admission keys, if they are in a
 * bucket, or write them, too.
 *
 * - https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-control-access-iam.html
 * - https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs.html
 */
export function relayPolicy(options: RelayPolicyOptions): PolicyDocument {
  const { executionArn, stage, logGroupArn, bucketArn, registersHosts = false } = options;
  return document(
    {
      Sid: "PostToAndCloseConnections",
      Effect: "Allow",
      Action: ["execute-api:ManageConnections"],
      Resource: ["POST", "DELETE"].map((method) =>
        `${executionArn}/${stage}/${method}/@connections/*`
      ),
    },
    {
      Sid: "WriteLogs",
      Effect: "Allow",
      Action: ["logs:CreateLogStream", "logs:PutLogEvents"],
      Resource: [`${logGroupArn}:log-stream:*`],
    },
    ...bucketArn === undefined ? [] : [{
      Sid: registersHosts ? "RegisterHosts" : "ReadHosts",
      Effect: "Allow" as const,
      Action: registersHosts ? ["s3:GetObject", "s3:PutObject"] : ["s3:GetObject"],
      Resource: [`${bucketArn}/${ENTRIES}`, `${bucketArn}/${ADMISSION_KEYS}`],
    }],
  );
}

/** Options of {@linkcode hostPolicy}. */
export interface HostPolicyOptions {
  /** The ARN of the relay's Lambda: `arn:aws:lambda:REGION:ACCOUNT:function:NAME`. */
  functionArn: string;
}

/**
 * The laptop's rights: read and change the configuration of this one function. IAM has no condition for
 * the variable that is written; it has one for layers, so those are denied.
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

/** Options of {@linkcode bucketHostPolicy}. */
export interface BucketHostPolicyOptions {
  /** The ARN of the registry's bucket: `arn:aws:s3:::NAME`. */
  bucketArn: string;
  /** The host's name. */
  host: string;
}

/**
 * The rights of a host that registers in a bucket: read and write its own entry and its own admission
 * key. It reads before it writes, by a conditional write.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export function bucketHostPolicy({ bucketArn, host }: BucketHostPolicyOptions): PolicyDocument {
  return document({
    Sid: "RegisterHost",
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: [`${bucketArn}/hosts/${host}.json`, `${bucketArn}/admission/${host}.json`],
  });
}

/** Options of {@linkcode registryBucketPolicy}. */
export interface RegistryBucketPolicyOptions {
  /** The bucket's ARN: `arn:aws:s3:::NAME`. */
  bucketArn: string;
  /** Whether anybody may read the hosts' entries. */
  isPublic: boolean;
}

/**
 * The bucket's own policy: only TLS, and public reading of the entries if pages read them, but never of
 * admission keys. Nobody may list the bucket, so a host's entry is found only by its name.
 *
 * https://docs.aws.amazon.com/AmazonS3/latest/userguide/example-bucket-policies.html
 */
export function registryBucketPolicy(options: RegistryBucketPolicyOptions): PolicyDocument {
  const { bucketArn, isPublic } = options;
  return document(
    {
      Sid: "TlsAlone",
      Effect: "Deny",
      Principal: "*",
      Action: ["s3:GetObject", "s3:PutObject"],
      Resource: [`${bucketArn}/${ENTRIES}`, `${bucketArn}/${ADMISSION_KEYS}`],
      Condition: { Bool: { "aws:SecureTransport": ["false"] } },
    },
    ...isPublic
      ? [{
        Sid: "PagesReadHosts",
        Effect: "Allow" as const,
        Principal: "*" as const,
        Action: ["s3:GetObject"],
        Resource: [`${bucketArn}/${ENTRIES}`],
      }]
      : [],
  );
}

/** Options of {@linkcode alarmTopicPolicy}. */
export interface AlarmTopicPolicyOptions {
  topicArn: string;
  /** The ARNs of the alarms that may publish to the topic. */
  alarmArns: string[];
}

/**
 * Lets only these alarms publish to the topic.
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

/** A policy of these statements. */
export function document(...statements: PolicyStatement[]): PolicyDocument {
  return { Version: "2012-10-17", Statement: statements };
}
