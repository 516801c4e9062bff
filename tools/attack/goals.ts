// What a host should hold under any attack.
import type { Result } from "./attack.ts";

const MiB = 1024 * 1024;

/** The goals: times in milliseconds, sizes in bytes. */
const GOALS = {
  delay: 50,
  growth: 64 * MiB,
  /** Part of its usual time that another device's small GET may take. */
  get: 2,
  /** The limit of `lighthouse-host status`. */
  status: 5_000,
};

/** The part of the goals that does not depend on the machine's speed. */
export function faultsOf(
  { status, troubles, leftovers }: Pick<Result, "status" | "troubles" | "leftovers">,
): string[] {
  return [
    ...status > GOALS.status ? ["the control socket did not answer in time"] : [],
    ...troubles.map((trouble) => `another device: ${trouble}`),
    ...leftovers.pages > 0 ? [`${leftovers.pages} pages were left`] : [],
    ...leftovers.streams > 0 ? [`${leftovers.streams} streams were left`] : [],
  ];
}

/** The other part. */
export function slownessOf(
  { delay, growth, get }: Pick<Result, "delay" | "growth" | "get">,
): string[] {
  return [
    ...delay.p99 > GOALS.delay ? [`the event loop's p99 was ${delay.p99.toFixed(0)} ms`] : [],
    ...growth > GOALS.growth ? [`memory grew by ${(growth / MiB).toFixed(0)} MiB`] : [],
    ...get.meanwhile > GOALS.get * get.usual
      ? [`another's GET took ${(get.meanwhile / get.usual).toFixed(1)} times as long`]
      : [],
  ];
}
