// For tests: a run's results with distinct figures.
import { durations, spread } from "../measure.ts";
import type { Figures, Results } from "../results.ts";

const MiB = 1024 * 1024;

/** Returns a contender's figures, all multiples of a factor. */
export function figures(factor: number): Figures {
  const rate = spread([100 * factor]);
  return {
    download: spread([10 * factor]),
    upload: spread([8 * factor]),
    roundTrip: durations([1 * factor, 2 * factor]),
    loadedRoundTrip: durations([3 * factor, 4 * factor]),
    rate1: rate,
    rate8: rate,
    rate64: rate,
    connect: spread([200 * factor]),
    downloadCpu: spread([25 * factor]),
    uploadCpu: spread([30 * factor]),
    hostMemory: { idle: 90 * MiB, peak: 100 * MiB * factor },
    pageMemory: { idle: 2 * MiB, peak: 5 * MiB * factor },
  };
}

/** Returns a loopback run in which the tunnel is exactly as fast as the raw channel. */
export function results(changes: Partial<Results> = {}): Results {
  return {
    date: "2026-01-02T03:04:05.678Z",
    machine: {
      cpu: "Test <CPU>",
      cores: 2,
      memory: 24,
      system: "Linux 6 x64",
      commit: "abc1234",
      versions: { node: "24.0.0", chromium: "150.0" },
    },
    plan: {
      rtt: 0,
      quick: false,
      rounds: 5,
      bytes: 64 * MiB,
      roundTrips: { count: 200, time: 5000 },
      rateTime: 1000,
      connects: 3,
    },
    backendTime: 0.2,
    contenders: { raw: figures(1), tunnel: figures(1) },
    ...changes,
  };
}
