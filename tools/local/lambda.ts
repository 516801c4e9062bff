// A development stand-in for one Lambda function: each instance is a worker thread with its own
// environment. Users do not deploy it.
//
// As on AWS: an instance takes one event at a time, stays warm for further events, and keeps its initial
// environment when the function's changes. Unlike AWS: no freezing between events, no memory limits, no
// separate deadline for the start.
import { randomUUID } from "node:crypto";
import { pathToFileURL } from "node:url";
import { Worker } from "node:worker_threads";
import type { InstanceAnswer, InstanceCall, InstanceData } from "./lambda_instance.ts";

const MAX_INSTANCES = 10;
const MAX_WAITING = 1_000;
const REGION = "us-east-1";

/** Options of {@linkcode LocalFunction}. */
export interface LocalFunctionOptions {
  /** Name of the function, such as `SignalingRelay`. */
  name: string;
  /** Path or `file:` URL of the ES module that exports `handler`. */
  file: string | URL;
  /** The function's environment variables. */
  environment: Record<string, string>;
  /** Limit for one event, in milliseconds. @default 10_000 */
  timeout?: number;
}

/** Options of {@linkcode LocalFunction.setEnvironment}. */
export interface SetEnvironmentOptions {
  /**
   * Time for which warm instances keep the old environment, in milliseconds. Old and new instances answer
   * calls alternately, an old one first.
   */
  staleFor: number;
}

/**
 * A Lambda function on this machine. At most 10 instances run at once, at most 1,000 calls wait.
 *
 * Follows https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html
 *
 * @example
 * ```ts
 * const relay = new LocalFunction({ name: "SignalingRelay", file, environment: { LAPTOP_ID: "init" } });
 * const answer = await relay.invoke(event);
 * await relay.close();
 * ```
 */
export class LocalFunction implements AsyncDisposable {
  /** Name of the function. */
  readonly name: string;
  /** ARN of the function, in account 000000000000. */
  readonly arn: string;
  readonly #file: string;
  readonly #timeout: number;
  readonly #instances = new Set<Instance>();
  readonly #waiting: PromiseWithResolvers<Instance>[] = [];
  #environment: Readonly<Record<string, string>>;
  #staleNext = false;
  #closed = false;

  /** Creates the function. Its first call starts an instance. */
  constructor({ name, file, environment, timeout = 10_000 }: LocalFunctionOptions) {
    this.name = name;
    this.arn = `arn:aws:lambda:${REGION}:000000000000:function:${name}`;
    this.#file = String(file instanceof URL ? file : pathToFileURL(file));
    this.#environment = Object.freeze({ ...environment });
    this.#timeout = timeout;
  }

  /** The environment variables that new instances start with. */
  get environment(): Readonly<Record<string, string>> {
    return this.#environment;
  }

  /**
   * Replaces all environment variables. A busy instance finishes its event.
   *
   * @param variables All new variables; others are removed.
   */
  setEnvironment(variables: Record<string, string>, { staleFor }: SetEnvironmentOptions): void {
    this.#environment = Object.freeze({ ...variables });
    const retireAt = performance.now() + staleFor;
    for (const instance of this.#instances) {
      instance.retireAt = Math.min(instance.retireAt, retireAt);
    }
    this.#staleNext = true;
    this.#retire();
  }

  /**
   * Runs the handler with one event, on an idle warm instance if there is one.
   *
   * @param event The handler's event, as JSON carries it.
   * @returns The handler's result, as JSON carries it.
   * @throws {Error} If the handler throws (`cause` is its error), exceeds the timeout or ends its
   * process, if too many calls wait, and after {@linkcode close}.
   */
  async invoke(event: unknown): Promise<unknown> {
    const call = { requestId: randomUUID(), event: JSON.stringify(event) };
    const instance = await this.#acquire();
    try {
      return await instance.run(call, this.#timeout);
    } finally {
      this.#release(instance);
    }
  }

  /** Ends all instances. Running and waiting calls reject. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const { reject } of this.#waiting.splice(0)) reject(this.#closedError());
    await Promise.all(Array.from(this.#instances, (instance) => instance.end()));
  }

  /** The same as {@linkcode close}. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #acquire(): Promise<Instance> {
    if (this.#closed) throw this.#closedError();
    const instance = this.#take();
    if (instance) return instance;
    if (this.#waiting.length >= MAX_WAITING) {
      throw new Error(`Cannot invoke ${this.name}: ${MAX_WAITING} calls wait already`);
    }
    const waiting = Promise.withResolvers<Instance>();
    this.#waiting.push(waiting);
    return await waiting.promise;
  }

  /** Marks an instance as busy and returns it; undefined if all are busy and no more may start. */
  #take(): Instance | undefined {
    this.#retire();
    const idle = [...this.#instances].filter((instance) => !instance.busy);
    const stale = idle.find((instance) => instance.retireAt < Infinity);
    const current = idle.find((instance) => instance.retireAt === Infinity);
    let chosen = this.#staleNext ? stale ?? current : current;
    if (!chosen) chosen = this.#instances.size < MAX_INSTANCES ? this.#start() : stale;
    if (!chosen) return undefined;
    this.#staleNext = chosen.retireAt === Infinity;
    chosen.busy = true;
    return chosen;
  }

  #start(): Instance {
    const data: InstanceData = { file: this.#file, name: this.name, arn: this.arn };
    const instance = new Instance(data, {
      ...this.#environment,
      AWS_REGION: REGION,
      AWS_LAMBDA_FUNCTION_NAME: this.name,
      AWS_ACCESS_KEY_ID: "local-access-key",
      AWS_SECRET_ACCESS_KEY: "local-secret-key",
      AWS_SESSION_TOKEN: "local-session-token",
    });
    this.#instances.add(instance);
    return instance;
  }

  #release(instance: Instance): void {
    instance.busy = false;
    if (this.#closed) return;
    this.#retire();
    while (this.#waiting.length > 0) {
      const next = this.#take();
      if (!next) return;
      this.#waiting.shift()!.resolve(next);
    }
  }

  /** Ends idle instances that have failed or expired. */
  #retire(): void {
    const now = performance.now();
    for (const instance of this.#instances) {
      if (instance.busy || instance.retireAt > now) continue;
      this.#instances.delete(instance);
      instance.end();
    }
  }

  #closedError(): Error {
    return new Error(`Cannot invoke ${this.name}: the function is closed`);
  }
}

/** One execution environment. */
class Instance {
  /** Whether it is handling an event. */
  busy = false;
  /** Time of its end, in the time of `performance.now()`. */
  retireAt = Infinity;
  readonly #name: string;
  readonly #worker: Worker;
  #settle: PromiseWithResolvers<unknown> | undefined;

  constructor(data: InstanceData, env: Record<string, string>) {
    this.#name = data.name;
    this.#worker = new Worker(new URL("lambda_instance.ts", import.meta.url), {
      workerData: data,
      env,
    });
    this.#worker.on("message", (answer: InstanceAnswer) => {
      if ("result" in answer) this.#settle?.resolve(JSON.parse(answer.result));
      else this.#settle?.reject(this.#thrown(answer.error));
    });
    this.#worker.on("error", (error) => this.#fail(this.#thrown(error)));
    this.#worker.on("exit", (code) => {
      this.#fail(new Error(`Handler of ${this.#name} exited with code ${code}`));
    });
  }

  /** Runs the handler once. A failure that prevents further events retires the instance. */
  async run(call: InstanceCall, timeout: number): Promise<unknown> {
    this.#settle = Promise.withResolvers();
    const seconds = (timeout / 1000).toFixed(2);
    const timer = setTimeout(
      () => this.#fail(new Error(`Handler of ${this.#name} timed out after ${seconds} seconds`)),
      timeout,
    );
    try {
      this.#worker.postMessage(call);
      return await this.#settle.promise;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Ends the worker at once. */
  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #thrown(cause: Error): Error {
    return new Error(`Handler of ${this.#name} threw ${cause.name}: ${cause.message}`, { cause });
  }

  #fail(error: Error): void {
    this.retireAt = -Infinity;
    this.#settle?.reject(error);
  }
}
