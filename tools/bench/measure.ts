// Computes figures from samples.

/** A figure of several samples. */
export interface Spread {
  median: number;
  least: number;
  most: number;
  samples: number;
}

/** Many durations, in milliseconds. */
export interface Durations {
  p50: number;
  p99: number;
  most: number;
  samples: number;
}

/**
 * Returns the percentile by nearest rank: the smallest sample that at least `percent` percent of all
 * samples do not exceed.
 *
 * @param percent Above 0, up to 100.
 * @throws {RangeError} Without samples.
 */
export function percentile(samples: readonly number[], percent: number): number {
  if (samples.length === 0) throw new RangeError("Cannot give a percentile: there is no sample");
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.ceil(sorted.length * percent / 100) - 1]!;
}

/**
 * Returns the middle sample, or the mean of the two middle ones. @throws {RangeError} Without samples.
 */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) throw new RangeError("Cannot give a median: there is no sample");
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** @throws {RangeError} Without samples. */
export function spread(samples: readonly number[]): Spread {
  return {
    median: median(samples),
    least: Math.min(...samples),
    most: Math.max(...samples),
    samples: samples.length,
  };
}

/** @throws {RangeError} Without samples. */
export function durations(samples: readonly number[]): Durations {
  return {
    p50: percentile(samples, 50),
    p99: percentile(samples, 99),
    most: percentile(samples, 100),
    samples: samples.length,
  };
}
