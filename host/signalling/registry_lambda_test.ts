import { createServer } from "node:http";
import { inspect } from "node:util";
import * as assert from "uvu/assert";
import {
  type ControlPlane,
  type ControlPlaneFault,
  type ControlPlaneOptions,
  startControlPlane,
} from "../../tools/local/control_plane.ts";
import { LocalFunction } from "../../tools/local/lambda.ts";
import { listen } from "../../tools/testing/listen.ts";
import { suite } from "../../tools/testing/suite.ts";
import { CONFIGURED, registryFailure, setEnvironment } from "../testing/registry.ts";
import type { FailureKind } from "./registry.ts";
import { explain, lambdaRegistry } from "./registry_lambda.ts";

const test = suite("registry lambda");
const never = new AbortController().signal;
const OTHERS = { ALLOWED_ORIGINS: "https://page.example", SECRET: "s3cr3t", EMPTY: "" };

test.before(() => setEnvironment(CONFIGURED));

interface Setup extends AsyncDisposable {
  controlPlane: ControlPlane;
  function: LocalFunction;
}

/** A control plane that the SDK finds by its own variable. */
async function setUp(options: Partial<ControlPlaneOptions> = {}): Promise<Setup> {
  const local = new LocalFunction({
    name: "SignalingRelay",
    file: "/never/started.mjs",
    environment: { LAPTOP_ID: "init", ...OTHERS },
  });
  const controlPlane = await startControlPlane({ function: local, propagation: 50, ...options });
  setEnvironment({ ...CONFIGURED, AWS_ENDPOINT_URL_LAMBDA: controlPlane.endpoint });
  return {
    controlPlane,
    function: local,
    async [Symbol.asyncDispose]() {
      setEnvironment({ ...CONFIGURED, AWS_ENDPOINT_URL_LAMBDA: undefined });
      await controlPlane.close();
      await local.close();
    },
  };
}

function registry(functionName = "SignalingRelay", region: string | undefined = "us-east-1") {
  return lambdaRegistry({ functionName, region });
}

test("read() tells that nobody is registered yet", async () => {
  await using _ = await setUp();
  assert.is((await registry().read(never)).connectionId, undefined);
});

test("replace() writes the one variable, leaves all others, and resolves when it is served", async () => {
  await using aws = await setUp();
  const entry = await registry().read(never);
  await entry.replace("abc=", never);
  assert.equal({ ...aws.function.environment }, { LAPTOP_ID: "abc=", ...OTHERS });
  assert.is((await registry().read(never)).connectionId, "abc=");
});

test("a function is found by its ARN too", async () => {
  await using aws = await setUp();
  const entry = await registry(aws.function.arn).read(never);
  await entry.replace("abc=", never);
  assert.is(aws.function.environment.LAPTOP_ID, "abc=");
});

test("replace() conflicts with whoever has written since the entry was read", async () => {
  await using aws = await setUp();
  const [mine, theirs] = [await registry().read(never), await registry().read(never)];
  await theirs.replace("theirs", never);
  const error = await registryFailure(mine.replace("mine", never));
  assert.is(error.kind, "conflict");
  assert.is(aws.function.environment.LAPTOP_ID, "theirs");
  assert.equal(aws.controlPlane.calls.at(-1)!.code, "PreconditionFailedException");
});

test("replace() conflicts with an update that is under way", async () => {
  await using aws = await setUp({ propagation: 500 });
  const theirs = (await registry().read(never)).replace("theirs", never);
  while (!aws.controlPlane.calls.some(({ operation }) => operation.startsWith("Update"))) {
    await registry().read(never);
  }
  const error = await registryFailure((await registry().read(never)).replace("mine", never));
  assert.is(error.kind, "conflict");
  assert.equal(aws.controlPlane.calls.at(-1)!.code, "ResourceConflictException");
  await theirs;
  assert.is(aws.function.environment.LAPTOP_ID, "theirs");
});

const faults: [fault: ControlPlaneFault, kind: FailureKind, message: RegExp][] = [
  [
    { status: 429, code: "TooManyRequestsException", message: "Rate exceeded" },
    "transient",
    /Rate exceeded/,
  ],
  [
    { status: 500, code: "ServiceException", message: "oops" },
    "transient",
    /ServiceException.*oops/,
  ],
  [{ status: 409, code: "ResourceConflictException" }, "conflict", /Somebody else is changing/],
  [{ status: 412, code: "PreconditionFailedException" }, "conflict", /Somebody else is changing/],
  [
    { status: 403, code: "AccessDeniedException" },
    "owner",
    /"Action":\["lambda:GetFunctionConfiguration","lambda:UpdateFunctionConfiguration"\],"Resource":"arn:aws:lambda:us-east-1:\*:function:SignalingRelay"/,
  ],
  [
    { status: 404, code: "ResourceNotFoundException" },
    "owner",
    /Check --function and --region \(us-east-1\)/,
  ],
  [{ status: 403, code: "ExpiredTokenException" }, "owner", /Check the AWS credentials/],
  [{ status: 403, code: "UnrecognizedClientException" }, "owner", /Check the AWS credentials/],
];
for (const operation of ["GetFunctionConfiguration", "UpdateFunctionConfiguration"] as const) {
  for (const [fault, kind, message] of faults) {
    test(`${operation} that fails with ${fault.code} asks for: ${kind}`, async () => {
      await using aws = await setUp();
      aws.controlPlane.faults.answer = (called) => called === operation ? fault : undefined;
      const error = await registryFailure(
        registry().read(never).then((entry) => entry.replace("abc=", never)),
      );
      assert.is(error.kind, kind);
      assert.match(error.message, `lambda:${operation} on SignalingRelay failed: ${fault.code}`);
      assert.match(error.message, message);
      assert.equal({ ...aws.function.environment }, { LAPTOP_ID: "init", ...OTHERS });
    });
  }
}

test("a function that is not there is the owner's to mend", async () => {
  await using _ = await setUp();
  const error = await registryFailure(registry("Another").read(never));
  assert.is(error.kind, "owner");
  assert.match(error.message, "Check --function and --region");
});

test("a machine without credentials says so", async () => {
  await using _ = await setUp();
  setEnvironment({ AWS_ACCESS_KEY_ID: undefined, AWS_SECRET_ACCESS_KEY: undefined });
  const error = await registryFailure(registry().read(never));
  assert.is(error.kind, "owner");
  assert.match(
    error.message,
    "Check the AWS credentials of this host (AWS_PROFILE, or aws sso login)",
  );
});

test("a machine without a region says so, and AWS_REGION is one", async () => {
  await using _ = await setUp();
  const error = await registryFailure(
    lambdaRegistry({ functionName: "SignalingRelay" }).read(never),
  );
  assert.is(error.kind, "owner");
  assert.match(error.message, "Set --region or AWS_REGION");
  setEnvironment({ AWS_REGION: "eu-central-1" });
  await lambdaRegistry({ functionName: "SignalingRelay" }).read(never);
});

test("a control plane that is down is tried again", async () => {
  {
    await using _ = await setUp();
  }
  // Nothing listens on the discard port.
  setEnvironment({ AWS_ENDPOINT_URL_LAMBDA: "http://127.0.0.1:9" });
  const error = await registryFailure(registry().read(never));
  assert.is(error.kind, "transient");
  assert.match(error.message, "ECONNREFUSED");
});

test("abort ends read() and replace() at once", async () => {
  await using aws = await setUp({ propagation: 60_000 });
  await registryFailure(registry().read(AbortSignal.abort()));
  const entry = await registry().read(never);
  const stop = new AbortController();
  const replaced = registryFailure(entry.replace("abc=", stop.signal));
  while (!aws.controlPlane.calls.some(({ operation }) => operation.startsWith("Update"))) {
    await registry().read(never);
  }
  const started = performance.now();
  stop.abort();
  await replaced;
  assert.ok(performance.now() - started < 3_000);
});

test("an update that fails is told without the function's variables", async () => {
  const configuration = {
    FunctionName: "SignalingRelay",
    Environment: { Variables: OTHERS },
    LastUpdateStatus: "Failed",
  };
  const server = createServer((_request, response) => response.end(JSON.stringify(configuration)));
  await using listening = await listen(server);
  setEnvironment({ AWS_ENDPOINT_URL_LAMBDA: listening.url });
  const error = await registryFailure((await registry().read(never)).replace("abc=", never));
  assert.is(error.kind, "transient");
  assert.match(error.message, "The update of function SignalingRelay failed");
  assert.not.match(inspect(error, { depth: 10 }), OTHERS.SECRET);
});

/** Errors as the SDK throws them. */
function named(name: string, message = "the SDK's words"): Error {
  return Object.assign(new Error(message), { name });
}

const explained: [error: Error, kind: FailureKind, message: RegExp][] = [
  [named("ResourceConflictException"), "conflict", /Somebody else/],
  [named("PreconditionFailedException"), "conflict", /Somebody else/],
  [named("AccessDeniedException"), "owner", /Allow it in the policy/],
  [named("AccessDenied"), "owner", /Allow it in the policy/],
  [named("ResourceNotFoundException"), "owner", /pulumi up/],
  ...["CredentialsProviderError", "ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId"]
    .map((name) => [named(name), "owner", /the SDK's words/] as [Error, FailureKind, RegExp]),
  ...["InvalidSignatureException", "SignatureDoesNotMatch", "TokenProviderError"]
    .map((name) => [named(name), "owner", /AWS credentials/] as [Error, FailureKind, RegExp]),
  ...["RequestTimeTooSkewed", "RequestExpired", "RequestInTheFuture"]
    .map((name) => [named(name), "owner", /clock right/] as [Error, FailureKind, RegExp]),
  ...["Signature expired: 1 is now earlier than 2", "Signature not yet current: 3"].map((words) =>
    [named("InvalidSignatureException", words), "owner", /clock right/] as [
      Error,
      FailureKind,
      RegExp,
    ]
  ),
  [named("Error", "Region is missing"), "owner", /Set --region or AWS_REGION/],
  [named("Error", "getaddrinfo ENOTFOUND"), "transient", /ENOTFOUND/],
  [named("TooManyRequestsException"), "transient", /the SDK's words/],
  [named("TimeoutError"), "transient", /the SDK's words/],
];
for (const [error, kind, message] of explained) {
  test(`explain() takes ${error.name} "${error.message}" for ${kind}`, () => {
    const attempt = { operation: "GetFunctionConfiguration", functionName: "Relay", region: "r" };
    const result = explain(error, attempt);
    assert.is(result.kind, kind);
    assert.match(result.message, message);
    assert.is(result.cause, error);
    assert.is(explain(result, attempt), result);
  });
}

test("explain() names a function that is given by its ARN as it is", () => {
  const functionName = "arn:aws:lambda:eu-west-1:123456789012:function:Relay";
  const attempt = { operation: "GetFunctionConfiguration", functionName, region: "*" };
  const { message } = explain(named("AccessDeniedException"), attempt);
  assert.match(message, `"Resource":"${functionName}"`);
});

test.run();
