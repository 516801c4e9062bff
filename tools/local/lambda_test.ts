import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import * as assert from "uvu/assert";
import { failureOf } from "../../wire/testing/failure.ts";
import { suite } from "../testing/suite.ts";
import { temporaryFolder } from "../testing/temporary_folder.ts";
import { LocalFunction, type LocalFunctionOptions } from "./lambda.ts";

const HANDLER = `
  import { randomUUID } from "node:crypto";
  const instance = randomUUID();
  let calls = 0, active = 0;
  export async function handler(event, context) {
    calls++;
    active++;
    if (event.hang) await new Promise(() => {});
    if (event.exit) process.exit(3);
    if (event.wait) await new Promise((resolve) => setTimeout(resolve, event.wait));
    const answer = { instance, calls, active, event, context, environment: { ...process.env } };
    active--;
    if (event.throw) throw new TypeError(event.throw);
    if (event.nothing) return undefined;
    return answer;
  }
`;

interface Answer {
  instance: string;
  calls: number;
  active: number;
  event: unknown;
  context: Record<string, string>;
  environment: Record<string, string>;
}

const test = suite("lambda");
const folder = temporaryFolder();
const file = join(folder, "handler.mjs");
await writeFile(file, HANDLER);

function relay(options: Partial<LocalFunctionOptions> = {}): LocalFunction {
  return new LocalFunction({
    name: "SignalingRelay",
    file,
    environment: { LAPTOP_ID: "init" },
    ...options,
  });
}

/** Invokes the function, and returns the handler's view. */
async function call(target: LocalFunction, event: object = {}): Promise<Answer> {
  return await target.invoke(event) as Answer;
}

test("invoke() passes event and answer as JSON", async () => {
  await using target = relay();
  const answer = await call(target, { at: new Date(0), list: [1, undefined] });
  assert.equal(answer.event, { at: "1970-01-01T00:00:00.000Z", list: [1, null] });
  assert.is(await target.invoke({ nothing: true }), null);
});

test("a handler sees its function's name and ARN", async () => {
  await using target = relay();
  const { context } = await call(target);
  assert.is(target.arn, "arn:aws:lambda:us-east-1:000000000000:function:SignalingRelay");
  assert.is(context.functionName, "SignalingRelay");
  assert.is(context.invokedFunctionArn, target.arn);
  assert.match(context.awsRequestId!, /^[0-9a-f-]{36}$/);
});

test("an instance has the function's variables and Lambda's own, but not the parent's", async () => {
  process.env.LIGHTHOUSE_TEST_PARENT = "parent";
  try {
    await using target = relay();
    const { environment } = await call(target);
    assert.is(environment.LAPTOP_ID, "init");
    assert.is(environment.AWS_REGION, "us-east-1");
    assert.is(environment.AWS_LAMBDA_FUNCTION_NAME, "SignalingRelay");
    assert.equal(Object.keys(environment).sort(), [
      "AWS_ACCESS_KEY_ID",
      "AWS_LAMBDA_FUNCTION_NAME",
      "AWS_REGION",
      "AWS_SECRET_ACCESS_KEY",
      "AWS_SESSION_TOKEN",
      "LAPTOP_ID",
    ]);
  } finally {
    delete process.env.LIGHTHOUSE_TEST_PARENT;
  }
});

test("an idle warm instance is used again", async () => {
  await using target = relay();
  const first = await call(target);
  const second = await call(target);
  assert.is(second.instance, first.instance);
  assert.is(second.calls, 2);
});

test("an instance takes one event at a time, and at most 10 run", async () => {
  await using target = relay();
  const answers = await Promise.all(Array.from({ length: 14 }, () => call(target, { wait: 20 })));
  const instances = new Set(answers.map(({ instance }) => instance));
  assert.is(instances.size, 10);
  assert.ok(answers.every(({ active }) => active === 1));
});

test("invoke() rejects with the handler's error, and the instance stays warm", async () => {
  await using target = relay();
  const error = await failureOf(target.invoke({ throw: "no such laptop" }));
  assert.is(error.message, "Handler of SignalingRelay threw TypeError: no such laptop");
  assert.instance(error.cause, TypeError);
  assert.is((await call(target)).calls, 2);
});

test("invoke() rejects after the timeout, and the instance is discarded", async () => {
  await using target = relay({ timeout: 1_000 });
  const error = await failureOf(target.invoke({ hang: true }));
  assert.is(error.message, "Handler of SignalingRelay timed out after 1.00 seconds");
  assert.is((await call(target)).calls, 1);
});

test("invoke() rejects when the handler ends its process, and the next call starts a new instance", async () => {
  await using target = relay();
  const error = await failureOf(target.invoke({ exit: true }));
  assert.is(error.message, "Handler of SignalingRelay exited with code 3");
  assert.is((await call(target)).calls, 1);
});

test("invoke() rejects when the module exports no handler", async () => {
  const empty = join(folder, "empty.mjs");
  await writeFile(empty, "export const handle = 1;");
  await using target = relay({ file: empty });
  const error = await failureOf(target.invoke({}));
  assert.match(error.message, /exports no function named "handler"/);
});

test("setEnvironment() replaces all variables at once with staleFor = 0", async () => {
  await using target = relay({ environment: { LAPTOP_ID: "init", OTHER: "1" } });
  const old = await call(target);
  target.setEnvironment({ LAPTOP_ID: "new" }, { staleFor: 0 });
  assert.equal(target.environment, { LAPTOP_ID: "new" });
  const { environment, instance } = await call(target);
  assert.is(environment.LAPTOP_ID, "new");
  assert.not("OTHER" in environment);
  assert.is.not(instance, old.instance);
});

test("setEnvironment() alternates old and new instances while warm ones are stale", async () => {
  await using target = relay();
  await call(target);
  target.setEnvironment({ LAPTOP_ID: "new" }, { staleFor: 60_000 });
  const seen: unknown[] = [];
  for (let turn = 0; turn < 4; turn++) seen.push((await call(target)).environment.LAPTOP_ID);
  assert.equal(seen, ["init", "new", "init", "new"]);
});

test("setEnvironment() retires stale instances after their time", async () => {
  await using target = relay();
  await call(target);
  target.setEnvironment({ LAPTOP_ID: "new" }, { staleFor: 50 });
  await sleep(60);
  for (let turn = 0; turn < 3; turn++) {
    assert.is((await call(target)).environment.LAPTOP_ID, "new");
  }
});

test("setEnvironment() lets a busy instance finish its event", async () => {
  await using target = relay();
  await call(target);
  const busy = call(target, { wait: 50 });
  target.setEnvironment({ LAPTOP_ID: "new" }, { staleFor: 0 });
  assert.is((await busy).environment.LAPTOP_ID, "init");
  assert.is((await call(target)).environment.LAPTOP_ID, "new");
});

test("close() rejects running, waiting and later calls", async () => {
  const target = relay();
  await call(target);
  const calls = Array.from({ length: 11 }, () => failureOf(target.invoke({ hang: true })));
  await target.close();
  const errors = await Promise.all(calls);
  assert.match(errors[0]!.message, /exited/);
  assert.is(errors[10]!.message, "Cannot invoke SignalingRelay: the function is closed");
  assert.match((await failureOf(target.invoke({}))).message, /is closed/);
});

test.run();
