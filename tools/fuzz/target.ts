// What a fuzz target is, and how one is run.
import process from "node:process";
import { setImmediate } from "node:timers/promises";
import { type ErrorCode, LighthouseError } from "../../wire/mod.ts";
import { Draw } from "./draw.ts";

/** A part of Lighthouse that takes what others send. */
export interface Target {
  /** One to three words with hyphens, for `--only`. */
  name: string;
  /** What holds for every input, in one sentence. */
  invariant: string;
  /** Prepares the part. @returns A function that tries one input, and throws if the invariant breaks. */
  start(stack: AsyncDisposableStack): Try | Promise<Try>;
}

/** Tries one input. */
export type Try = (draw: Draw) => unknown;

/** Outcome of a run. */
export interface Fuzzed {
  inputs: number;
  /** The first failure: the seed whose first input causes it. */
  failure?: { seed: number; error: Error };
}

/** Longest time without a turn of the event loop, in milliseconds. */
const TURN_MS = 20;

/** Limit for one input, in milliseconds. */
const INPUT_MS = 10_000;

/** Runs a target. Each input has a seed of its own, one more than the last. */
export async function runTarget(
  target: Target,
  { seed, duration }: { seed: number; duration: number },
): Promise<Fuzzed> {
  await using stack = new AsyncDisposableStack();
  const attempt = await target.start(stack);
  let stray: Error | undefined;
  const onStray = (error: Error) => void (stray ??= error);
  const ended = performance.now() + duration;
  let turn = performance.now();
  let inputs = 0;
  process.on("uncaughtException", onStray).on("unhandledRejection", onStray);
  try {
    do {
      const current = (seed + inputs++) % 2 ** 32;
      try {
        const trial = attempt(new Draw(current));
        if (trial instanceof Promise) await inTime(trial);
        if (performance.now() - turn > TURN_MS) {
          await setImmediate();
          turn = performance.now();
        }
        if (stray) throw stray;
      } catch (error) {
        return { inputs, failure: { seed: current, error: error as Error } };
      }
    } while (performance.now() < ended);
    return { inputs };
  } finally {
    process.off("uncaughtException", onStray).off("unhandledRejection", onStray);
  }
}

async function inTime(trial: Promise<unknown>): Promise<void> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("The input has no end")), INPUT_MS);
  await Promise.race([trial, late.promise]).finally(() => clearTimeout(timer));
}

/**
 * The result of an action, or undefined if it fails as it may.
 *
 * @param codes The codes that it may fail with.
 * @throws Any other error.
 */
export function orRefused<Result>(act: () => Result, ...codes: ErrorCode[]): Result | undefined {
  try {
    return act();
  } catch (error) {
    allow(error, codes);
    return undefined;
  }
}

/** The same for a promise. */
export async function orRejected<Result>(
  promise: Promise<Result>,
  ...codes: ErrorCode[]
): Promise<Result | undefined> {
  try {
    return await promise;
  } catch (error) {
    allow(error, codes);
    return undefined;
  }
}

function allow(error: unknown, codes: ErrorCode[]): void {
  if (!(error instanceof LighthouseError) || !codes.includes(error.code)) throw error;
}
