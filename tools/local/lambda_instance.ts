// The program of one execution environment of `LocalFunction`: it loads the handler once, then answers
// one event at a time. Users do not deploy it.
import { parentPort, workerData } from "node:worker_threads";

/** The worker's start data. */
export interface InstanceData {
  /** URL of the ES module that exports `handler`. */
  file: string;
  /** Name of the function. */
  name: string;
  /** ARN of the function. */
  arn: string;
}

/** One invocation, sent to the worker. */
export interface InstanceCall {
  /** Id of the request; `context.awsRequestId` in the handler. */
  requestId: string;
  /** The event as JSON: Lambda passes only JSON. */
  event: string;
}

/** The worker's answer to one invocation: the handler's result as JSON, or its error. */
export type InstanceAnswer = { result: string } | { error: Error };

const { file, name, arn } = workerData as InstanceData;
const port = parentPort!;
const { handler } = await import(file);
if (typeof handler !== "function") {
  throw new TypeError(`Cannot start ${name}: ${file} exports no function named "handler"`);
}
port.on("message", async (call: InstanceCall) => port.postMessage(await answer(call)));

async function answer({ requestId, event }: InstanceCall): Promise<InstanceAnswer> {
  const context = { awsRequestId: requestId, functionName: name, invokedFunctionArn: arn };
  try {
    const result = await handler(JSON.parse(event), context);
    return { result: JSON.stringify(result ?? null) };
  } catch (error) {
    return { error: error instanceof Error ? error : new Error(String(error)) };
  }
}
