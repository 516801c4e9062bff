// The whole program as Pulumi runs it: by Pulumi's own runner, TypeScript as it is, on the settings
// of Pulumi.prod.yaml.
import * as assert from "uvu/assert";
import { suite } from "../tools/testing/suite.ts";
import { type PulumiRun, runProgram } from "./testing/pulumi_process.ts";
import { readYaml } from "./testing/yaml.ts";
import { KEY } from "./testing/host_key.ts";

const test = suite("stack program", { deadline: 60_000 });

/** The settings as the Pulumi command hands them on: text by full name, Pulumi.yaml's defaults in it. */
async function configOf(changes: Record<string, unknown> = {}): Promise<Record<string, string>> {
  const { config: declared } = await readYaml("Pulumi.yaml");
  const { config: own } = await readYaml("Pulumi.prod.yaml");
  const values: Record<string, unknown> = { ...own };
  for (const [name, { default: value }] of Object.entries<{ default: unknown }>(declared)) {
    values[`lighthouse:${name}`] ??= value;
  }
  for (const [name, value] of Object.entries(changes)) values[`lighthouse:${name}`] = value;
  const texts = Object.entries(values).map(([name, value]) => {
    return [name, typeof value === "string" ? value : JSON.stringify(value)];
  });
  return Object.fromEntries(texts.filter(([, text]) => text !== undefined));
}

test("prod deploys a bridge and says what page and laptop need", async () => {
  const { code, complaints, mocks, outputs } = await runProgram(await configOf());
  assert.equal(complaints, []);
  assert.is(code, 0);
  assert.is(mocks.created.length, 14);
  const relay = mocks.findCreatedResource("aws:lambda/function:Function", "lighthouse-relay");
  assert.is(relay.environment.variables.ALLOWED_ORIGINS, "https://you.github.io");
  const logGroup = mocks.findCreatedResource(
    "aws:cloudwatch/logGroup:LogGroup",
    "lighthouse-relay",
  );
  assert.is(logGroup.retentionInDays, 14);
  const stage = mocks.findCreatedResource("aws:apigatewayv2/stage:Stage", "lighthouse");
  assert.equal(stage.defaultRouteSettings, { throttlingBurstLimit: 20, throttlingRateLimit: 10 });
  assert.equal(stage.tags, { project: "lighthouse", stack: "prod" });

  const url = "wss://abc123.execute-api.eu-central-1.amazonaws.com/prod";
  assert.equal(outputs, {
    webSocketUrl: url,
    functionName: "SignalingRelay",
    region: "eu-central-1",
    hostPolicyArn: "arn:aws:iam::123456789012:policy/lighthouse-host",
    hostUserName: "",
    hostRoleArn: "",
    registry: "lambda-env",
    bucket: "",
    throttles: "200/10",
    hosts: {},
    page: '<script type="module" src="lighthouse-tunnel.js"></script>\n' +
      `<lighthouse-tunnel relay="${url}"></lighthouse-tunnel>`,
    hostCommand: `lighthouse-host run --relay ${url} --function SignalingRelay` +
      " --region eu-central-1 --backend http://127.0.0.1:5000",
  });
});

/** A run with everything that a setting can add. */
const everything = runProgram(await configOf({ email: "owner@example.com", hostUser: true }));

/** The host's variables, and nothing else, are left to it. */
function assertLeftToHost({ options }: PulumiRun): void {
  const ignoring = [...options].filter(([, { ignoreChanges }]) => ignoreChanges.length > 0);
  const isPolicy = (name: string) => name.startsWith("aws:iam/policy:Policy ");
  assert.equal(
    ignoring.filter(([name]) => !isPolicy(name)).map((
      [name, { ignoreChanges }],
    ) => [name, ignoreChanges]),
    [
      ["aws:lambda/function:Function lighthouse-relay", [
        "environment.variables.LAPTOP_ID",
        "environment.variables.ADMISSION_KEY",
      ]],
    ],
  );
}

test("the host's variables are left to it, with the state refreshed before each run", async () => {
  assertLeftToHost(await everything);
  const project = await readYaml("Pulumi.yaml");
  assert.equal(project.options, { refresh: "always" });
});

test("each part is made after what it stands on, and belongs to the bridge", async () => {
  const { options, mocks } = await everything;
  const dependenciesOf = (name: string) => options.get(name)!.dependencies;
  const relay = dependenciesOf("aws:lambda/function:Function lighthouse-relay");
  assert.ok(relay.includes("aws:cloudwatch/logGroup:LogGroup lighthouse-relay"));
  assert.ok(relay.includes("aws:iam/rolePolicy:RolePolicy lighthouse-relay"));
  const stage = dependenciesOf("aws:apigatewayv2/stage:Stage lighthouse");
  for (const route of ["connect", "disconnect", "sendSignal", "hostSignal"]) {
    assert.ok(stage.includes(`aws:apigatewayv2/route:Route lighthouse-${route}`));
  }
  assert.ok(stage.includes("aws:lambda/permission:Permission lighthouse-gateway"));
  for (const { type, name } of mocks.created) {
    if (type === "lighthouse:index:Bridge") continue;
    assert.is(options.get(`${type} ${name}`)!.parent, "lighthouse:index:Bridge lighthouse", name);
  }
});

test("with the S3 registry, outputs name bucket and hosts", async () => {
  const run = await runProgram(
    await configOf({ registry: "s3", hosts: ["desk", "pi"], publicRegistry: true }),
  );
  const { code, complaints, mocks, options, outputs } = run;
  assert.equal(complaints, []);
  assert.is(code, 0);
  assert.is(mocks.created.length, 14 + 6);
  // What a host has written is there again when the registry changes back.
  assertLeftToHost(run);
  const policy = options.get("aws:s3/bucketPolicy:BucketPolicy lighthouse-registry")!;
  assert.ok(policy.dependencies.includes(
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock lighthouse-registry",
  ));
  const url = "wss://abc123.execute-api.eu-central-1.amazonaws.com/prod";
  const arn = "arn:aws:iam::123456789012:policy/lighthouse-host";
  assert.equal(outputs, {
    webSocketUrl: url,
    functionName: "SignalingRelay",
    region: "eu-central-1",
    hostPolicyArn: arn,
    hostUserName: "",
    hostRoleArn: "",
    registry: "s3",
    bucket: "lighthouse-registry-1a2b3c4",
    throttles: "200/10",
    hosts: {
      desk: { policyArn: arn, userName: "", roleArn: "" },
      pi: { policyArn: `${arn}-pi`, userName: "", roleArn: "" },
    },
    page: '<script type="module" src="lighthouse-tunnel.js"></script>\n' +
      `<lighthouse-tunnel relay="${url}" host="desk"` +
      ' registry="https://lighthouse-registry-1a2b3c4.s3.dualstack.eu-central-1.amazonaws.com"></lighthouse-tunnel>',
    hostCommand: `lighthouse-host run --relay ${url} --registry s3` +
      " --bucket lighthouse-registry-1a2b3c4 --host desk" +
      " --region eu-central-1 --backend http://127.0.0.1:5000",
  });
});

test("with the registry relay, outputs name no policy, and the host's command nothing of AWS", async () => {
  const run = await runProgram(await configOf({ registry: "relay", hostKeys: [KEY] }));
  assert.equal(run.complaints, []);
  assert.is(run.code, 0);
  // The bucket's four in place of the host's policy.
  assert.is(run.mocks.created.length, 14 - 1 + 4);
  assertLeftToHost(run);
  const url = "wss://abc123.execute-api.eu-central-1.amazonaws.com/prod";
  const { hostPolicyArn, registry, hosts, hostCommand } = run.outputs;
  assert.equal({ hostPolicyArn, registry, hosts, hostCommand }, {
    hostPolicyArn: "",
    registry: "relay",
    hosts: { laptop: { policyArn: "", userName: "", roleArn: "" } },
    hostCommand: `lighthouse-host run --relay ${url} --registry relay --host laptop` +
      " --backend http://127.0.0.1:5000",
  });
});

test("the user's name is an output where there is a user", async () => {
  const { outputs } = await everything;
  assert.is(outputs.hostUserName, "lighthouse-host");
});

/** A reservation, the account's quota, the complaints, and whether anything is created. */
const reservations: [
  reserved: number,
  quota: number | undefined,
  complaints: string[],
  isDeployed: boolean,
][] = [
  [20, 120, [], true],
  [900, 1_000, [], true],
  // AWS does not tell: it refuses later.
  [20, undefined, [], true],
  [
    1,
    10,
    [
      "Cannot use reservedConcurrency: this account may run 10 Lambdas at once, and AWS keeps 100 of them " +
      "unreserved, so none can be reserved: set it to -1, or ask AWS for more at " +
      "https://console.aws.amazon.com/servicequotas/home/services/lambda/quotas/L-B99A9384",
    ],
    false,
  ],
  [
    901,
    1_000,
    [
      "Cannot use reservedConcurrency: this account may run 1000 Lambdas at once, and AWS keeps 100 of them " +
      "unreserved, so 900 are the most: set it to that, or ask AWS for more at " +
      "https://console.aws.amazon.com/servicequotas/home/services/lambda/quotas/L-B99A9384",
    ],
    false,
  ],
  [
    4,
    1_000,
    [
      "reservedConcurrency 4 lets the relay handle 40 requests a second, but the gateway passes 200 connects: " +
      "a flood of connects would keep devices out. Reserve 20 or more",
    ],
    true,
  ],
];
for (const [reserved, quota, complaints, isDeployed] of reservations) {
  test(`reserving ${reserved} of ${quota ?? "unknown"} runs is checked before anything is created`, async () => {
    const token = "aws:servicequotas/getServiceQuota:getServiceQuota";
    const calls = quota === undefined ? undefined : { [token]: { value: quota } };
    const run = await runProgram(await configOf({ reservedConcurrency: reserved }), { calls });
    assert.equal(run.complaints, complaints);
    assert.is(run.code, isDeployed ? 0 : 32);
    assert.is(run.mocks.created.length, isDeployed ? 14 : 0);
    if (!isDeployed) return;
    const relay = run.mocks.findCreatedResource(
      "aws:lambda/function:Function",
      "lighthouse-relay",
    );
    assert.is(relay.reservedConcurrentExecutions, reserved);
  });
}

const bad: [name: string, value: unknown, complaint: string][] = [
  [
    "allowedOrigins",
    undefined,
    'allowedOrigins: it is missing; give the origins of your pages, such as ["https://you.github.io"]',
  ],
  [
    "allowedOrigins",
    ["https://you.github.io/"],
    "allowedOrigins[0]: https://you.github.io/ ends with a slash; leave it out",
  ],
];
bad.push(["registry", "s4", 'registry: "s4" is none of "lambda-env", "s3" and "relay"']);
for (const [name, value, complaint] of bad) {
  test(`${name} ${JSON.stringify(value)} ends with one line, and nothing is made`, async () => {
    const { code, complaints, mocks } = await runProgram(await configOf({ [name]: value }));
    assert.equal(complaints, [`Cannot use ${complaint}`]);
    assert.is(code, 32, "the code that tells Pulumi that the owner has been told");
    assert.equal(mocks.created, []);
  });
}

test.run();
