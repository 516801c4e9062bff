// The resource graph of a Bridge under Pulumi's mocks: what it asks AWS for, resource by resource.
import * as pulumi from "@pulumi/pulumi";
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { NO_LAPTOP_ID } from "../wire/limits.ts";
import { failureOf } from "../wire/testing/failure.ts";
import type { BridgeArgs } from "./bridge.ts";
import type { PolicyDocument } from "./policy.ts";
import { KEY } from "./testing/host_key.ts";
import { BRIDGE_RESOURCES, createBridge, RecordingMocks, valueOf } from "./testing/mocks.ts";

const test = suite("bridge");

const ARGS: BridgeArgs = {
  allowedOrigins: ["https://you.github.io", "http://localhost:3000"],
  tags: { owner: "you" },
};
const EVERYTHING: BridgeArgs = {
  ...ARGS,
  email: "owner@example.com",
  monthlyBudget: 3,
  hostUser: true,
  reservedConcurrency: 4,
};

/** Each policy document that was asked for. */
function policiesOf({ created }: RecordingMocks): PolicyDocument[] {
  return created.flatMap(({ inputs }) =>
    [inputs.policy, inputs.assumeRolePolicy].filter(Boolean).map((text) => JSON.parse(text))
  );
}

test("a bridge is these resources and no others", async () => {
  const { mocks } = await createBridge(ARGS);
  assert.equal(mocks.count(), BRIDGE_RESOURCES);
});

test("an e-mail address and hostUser add these", async () => {
  const { mocks } = await createBridge(EVERYTHING);
  const count = mocks.count();
  assert.is(mocks.created.length, 14 + 12);
  assert.is(count["aws:budgets/budget:Budget"], 1);
  assert.is(count["aws:cloudwatch/metricAlarm:MetricAlarm"], 6);
  assert.is(count["aws:sns/topic:Topic"], 1);
  assert.is(count["aws:sns/topicPolicy:TopicPolicy"], 1);
  assert.is(count["aws:sns/topicSubscription:TopicSubscription"], 1);
  assert.is(count["aws:iam/user:User"], 1);
  assert.is(count["aws:iam/userPolicyAttachment:UserPolicyAttachment"], 1);
});

test("the API selects routes by action, and its four routes lead to one integration", async () => {
  const { mocks } = await createBridge(ARGS);
  const api = mocks.findCreatedResource("aws:apigatewayv2/api:Api", "b");
  assert.is(api.protocolType, "WEBSOCKET");
  assert.is(api.routeSelectionExpression, "$request.body.action");
  assert.is(api.ipAddressType, "dualstack");
  for (const routeKey of ["$connect", "$disconnect", "sendSignal", "hostSignal"]) {
    const name = `b-${routeKey.replace("$", "")}`;
    assert.equal(mocks.findCreatedResource("aws:apigatewayv2/route:Route", name), {
      apiId: "abc123",
      routeKey,
      authorizationType: "NONE",
      target: "integrations/int456",
    });
  }
  assert.equal(
    mocks.findCreatedResource("aws:apigatewayv2/integration:Integration", "b-relay"),
    {
      apiId: "abc123",
      integrationType: "AWS_PROXY",
      integrationMethod: "POST",
      integrationUri:
        "arn:aws:apigateway:eu-central-1:lambda:path/2015-03-31/functions/SignalingRelay/invocations",
    },
  );
});

test("the stage is deployed by itself, and each route throttled in both ways", async () => {
  const { mocks } = await createBridge({
    ...ARGS,
    throttleBurst: 7,
    throttleRate: 6,
    connectRate: 30,
  });
  const stage = mocks.findCreatedResource("aws:apigatewayv2/stage:Stage", "b");
  assert.is(stage.name, "prod");
  assert.is(stage.autoDeploy, true);
  assert.equal(stage.defaultRouteSettings, { throttlingBurstLimit: 7, throttlingRateLimit: 6 });
  assert.equal(stage.routeSettings, [
    { routeKey: "$connect", throttlingBurstLimit: 60, throttlingRateLimit: 30 },
    { routeKey: "$disconnect", throttlingBurstLimit: 7, throttlingRateLimit: 6 },
    { routeKey: "sendSignal", throttlingBurstLimit: 7, throttlingRateLimit: 6 },
    { routeKey: "hostSignal", throttlingBurstLimit: 14, throttlingRateLimit: 6 },
  ]);
});

test("the Lambda is the built relay and nothing else", async () => {
  const { mocks } = await createBridge(ARGS);
  const relay = mocks.findCreatedResource("aws:lambda/function:Function", "b-relay");
  assert.is(relay.name, "SignalingRelay");
  assert.is(relay.runtime, "nodejs24.x");
  assert.equal(relay.architectures, ["arm64"]);
  assert.is(relay.handler, "main.handler");
  assert.is(relay.memorySize, 512);
  assert.is(relay.timeout, 5);
  assert.is(relay.reservedConcurrentExecutions, undefined);
  // Lambda's own three lines for each run would cost half as much as the run.
  assert.equal(relay.loggingConfig, { logFormat: "JSON", systemLogLevel: "WARN" });
  assert.equal(relay.environment, {
    variables: {
      LAPTOP_ID: NO_LAPTOP_ID,
      ADMISSION_KEY: "open",
      ALLOWED_ORIGINS: "https://you.github.io,http://localhost:3000",
    },
  });
  const files = await relay.code.assets;
  assert.equal(Object.keys(files), ["main.mjs"]);
  assert.match(await files["main.mjs"].path, /relay\/dist\/main\.mjs$/);
});

test("the Lambda's log group is named as Lambda does, and forgets", async () => {
  const { mocks } = await createBridge({ ...ARGS, functionName: "relay-2", logRetentionDays: 30 });
  const logGroup = mocks.findCreatedResource("aws:cloudwatch/logGroup:LogGroup", "b-relay");
  assert.is(logGroup.name, "/aws/lambda/relay-2");
  assert.is(logGroup.retentionInDays, 30);
});

test("this API's stage alone may invoke the Lambda", async () => {
  const { mocks } = await createBridge(ARGS);
  assert.equal(mocks.findCreatedResource("aws:lambda/permission:Permission", "b-gateway"), {
    action: "lambda:InvokeFunction",
    function: "SignalingRelay",
    principal: "apigateway.amazonaws.com",
    sourceArn: "arn:aws:execute-api:eu-central-1:123456789012:abc123/prod/*",
  });
});

test("the role and the laptop get their policies, for these resources", async () => {
  const { mocks } = await createBridge(ARGS);
  const { hostPolicy, relayPolicy, trustPolicy } = await import("./policy.ts");
  const role = mocks.findCreatedResource("aws:iam/role:Role", "b-relay");
  assert.equal(JSON.parse(role.assumeRolePolicy), trustPolicy());
  const rolePolicy = mocks.findCreatedResource("aws:iam/rolePolicy:RolePolicy", "b-relay");
  assert.is(rolePolicy.role, "b-relay");
  assert.equal(
    JSON.parse(rolePolicy.policy),
    relayPolicy({
      executionArn: "arn:aws:execute-api:eu-central-1:123456789012:abc123",
      stage: "prod",
      logGroupArn: "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/SignalingRelay",
    }),
  );
  const { policy } = mocks.findCreatedResource("aws:iam/policy:Policy", "b-host");
  assert.equal(
    JSON.parse(policy),
    hostPolicy({
      functionArn: "arn:aws:lambda:eu-central-1:123456789012:function:SignalingRelay",
    }),
  );
});

test("no policy has a wildcard for an action, or for more than a resource's own parts", async () => {
  const { mocks } = await createBridge(EVERYTHING);
  const policies = policiesOf(mocks);
  assert.is(policies.length, 4);
  for (const { Sid, Action, Resource = [] } of policies.flatMap(({ Statement }) => Statement)) {
    for (const action of Action) assert.not.match(action, "*", Sid);
    for (const arn of Resource) {
      assert.match(
        arn,
        /^arn:aws:[a-z-]+:[\w-]+:123456789012:[^*]+(\/@connections\/|:log-stream:)?\*?$/,
      );
      if (arn.includes("*")) {
        assert.match(arn, /(\/(POST|DELETE)\/@connections\/|:log-stream:)\*$/, Sid);
      }
    }
  }
});

test("everything that takes tags has them", async () => {
  const { mocks } = await createBridge(EVERYTHING);
  const untaggable = [
    "lighthouse:index:Bridge",
    "aws:apigatewayv2/integration:Integration",
    "aws:apigatewayv2/route:Route",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicyAttachment:UserPolicyAttachment",
    "aws:lambda/permission:Permission",
    "aws:sns/topicPolicy:TopicPolicy",
    "aws:sns/topicSubscription:TopicSubscription",
  ];
  for (const { type, inputs } of mocks.created) {
    assert.equal(inputs.tags, untaggable.includes(type) ? undefined : ARGS.tags, type);
  }
});

test("without tags of its own, a bridge's are the project's and the stack's name", async () => {
  const { mocks } = await createBridge({ allowedOrigins: ARGS.allowedOrigins });
  const { tags } = mocks.findCreatedResource("aws:apigatewayv2/api:Api", "b");
  assert.equal(tags, { project: "lighthouse", stack: "test" });
});

test("reserved concurrency is set where it is asked for", async () => {
  const { mocks } = await createBridge(EVERYTHING);
  const relay = mocks.findCreatedResource("aws:lambda/function:Function", "b-relay");
  assert.is(relay.reservedConcurrentExecutions, 4);
});

test("the relay's role has a boundary where there is one", async () => {
  const boundary = "arn:aws:iam::123456789012:policy/relay";
  const roleOf = (mocks: RecordingMocks) =>
    mocks.findCreatedResource("aws:iam/role:Role", "b-relay");
  const bounded = await createBridge({ ...ARGS, relayBoundary: boundary });
  assert.is(roleOf(bounded.mocks).permissionsBoundary, boundary);
  const without = await createBridge(ARGS);
  assert.is(roleOf(without.mocks).permissionsBoundary, undefined);
});

test("the laptop's user has the laptop's policy and no key", async () => {
  const { bridge, mocks } = await createBridge(EVERYTHING);
  assert.is(mocks.findCreatedResource("aws:iam/user:User", "b-host").forceDestroy, true);
  assert.equal(
    mocks.findCreatedResource("aws:iam/userPolicyAttachment:UserPolicyAttachment", "b-host"),
    { user: "b-host", policyArn: "arn:aws:iam::123456789012:policy/b-host" },
  );
  assert.is(await valueOf(bridge.hostUserName!), "b-host");
});

const ANCHOR = "arn:aws:rolesanywhere:eu-central-1:123456789012:trust-anchor/0a1b-2c3d";
const PERSON = "arn:aws:iam::123456789012:role/aws-reserved/sso.amazonaws.com/Laptop_1a2b";

for (const [principal, who] of [[ANCHOR, "a certificate"], [PERSON, "an IAM role"]] as const) {
  test(`the laptop's role has the laptop's policy, and is for ${who} alone`, async () => {
    const { bridge, mocks } = await createBridge({ ...ARGS, hostRoleFor: principal });
    const { hostTrustPolicy } = await import("./policy.ts");
    const role = mocks.findCreatedResource("aws:iam/role:Role", "b-host");
    assert.equal(JSON.parse(role.assumeRolePolicy), hostTrustPolicy(principal, "laptop"));
    assert.equal(role.tags, ARGS.tags);
    const attachment = "aws:iam/rolePolicyAttachment:RolePolicyAttachment";
    assert.equal(mocks.findCreatedResource(attachment, "b-host"), {
      role: "b-host",
      policyArn: "arn:aws:iam::123456789012:policy/b-host",
    });
    const roleArn = "arn:aws:iam::123456789012:role/b-host";
    assert.is(await valueOf(bridge.hostRoleArn!), roleArn);
    const profiles = mocks.created.filter(({ type }) => type.includes("rolesanywhere"));
    assert.equal(
      profiles.map(({ inputs }) => inputs),
      principal === ANCHOR ? [{ enabled: true, roleArns: [roleArn], tags: ARGS.tags }] : [],
    );
  });
}

test("errors and throttles are mailed, through a topic that takes nothing else", async () => {
  const { mocks } = await createBridge(EVERYTHING);
  for (const metricName of ["Errors", "Throttles"]) {
    const alarm = mocks.findCreatedResource(
      "aws:cloudwatch/metricAlarm:MetricAlarm",
      `b-${metricName.toLowerCase()}`,
    );
    assert.is(alarm.namespace, "AWS/Lambda");
    assert.is(alarm.metricName, metricName);
    assert.equal(alarm.dimensions, { FunctionName: "SignalingRelay" });
    assert.equal([alarm.statistic, alarm.threshold, alarm.period], ["Sum", 1, 300]);
  }
  const topic = "arn:aws:sns:eu-central-1:123456789012:b-alarms";
  for (const { type, inputs } of mocks.created) {
    if (type !== "aws:cloudwatch/metricAlarm:MetricAlarm") continue;
    assert.is(inputs.treatMissingData, "notBreaching");
    assert.equal(inputs.alarmActions, [topic]);
    assert.ok(inputs.alarmDescription.length < 1024, "CloudWatch's limit");
  }
  assert.equal(
    mocks.findCreatedResource("aws:sns/topicSubscription:TopicSubscription", "b-alarms"),
    {
      topic,
      protocol: "email",
      endpoint: "owner@example.com",
    },
  );
  const { arn, policy } = mocks.findCreatedResource("aws:sns/topicPolicy:TopicPolicy", "b-alarms");
  assert.is(arn, topic);
  const alarm = "arn:aws:cloudwatch:eu-central-1:123456789012:alarm";
  assert.equal(JSON.parse(policy).Statement[0].Condition, {
    ArnEquals: {
      "aws:SourceArn": ["errors", "throttles", "connects", "messages", "concurrency", "duration"]
        .map((watch) => `${alarm}:b-${watch}`),
    },
  });
});

/** Settings, and where the alarms of minutes and of the run's length begin. */
const thresholds: [Partial<BridgeArgs>, Record<string, number>][] = [
  [{}, { connects: 300, messages: 600, concurrency: 20, duration: 6_000 }],
  [{ connectRate: 4 }, { connects: 120, messages: 600, concurrency: 20, duration: 6_000 }],
  [{ throttleRate: 2 }, { connects: 60, messages: 120, concurrency: 4, duration: 6_000 }],
  [{ reservedConcurrency: 20, throttleRate: 50 }, {
    connects: 1_500,
    messages: 3_000,
    concurrency: 20,
    duration: 6_000,
  }],
  [{ registry: "s3" }, { connects: 300, messages: 600, concurrency: 20, duration: 12_000 }],
  [{ registry: "relay", hostKeys: [KEY] }, {
    connects: 300,
    messages: 600,
    concurrency: 20,
    duration: 12_000,
  }],
];
const WATCHED: Record<string, [namespace: string, metric: string, statistic: string]> = {
  connects: ["AWS/ApiGateway", "ConnectCount", "Sum"],
  messages: ["AWS/ApiGateway", "MessageCount", "Sum"],
  concurrency: ["AWS/Lambda", "ConcurrentExecutions", "Maximum"],
  duration: ["AWS/Lambda", "Duration", "Maximum"],
};
for (const [args, starts] of thresholds) {
  test(`floods and a changed Lambda are mailed within minutes, with ${JSON.stringify(args)}`, async () => {
    const { mocks } = await createBridge({ ...ARGS, email: "owner@example.com", ...args });
    for (const [watch, [namespace, metricName, statistic]] of Object.entries(WATCHED)) {
      const alarm = mocks.findCreatedResource(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        `b-${watch}`,
      );
      assert.equal([alarm.namespace, alarm.metricName, alarm.statistic], [
        namespace,
        metricName,
        statistic,
      ]);
      assert.equal(
        alarm.dimensions,
        namespace === "AWS/Lambda"
          ? { FunctionName: "SignalingRelay" }
          : { ApiId: "abc123", Stage: "prod" },
      );
      assert.is(alarm.threshold, starts[watch], watch);
      assert.ok(alarm.period * alarm.evaluationPeriods <= 300);
      assert.ok((alarm.datapointsToAlarm ?? alarm.evaluationPeriods) <= 3);
      assert.match(alarm.alarmDescription, "docs/aws.md");
      // Other hosts have no key, or none that can do this.
      if (args.registry) assert.not.match(alarm.alarmDescription, "AWS key");
    }
  });
}

test("the budget warns when it is spent, and when it is going to be", async () => {
  const { mocks } = await createBridge(EVERYTHING);
  const budget = mocks.findCreatedResource("aws:budgets/budget:Budget", "b");
  assert.equal(
    [budget.budgetType, budget.timeUnit, budget.limitAmount, budget.limitUnit],
    ["COST", "MONTHLY", "3", "USD"],
  );
  assert.equal(budget.costFilters, [
    { name: "Service", values: ["Amazon API Gateway", "AWS Lambda", "AmazonCloudWatch"] },
  ]);
  assert.equal(budget.costTypes, { includeCredit: false, includeRefund: false });
  assert.equal(
    budget.notifications.map((one: Record<string, unknown>) => [
      one.notificationType,
      one.threshold,
      one.thresholdType,
      one.subscriberEmailAddresses,
    ]),
    [
      ["ACTUAL", 100, "PERCENTAGE", ["owner@example.com"]],
      ["FORECASTED", 100, "PERCENTAGE", ["owner@example.com"]],
    ],
  );
});

test("with the registry s3, the budget looks at the bucket too", async () => {
  const { mocks } = await createBridge({ ...EVERYTHING, registry: "s3" });
  const budget = mocks.findCreatedResource("aws:budgets/budget:Budget", "b");
  assert.equal(budget.costFilters, [{
    name: "Service",
    values: [
      "Amazon API Gateway",
      "AWS Lambda",
      "AmazonCloudWatch",
      "Amazon Simple Storage Service",
    ],
  }]);
});

test("a bridge tells what page and host need", async () => {
  const { bridge } = await createBridge(ARGS);
  assert.is(
    await valueOf(bridge.webSocketUrl),
    "wss://abc123.execute-api.eu-central-1.amazonaws.com/prod",
  );
  assert.is(await valueOf(bridge.functionName), "SignalingRelay");
  assert.is(await valueOf(bridge.region), "eu-central-1");
  assert.is(await valueOf(bridge.hostPolicyArn!), "arn:aws:iam::123456789012:policy/b-host");
  assert.is(bridge.hostUserName, undefined);
});

test("a setting that is wrong is refused with its name", async () => {
  const error = await failureOf(createBridge({ allowedOrigins: [] }));
  assert.match(error.message, /^Cannot use allowedOrigins: it is empty/);
  assert.ok(pulumi.RunError.isInstance(error));
});

test("a relay that has not been built is refused", async () => {
  const error = await failureOf(
    createBridge({ ...ARGS, bundle: new URL("file:///nowhere/main.mjs") }),
  );
  assert.is(
    error.message,
    "Cannot deploy the relay: /nowhere/main.mjs does not exist; run npm run build first",
  );
});

test("what is not mocked throws", () => {
  const mocks = new RecordingMocks();
  assert.throws(
    () => mocks.newResource({ type: "aws:ec2/instance:Instance", name: "x", inputs: {} }),
    /Resource is not mocked: aws:ec2\/instance:Instance x/,
  );
  assert.throws(
    () => mocks.call({ token: "aws:index/getRegion:getRegion", inputs: {} }),
    /not mocked/,
  );
  assert.throws(() => mocks.findCreatedResource("aws:iam/role:Role", "x"), /was not created/);
});

test.run();
