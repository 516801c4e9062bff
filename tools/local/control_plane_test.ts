import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  LambdaServiceException,
  UpdateFunctionConfigurationCommand,
  type UpdateFunctionConfigurationCommandInput,
  waitUntilFunctionUpdated,
} from "@aws-sdk/client-lambda";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import {
  type ControlPlane,
  type ControlPlaneOptions,
  failNext,
  startControlPlane,
} from "./control_plane.ts";
import { LocalFunction } from "./lambda.ts";

const FunctionName = "SignalingRelay";
const HANDLER = "export const handler = () => process.env.LAPTOP_ID;";
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const test = suite("control plane");
const file = join(temporaryFolder(), "handler.mjs");
await writeFile(file, HANDLER);

/** A function, its control plane and a client, which end together. */
class Setup implements AsyncDisposable {
  readonly relay: LocalFunction;
  readonly controlPlane: ControlPlane;
  readonly client: LambdaClient;

  constructor(relay: LocalFunction, controlPlane: ControlPlane, maxAttempts: number) {
    this.relay = relay;
    this.controlPlane = controlPlane;
    this.client = new LambdaClient({
      endpoint: controlPlane.endpoint,
      region: "us-east-1",
      credentials: { accessKeyId: "local", secretAccessKey: "local" },
      maxAttempts,
    });
  }

  read() {
    return this.client.send(new GetFunctionConfigurationCommand({ FunctionName }));
  }

  update(input: Partial<UpdateFunctionConfigurationCommandInput>) {
    return this.client.send(new UpdateFunctionConfigurationCommand({ FunctionName, ...input }));
  }

  write(variables: Record<string, string>, RevisionId?: string) {
    return this.update({ Environment: { Variables: variables }, RevisionId });
  }

  async settled(): Promise<void> {
    const waiter = { client: this.client, maxWaitTime: 5, minDelay: 0.05, maxDelay: 0.1 };
    await waitUntilFunctionUpdated(waiter, { FunctionName });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.client.destroy();
    await this.controlPlane.close();
    await this.relay.close();
  }
}

async function setUp(
  options: Partial<ControlPlaneOptions> & { maxAttempts?: number } = {},
): Promise<Setup> {
  const { maxAttempts = 1, ...others } = options;
  const environment = { LAPTOP_ID: "init", OTHER: "kept" };
  const relay = new LocalFunction({ name: FunctionName, file, environment });
  const controlPlane = await startControlPlane({ function: relay, propagation: 100, ...others });
  return new Setup(relay, controlPlane, maxAttempts);
}

async function failure(promise: Promise<unknown>): Promise<LambdaServiceException> {
  const error = await promise.then(() => assert.unreachable("did not fail"), (error) => error);
  assert.instance(error, LambdaServiceException);
  return error;
}

test("GetFunctionConfiguration answers name, variables, revision and status", async () => {
  await using setup = await setUp();
  const answer = await setup.read();
  assert.is(answer.FunctionName, FunctionName);
  assert.is(answer.FunctionArn, setup.relay.arn);
  assert.equal(answer.Environment, { Variables: { LAPTOP_ID: "init", OTHER: "kept" } });
  assert.match(answer.RevisionId!, UUID);
  assert.is(answer.State, "Active");
  assert.is(answer.LastUpdateStatus, "Successful");
  assert.equal(setup.controlPlane.calls, [{ operation: "GetFunctionConfiguration", status: 200 }]);
});

test("the function may be named by its ARN", async () => {
  await using setup = await setUp();
  const command = new GetFunctionConfigurationCommand({ FunctionName: setup.relay.arn });
  assert.is((await setup.client.send(command)).FunctionName, FunctionName);
});

test("an update replaces all variables, and reaches the function when it is done", async () => {
  await using setup = await setUp({ propagation: 500 });
  await setup.relay.invoke({});
  const answer = await setup.write({ LAPTOP_ID: "new" });
  assert.is(answer.LastUpdateStatus, "InProgress");
  assert.equal(answer.Environment, { Variables: { LAPTOP_ID: "new" } });
  assert.is(await setup.relay.invoke({}), "init");

  await setup.settled();
  assert.equal((await setup.read()).Environment, { Variables: { LAPTOP_ID: "new" } });
  assert.equal(setup.relay.environment, { LAPTOP_ID: "new" });
  assert.is(await setup.relay.invoke({}), "new");
});

test("an update without Environment keeps the variables", async () => {
  await using setup = await setUp();
  await setup.update({});
  await setup.settled();
  assert.equal(setup.relay.environment, { LAPTOP_ID: "init", OTHER: "kept" });
});

test("RevisionId changes with an update and again when it is done", async () => {
  await using setup = await setUp();
  const before = await setup.read();
  const during = await setup.write({ LAPTOP_ID: "new" }, before.RevisionId);
  await setup.settled();
  const after = await setup.read();
  assert.is(new Set([before.RevisionId, during.RevisionId, after.RevisionId]).size, 3);
});

test("an update with an outdated RevisionId is refused", async () => {
  await using setup = await setUp();
  const { RevisionId } = await setup.read();
  await setup.write({ LAPTOP_ID: "first" }, RevisionId);
  await setup.settled();
  const error = await failure(setup.write({ LAPTOP_ID: "second" }, RevisionId));
  assert.is(error.name, "PreconditionFailedException");
  assert.is(error.$metadata.httpStatusCode, 412);
  assert.match(error.message, /does not match the latest Revision Id/);
  assert.equal(setup.relay.environment, { LAPTOP_ID: "first" });
});

test("an update is refused while another is in progress", async () => {
  await using setup = await setUp({ propagation: 500 });
  const { RevisionId } = await setup.write({ LAPTOP_ID: "first" });
  const error = await failure(setup.write({ LAPTOP_ID: "second" }, RevisionId));
  assert.is(error.name, "ResourceConflictException");
  assert.is(error.$metadata.httpStatusCode, 409);
  await setup.settled();
  await setup.write({ LAPTOP_ID: "second" });
  await setup.settled();
  assert.equal(setup.relay.environment, { LAPTOP_ID: "second" });
});

test("variables may have up to 4096 bytes of JSON", async () => {
  await using setup = await setUp();
  const overhead = JSON.stringify({ A: "" }).length;
  const error = await failure(setup.write({ A: "x".repeat(4097 - overhead) }));
  assert.is(error.name, "InvalidParameterValueException");
  assert.is(error.$metadata.httpStatusCode, 400);
  assert.match(error.message, /exceeded the 4KB limit/);
  assert.is((await setup.write({ A: "x".repeat(4096 - overhead) })).LastUpdateStatus, "InProgress");
});

test("a request over 5120 bytes is refused", async () => {
  await using setup = await setUp();
  const error = await failure(setup.write({ A: "x".repeat(6000) }));
  assert.is(error.$metadata.httpStatusCode, 413);
  assert.is(error.name, "RequestEntityTooLargeException");
});

test("an unknown function is not found", async () => {
  await using setup = await setUp();
  const command = new GetFunctionConfigurationCommand({ FunctionName: "Other" });
  const error = await failure(setup.client.send(command));
  assert.is(error.name, "ResourceNotFoundException");
  assert.is(error.$metadata.httpStatusCode, 404);
});

test("an update of anything but the environment is refused", async () => {
  await using setup = await setUp();
  const error = await failure(setup.update({ Handler: "other.handler", Timeout: 3 }));
  assert.is(error.name, "InvalidParameterValueException");
  assert.match(error.message, /cannot change Handler, Timeout/);
});

const BAD_BODIES = [
  "",
  "{",
  "null",
  "[]",
  '{"RevisionId":1}',
  '{"Environment":1}',
  '{"Environment":{"Variables":[]}}',
  '{"Environment":{"Variables":{"A":1}}}',
];
for (const body of BAD_BODIES) {
  test(`a bad request is refused, and the next good one works: ${body}`, async () => {
    await using setup = await setUp();
    const url = `${setup.controlPlane.endpoint}/2015-03-31/functions/SignalingRelay/configuration`;
    const response = await fetch(url, { method: "PUT", body });
    assert.is(response.status, 400);
    assert.ok((await response.json()).message);
    await setup.write({ LAPTOP_ID: "new" });
    await setup.settled();
    assert.equal(setup.relay.environment, { LAPTOP_ID: "new" });
  });
}

test("with staleFor, old and new variables alternate after the update", async () => {
  await using setup = await setUp({ staleFor: 60_000 });
  await setup.relay.invoke({});
  await setup.write({ LAPTOP_ID: "new" });
  await setup.settled();
  const seen = [await setup.relay.invoke({}), await setup.relay.invoke({})];
  assert.equal(seen, ["init", "new"]);
});

const FAULTS = [
  { status: 429, code: "TooManyRequestsException" },
  { status: 403, code: "AccessDeniedException" },
  { status: 409, code: "ResourceConflictException" },
  { status: 412, code: "PreconditionFailedException" },
  { status: 500, code: "ServiceException" },
];
for (const fault of FAULTS) {
  test(`a fault reaches the SDK and changes nothing: ${fault.code}`, async () => {
    await using setup = await setUp();
    setup.controlPlane.faults.answer = failNext("UpdateFunctionConfiguration", 1, fault);
    const error = await failure(setup.write({ LAPTOP_ID: "new" }));
    assert.is(error.name, fault.code);
    assert.is(error.message, "Injected fault");
    assert.is(error.$metadata.httpStatusCode, fault.status);
    const operation = "UpdateFunctionConfiguration";
    assert.equal(setup.controlPlane.calls, [{ operation, ...fault }]);

    const answer = await setup.read();
    assert.is(answer.LastUpdateStatus, "Successful");
    assert.is(answer.Environment?.Variables?.LAPTOP_ID, "init");
  });
}

test("failNext() ends after the given number of calls", async () => {
  await using setup = await setUp({ maxAttempts: 3 });
  setup.controlPlane.faults.answer = failNext("GetFunctionConfiguration", 2, FAULTS[0]!);
  await setup.read();
  assert.equal(setup.controlPlane.calls.map(({ status }) => status), [429, 429, 200]);
});

test("close() abandons the update under way and refuses connections", async () => {
  const setup = await setUp({ propagation: 300 });
  await setup.write({ LAPTOP_ID: "new" });
  await setup[Symbol.asyncDispose]();
  const error = await setup.controlPlane.close().then(() => fetch(setup.controlPlane.endpoint))
    .catch((error) => error);
  assert.is(error.cause.code, "ECONNREFUSED");
  await sleep(320);
  assert.is(setup.relay.environment.LAPTOP_ID, "init");
});

test.run();
