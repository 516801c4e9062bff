// Least privilege, shown by use: each call that host and relay really make is allowed by their
// policy, and each right in a policy is used by one of those calls.
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import * as assert from "uvu/assert";
import { readIdentity } from "../host/access/host_key.ts";
import { lambdaRegistry } from "../host/signalling/registry_lambda.ts";
import { s3Registry } from "../host/signalling/registry_s3.ts";
import { startTestRelay } from "../host/testing/relay.ts";
import { connectEvent, messageEvent } from "../relay/testing/events.ts";
import { startManagementServer } from "../relay/testing/management_server.ts";
import { startControlPlane } from "../tools/local/control_plane.ts";
import { HostProcess } from "../tools/local/host_process.ts";
import { LocalFunction } from "../tools/local/lambda.ts";
import { startObjectStore } from "../tools/local/object_store.ts";
import { suite } from "../tools/testing/suite.ts";
import { temporaryFolder } from "../tools/testing/temporary_folder.ts";
import { makeAdmission, toBase64url } from "../wire/mod.ts";
import {
  bucketHostPolicy,
  hostPolicy,
  type PolicyDocument,
  type PolicyStatement,
  registryBucketPolicy,
  relayPolicy,
} from "./policy.ts";

const test = suite("rights");

const HOST = "L0SM9cOFvHcCIhw=";
const PAGE = "PJqB0fHsqRcCHlw=";

/** A call as IAM sees it. */
interface Call {
  action: string;
  resource: string;
}

function isAllowed({ action, resource }: Call, policy: PolicyDocument): boolean {
  return policy.Statement.some(({ Effect, Action, Resource = [] }) =>
    Effect === "Allow" && Action.includes(action) &&
    Resource.some((pattern) => matches(resource, pattern))
  );
}

function matches(text: string, pattern: string): boolean {
  const [start = "", end] = pattern.split("*");
  if (end === undefined) return text === pattern;
  return text.startsWith(start) && text.endsWith(end);
}

function grantedBy({ Statement }: PolicyDocument): string[] {
  const actions = Statement.filter(({ Effect }) => Effect === "Allow").flatMap(({ Action }) =>
    Action
  );
  return [...new Set(actions)].sort();
}

/** Runs a host's registration against the development control plane, and gives its calls. */
async function callsOfHost(): Promise<{ calls: Call[]; functionArn: string }> {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder();
  const file = join(folder, "handler.mjs");
  await writeFile(file, "export const handler = () => null;");
  const environment = { LAPTOP_ID: "init", ALLOWED_ORIGINS: "https://you.github.io" };
  const relay = stack.use(new LocalFunction({ name: "SignalingRelay", file, environment }));
  const controlPlane = stack.use(await startControlPlane({ function: relay, propagation: 300 }));
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_LAMBDA: controlPlane.endpoint,
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
  });

  const registry = lambdaRegistry({ functionName: relay.name, region: "us-east-1" });
  const entry = await registry.read(AbortSignal.timeout(5_000));
  await entry.replace(HOST, AbortSignal.timeout(5_000));
  assert.is((await registry.read(AbortSignal.timeout(5_000))).connectionId, HOST);
  assert.is(relay.environment.ALLOWED_ORIGINS, "https://you.github.io");

  assert.ok(controlPlane.calls.every(({ status }) => status === 200));
  return {
    functionArn: relay.arn,
    calls: controlPlane.calls.map(({ operation }) => ({
      action: `lambda:${operation}`,
      resource: relay.arn,
    })),
  };
}

/** Runs the built relay against a server for posts, and gives its calls. */
async function callsOfRelay(executionArn: string): Promise<Call[]> {
  await using server = await startManagementServer();
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: `${server.endpoint}/prod`,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "local",
    AWS_SECRET_ACCESS_KEY: "local",
    LAPTOP_ID: HOST,
  });
  const bundle = new URL("../relay/dist/main.mjs", import.meta.url);
  const { handler } = await import(bundle.href) as typeof import("../relay/main.ts");
  const send = (sender: string, message: object) =>
    handler(messageEvent(sender, JSON.stringify({ action: "sendSignal", ...message })));
  await send(PAGE, { data: { type: "offer" } });
  await send(HOST, { to: PAGE, data: { type: "answer" } });
  await send(HOST, { to: "me", data: {} });
  await send(PAGE, { to: "another=", data: {} });

  assert.is(server.posts.length, 4);
  return server.posts.map(({ method, path, headers }) => {
    const service = /\/us-east-1\/([\w-]+)\/aws4_request/.exec(headers.authorization ?? "")?.[1];
    assert.is(service, "execute-api", "signed for the service that the right is about");
    return {
      action: "execute-api:ManageConnections",
      resource: `${executionArn}/${path.replace(/^\/(\w+)\//, `$1/${method}/`)}`,
    };
  });
}

test("the host's policy allows what the host calls, and nothing that it does not call", async () => {
  const { calls, functionArn } = await callsOfHost();
  const policy = hostPolicy({ functionArn });
  for (const call of calls) assert.ok(isAllowed(call, policy), JSON.stringify(call));
  assert.equal([...new Set(calls.map(({ action }) => action))].sort(), grantedBy(policy));
});

test("the relay's policy allows its posts and closes, and besides only what Lambda logs for it", async () => {
  const executionArn = "arn:aws:execute-api:us-east-1:123456789012:abc123";
  const logGroupArn = "arn:aws:logs:us-east-1:123456789012:log-group:/aws/lambda/SignalingRelay";
  const calls = await callsOfRelay(executionArn);
  // Of a connection that has been silent for two minutes: relay/connections_test.ts has the call.
  calls.push({ ...calls[0]!, resource: `${executionArn}/prod/DELETE/@connections/${PAGE}` });
  const policy = relayPolicy({ executionArn, stage: "prod", logGroupArn });
  for (const call of calls) assert.ok(isAllowed(call, policy), JSON.stringify(call));
  // Lambda itself makes these two for what the handler prints, so no call of ours shows them.
  const ofLambda = ["logs:CreateLogStream", "logs:PutLogEvents"];
  assert.equal(
    [...new Set(calls.map(({ action }) => action)), ...ofLambda].sort(),
    grantedBy(policy),
  );
});

/** Runs host, relay and page on a bucket, and gives each one's calls. */
async function callsOnBucket(): Promise<Record<"host" | "relay" | "page", Call[]>> {
  await using stack = new AsyncDisposableStack();
  const folder = temporaryFolder();
  const store = stack.use(
    await startObjectStore({
      bucket: "registry",
      keys: { host: "secret", relay: "secret" },
      isPublic: true,
    }),
  );
  const management = stack.use(await startManagementServer());
  Object.assign(process.env, {
    AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: `${management.endpoint}/prod`,
    AWS_ENDPOINT_URL_S3: store.endpoint,
    AWS_REGION: "us-east-1",
    AWS_ACCESS_KEY_ID: "host",
    AWS_SECRET_ACCESS_KEY: "secret",
    REGISTRY_BUCKET: store.bucket,
  });
  const signal = AbortSignal.timeout(10_000);
  const identity = await readIdentity(join(folder, "state"));
  const registry = s3Registry({ bucket: "registry", region: "us-east-1", host: "pi", identity });
  for (const { tryOut } of registry.rights) await tryOut(signal);
  // S3 refuses to read what is not there, too.
  store.write("admission/pi.json", JSON.stringify({ key: "open" }));
  const key = "k".repeat(43);
  await (await registry.read(signal)).replace(HOST, signal, key);

  process.env.AWS_ACCESS_KEY_ID = "relay";
  // Not the module that another test has loaded: an instance keeps its registry.
  const bundle = new URL("../relay/dist/main.mjs?bucket", import.meta.url);
  const { handler } = await import(bundle.href) as typeof import("../relay/main.ts");
  const send = (sender: string, message: object) =>
    handler(messageEvent(sender, JSON.stringify({ action: "sendSignal", ...message })));
  const value = await makeAdmission(key, "pi", Math.floor(Date.now() / 1000) + 60);
  const shown = { "Sec-WebSocket-Protocol": `lighthouse, admit.pi.${value}` };
  assert.is((await handler(connectEvent(shown))).statusCode, 200);
  await send(PAGE, { host: "pi", data: { type: "offer" } });
  await send(HOST, { host: "pi", to: PAGE, data: { type: "answer" } });
  assert.equal(management.posts.map(({ path }) => decodeURIComponent(path)), [
    `/prod/@connections/${HOST}`,
    `/prod/@connections/${PAGE}`,
  ]);
  await fetch(`${store.url}/hosts/pi.json`);
  await registry.withdraw(signal);

  const callsOf = (whose: string | undefined) =>
    store.calls.filter(({ accessKeyId }) => accessKeyId === whose).map((call) => {
      assert.ok(call.status === 200 || call.code === "PreconditionFailed", JSON.stringify(call));
      return {
        action: `s3:${call.operation}`,
        resource: `arn:aws:s3:::${store.bucket}/${call.key}`,
      };
    });
  return { host: callsOf("host"), relay: callsOf("relay"), page: callsOf(undefined) };
}

/** What the relay may do besides, where hosts register in a bucket. */
function ofBucket(bucketArn: string, registersHosts = false): PolicyStatement[] {
  const options = { executionArn: "api", stage: "prod", logGroupArn: "log" };
  const without = relayPolicy(options).Statement.length;
  return relayPolicy({ ...options, bucketArn, registersHosts }).Statement.slice(without);
}

test("with the registry relay, a host calls AWS never, and the relay what its policy allows", async () => {
  const keys = { "local-access-key": "local-secret-key", "of-the-laptop": "secret" };
  await using store = await startObjectStore({ bucket: "registry", keys });
  const state = join(temporaryFolder(), "state");
  const { publicKey } = await readIdentity(state);
  await using relay = await startTestRelay({
    environment: {
      REGISTRY_BUCKET: store.bucket,
      HOSTS: "laptop",
      HOST_KEYS: `laptop=${toBase64url(publicKey)}`,
      AWS_ENDPOINT_URL_S3: store.endpoint,
    },
  });
  await using controlPlane = await startControlPlane({ function: relay.function });
  const host = new HostProcess({
    flags: [
      "--relay",
      relay.url.href,
      "--registry",
      "relay",
      "--backend",
      "5000",
      "--state",
      state,
    ],
    // It would find these, and use none of them.
    environment: {
      AWS_ENDPOINT_URL_S3: store.endpoint,
      AWS_ENDPOINT_URL_LAMBDA: controlPlane.endpoint,
      AWS_ACCESS_KEY_ID: "of-the-laptop",
      AWS_SECRET_ACCESS_KEY: "secret",
    },
  });
  await host.until("online");
  await host.stop();
  assert.is(JSON.parse(store.read("hosts/laptop.json")!).connectionId, undefined, "it has left");
  assert.equal(controlPlane.calls, []);
  const policy = {
    Version: "2012-10-17" as const,
    Statement: ofBucket("arn:aws:s3:::registry", true),
  };
  for (const { accessKeyId, operation, key } of store.calls) {
    assert.is(accessKeyId, "local-access-key", "the relay's role alone");
    const call = { action: `s3:${operation}`, resource: `arn:aws:s3:::registry/${key}` };
    assert.ok(isAllowed(call, policy), JSON.stringify(call));
  }
  const called = new Set(store.calls.map(({ operation }) => `s3:${operation}`));
  assert.equal([...called].sort(), grantedBy(policy));
});

test("on a bucket, host, relay and page call what their policies allow, and all of that", async () => {
  const calls = await callsOnBucket();
  const bucketArn = "arn:aws:s3:::registry";
  const policies = {
    host: bucketHostPolicy({ bucketArn, host: "pi" }),
    relay: { Version: "2012-10-17" as const, Statement: ofBucket(bucketArn) },
    page: registryBucketPolicy({ bucketArn, isPublic: true }),
  };
  for (const who of ["host", "relay", "page"] as const) {
    for (const call of calls[who]) {
      assert.ok(isAllowed(call, policies[who]), `${who} ${JSON.stringify(call)}`);
    }
    const called = [...new Set(calls[who].map(({ action }) => action))].sort();
    assert.equal(called, grantedBy(policies[who]), who);
  }
  const refused: [PolicyDocument, string, string][] = [
    [policies.host, "s3:PutObject", `${bucketArn}/hosts/laptop.json`],
    [policies.host, "s3:GetObject", `${bucketArn}/hosts/pi.json.json`],
    [policies.host, "s3:DeleteObject", `${bucketArn}/hosts/pi.json`],
    [policies.host, "s3:ListBucket", bucketArn],
    [policies.relay, "s3:PutObject", `${bucketArn}/hosts/pi.json`],
    [policies.relay, "s3:GetObject", `${bucketArn}/other/pi.json`],
    [policies.host, "s3:GetObject", `${bucketArn}/admission/laptop.json`],
    [policies.relay, "s3:PutObject", `${bucketArn}/admission/pi.json`],
    [policies.page, "s3:GetObject", `${bucketArn}/admission/pi.json`],
    [policies.page, "s3:PutObject", `${bucketArn}/hosts/pi.json`],
    [policies.page, "s3:ListBucket", bucketArn],
    [
      registryBucketPolicy({ bucketArn, isPublic: false }),
      "s3:GetObject",
      `${bucketArn}/hosts/pi.json`,
    ],
  ];
  for (const [policy, action, resource] of refused) {
    assert.not.ok(isAllowed({ action, resource }, policy), `${action} ${resource}`);
  }
});

test("other functions, APIs, stages and methods are refused", () => {
  const host = hostPolicy({ functionArn: "arn:aws:lambda:us-east-1:1:function:SignalingRelay" });
  const relay = relayPolicy({
    executionArn: "arn:aws:execute-api:us-east-1:1:abc123",
    stage: "prod",
    logGroupArn: "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/SignalingRelay",
  });
  const lambda = "arn:aws:lambda:us-east-1:1:function";
  const api = "arn:aws:execute-api:us-east-1:1";
  const post = "execute-api:ManageConnections";
  const refused: [PolicyDocument, string, string][] = [
    [host, "lambda:UpdateFunctionConfiguration", `${lambda}:Another`],
    [host, "lambda:UpdateFunctionConfiguration", `${lambda}:SignalingRelay2`],
    [host, "lambda:UpdateFunctionCode", `${lambda}:SignalingRelay`],
    [host, "lambda:InvokeFunction", `${lambda}:SignalingRelay`],
    [relay, post, `${api}:other/prod/POST/@connections/${PAGE}`],
    [relay, post, `${api}:abc123/test/POST/@connections/${PAGE}`],
    [relay, post, `${api}:abc123/prod/GET/@connections/${PAGE}`],
    [relay, "logs:CreateLogGroup", "arn:aws:logs:us-east-1:1:log-group:/aws/lambda/Another"],
  ];
  for (const [policy, action, resource] of refused) {
    assert.not.ok(isAllowed({ action, resource }, policy), `${action} ${resource}`);
  }
});

test.run();
