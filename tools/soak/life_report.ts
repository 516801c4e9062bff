// Reports a host's life, and whether the host's resources grow.
import { median } from "../bench/measure.ts";
import type { Life, LifePlan, Sample } from "./life_result.ts";

/** Largest memory of the last quarter, as a ratio to the second quarter. */
const FLAT = 1.1;

/** Most files and threads at rest, above their number just after the host came online. */
const SPARE = 4;

/** Growth of the host's resources. */
export interface Growth {
  /** Median resident bytes in the second and the last quarter of the time. */
  memory: [then: number, later: number];
  /** Files and sockets, and threads, in the first and the last sample. */
  handles: [first: number, last: number];
  threads: [first: number, last: number];
}

/** Computes the growth from the samples. */
export function growthOf({ duration }: LifePlan, { samples }: Life): Growth {
  const memoryIn = (from: number, to: number) =>
    median(
      samples.filter(({ at }) => at >= from * duration && at < to * duration)
        .map(({ memory }) => memory),
    );
  const ends = (figure: (sample: Sample) => number): [number, number] => [
    figure(samples[0]!),
    figure(samples.at(-1)!),
  ];
  return {
    memory: [memoryIn(0.25, 0.5), memoryIn(0.75, 1)],
    handles: ends(({ handles }) => handles),
    threads: ends(({ threads }) => threads),
  };
}

/** Whether the growth is within the limits. */
export function isFlat({ memory, handles, threads }: Growth): boolean {
  return memory[1] <= FLAT * memory[0] &&
    [handles, threads].every(([first, last]) => last <= first + SPARE);
}

/** Formats the report for people. */
export function formatLife({ duration, seed }: LifePlan, life: Life, growth: Growth): string {
  const { visits, answered, failed, wrong, faults } = life;
  const list = (counts: Record<string, number>) =>
    Object.entries(counts).map(([what, count]) => `${count} × ${what}`).join("; ") || "none";
  const mebibytes = growth.memory.map((bytes) => (bytes / 1024 ** 2).toFixed(0));
  return [
    `${duration / 1000} s with ${visits} pages and ${answered} answers (seed ${seed})`,
    `faults        ${list(faults)}`,
    `refused       ${list(failed)}`,
    `wrong         ${wrong.join("; ") || "nothing"}`,
    `memory        ${mebibytes[0]} MiB in the second quarter, ${mebibytes[1]} MiB in the last`,
    `open files    ${growth.handles[0]} at the start, ${growth.handles[1]} at rest`,
    `threads       ${growth.threads[0]} at the start, ${growth.threads[1]} at rest`,
  ].join("\n");
}
