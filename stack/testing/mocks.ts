// Pulumi's mocks for tests: each resource that the program makes, with outputs such as AWS gives.
import * as pulumi from "@pulumi/pulumi";
import type { BridgeArgs } from "../bridge.ts";

/** A resource as the program asked for it. */
export interface CreatedResource {
  /** Such as `aws:lambda/function:Function`. */
  type: string;
  name: string;
  // deno-lint-ignore no-explicit-any
  inputs: any;
}

/** AWS account and region of all mocked resources. */
const ACCOUNT = "123456789012";
const REGION = "eu-central-1";

/** For each type, its outputs besides its inputs. */
const OUTPUTS: Record<string, (name: string, inputs: CreatedResource["inputs"]) => object> = {
  "lighthouse:index:Bridge": () => ({}),
  "lighthouse:index:GitHubDeployer": () => ({}),
  "aws:apigatewayv2/api:Api": () => ({
    id: "abc123",
    executionArn: `arn:aws:execute-api:${REGION}:${ACCOUNT}:abc123`,
  }),
  "aws:apigatewayv2/integration:Integration": () => ({ id: "int456" }),
  "aws:apigatewayv2/route:Route": () => ({}),
  "aws:apigatewayv2/stage:Stage": (_, { name, apiId }) => ({
    invokeUrl: `wss://${apiId}.execute-api.${REGION}.amazonaws.com/${name}`,
  }),
  "aws:budgets/budget:Budget": () => ({}),
  "aws:cloudwatch/logGroup:LogGroup": (_, { name }) => ({
    arn: `arn:aws:logs:${REGION}:${ACCOUNT}:log-group:${name}`,
  }),
  "aws:cloudwatch/metricAlarm:MetricAlarm": (name) => ({
    arn: `arn:aws:cloudwatch:${REGION}:${ACCOUNT}:alarm:${name}`,
  }),
  "aws:iam/openIdConnectProvider:OpenIdConnectProvider": (_, { url }) => ({
    arn: `arn:aws:iam::${ACCOUNT}:oidc-provider/${new URL(url).host}`,
  }),
  "aws:iam/policy:Policy": (name) => ({ arn: `arn:aws:iam::${ACCOUNT}:policy/${name}` }),
  "aws:iam/role:Role": (name) => ({ name, arn: `arn:aws:iam::${ACCOUNT}:role/${name}` }),
  "aws:iam/rolePolicy:RolePolicy": () => ({}),
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": () => ({}),
  "aws:rolesanywhere/profile:Profile": () => ({}),
  "aws:iam/user:User": (name) => ({ name }),
  "aws:iam/userPolicyAttachment:UserPolicyAttachment": () => ({}),
  "aws:lambda/function:Function": (_, { name }) => ({
    arn: `arn:aws:lambda:${REGION}:${ACCOUNT}:function:${name}`,
    invokeArn: `arn:aws:apigateway:${REGION}:lambda:path/2015-03-31/functions/${name}/invocations`,
    region: REGION,
  }),
  "aws:lambda/permission:Permission": () => ({}),
  "aws:s3/bucket:Bucket": (name) => ({
    bucket: `${name}-1a2b3c4`,
    arn: `arn:aws:s3:::${name}-1a2b3c4`,
    region: REGION,
  }),
  "aws:s3/bucketCorsConfiguration:BucketCorsConfiguration": () => ({}),
  "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": () => ({}),
  "aws:s3/bucketPolicy:BucketPolicy": () => ({}),
  "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": () => ({}),
  "aws:s3/bucketVersioning:BucketVersioning": () => ({}),
  "aws:sns/topic:Topic": (name) => ({ arn: `arn:aws:sns:${REGION}:${ACCOUNT}:${name}` }),
  "aws:sns/topicPolicy:TopicPolicy": () => ({}),
  "aws:sns/topicSubscription:TopicSubscription": () => ({}),
};

/** How many resources of each type a bridge has without options. */
export const BRIDGE_RESOURCES = {
  "lighthouse:index:Bridge": 1,
  "aws:apigatewayv2/api:Api": 1,
  "aws:apigatewayv2/integration:Integration": 1,
  "aws:apigatewayv2/route:Route": 4,
  "aws:apigatewayv2/stage:Stage": 1,
  "aws:cloudwatch/logGroup:LogGroup": 1,
  "aws:iam/policy:Policy": 1,
  "aws:iam/role:Role": 1,
  "aws:iam/rolePolicy:RolePolicy": 1,
  "aws:lambda/function:Function": 1,
  "aws:lambda/permission:Permission": 1,
};

/** Answers to the program's calls, by token, such as `aws:index/getRegion:getRegion`. */
export type MockedCalls = Record<string, Record<string, unknown>>;

/** Mocks that remember; a resource or a call that is not mocked throws. */
export class RecordingMocks implements pulumi.runtime.Mocks {
  /** What was made so far. */
  readonly created: CreatedResource[] = [];
  readonly #calls: MockedCalls;

  constructor(calls: MockedCalls = {}) {
    this.#calls = calls;
  }

  newResource({ type, name, inputs }: pulumi.runtime.MockResourceArgs) {
    if (type === pulumi.runtime.rootPulumiStackTypeName) return { id: name, state: inputs };
    const outputs = OUTPUTS[type];
    if (!outputs) throw new Error(`Resource is not mocked: ${type} ${name}`);
    this.created.push({ type, name, inputs });
    const state = { ...inputs, ...outputs(name, inputs) };
    return { id: state.id ?? name, state };
  }

  call({ token }: pulumi.runtime.MockCallArgs): Record<string, unknown> {
    const answer = this.#calls[token];
    if (!answer) throw new Error(`Call is not mocked: ${token}`);
    return answer;
  }

  /** What was asked for. @throws {Error} If it was not made, with what was. */
  findCreatedResource(type: string, name: string): CreatedResource["inputs"] {
    const found = this.created.find((one) => one.type === type && one.name === name);
    if (found) return found.inputs;
    const made = this.created.map((one) => `${one.type} ${one.name}`).join("\n");
    throw new Error(`Resource was not created: ${type} ${name}. These were:\n${made}`);
  }

  /** How many there are of each type, by type. */
  count(): Record<string, number> {
    const counts: Record<string, number> = {};
    for (const { type } of this.created) counts[type] = (counts[type] ?? 0) + 1;
    return counts;
  }
}

/** Makes a bridge named `b`. The mocks are set first, the program is imported then. */
export async function createBridge(args: BridgeArgs) {
  const mocks = new RecordingMocks();
  await pulumi.runtime.setMocks(mocks, "lighthouse", "test");
  const { Bridge } = await import("../bridge.ts");
  const bridge = new Bridge("b", args);
  await pulumi.runtime.disconnect();
  return { bridge, mocks };
}

/** Takes the value out of an output, once it and all that hangs on it is known. */
export function valueOf<T>(output: pulumi.Output<T>): Promise<T> {
  return new Promise((resolve) => output.apply(resolve));
}
