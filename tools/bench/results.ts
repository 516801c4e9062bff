// What a run has found: the shape of docs/bench/latest.json.
import type { ColdStart } from "./cold_start.ts";
import type { ContenderName } from "./contender.ts";
import type { Flood } from "./flood.ts";
import type { Leaks } from "./leaks.ts";
import type { Machine } from "./machine.ts";
import { type Durations, durations, type Spread, spread } from "./measure.ts";
import type { Memory } from "./memory_watch.ts";
import type { Plan, Sizes } from "./plan.ts";
import type { Resumed } from "./resume.ts";
import type { Samples } from "./rounds.ts";
import type { Soak } from "./soak.ts";

/** One contender's figures. Those that cannot be had are missing. */
export interface Figures {
  /** MiB per second. */
  download: Spread;
  upload: Spread;
  /** Milliseconds of a small request and its answer. */
  roundTrip: Durations;
  /** The same while a download is under way. */
  loadedRoundTrip: Durations;
  /** Small requests per second, with 1, 8 and 64 under way. */
  rate1: Spread;
  rate8: Spread;
  rate64: Spread;
  /** Milliseconds from nothing to the first answer. */
  connect?: Spread;
  /** Seconds of the host's processor per GiB. */
  downloadCpu?: Spread;
  uploadCpu?: Spread;
  /** Bytes. For PeerJS, whose host is a browser, of all its processes. */
  hostMemory?: Memory;
  pageMemory: Memory;
}

/** A whole run. */
export interface Results {
  /** When it began, as ISO 8601 has it. */
  date: string;
  machine: Machine;
  plan: Pick<Plan, "rtt" | "quick"> & Sizes;
  /** Milliseconds that a small request to the backend takes from its own machine. */
  backendTime: number;
  contenders: Partial<Record<ContenderName, Figures>>;
  /** Milliseconds of a connect that go into sealing and opening its signals, at both ends. */
  sealing?: Durations;
  coldStart?: ColdStart;
  soak?: Soak;
  leaks?: Leaks;
  flood?: Flood;
  resumed?: Resumed;
}

/** Figures from samples. */
export function figuresOf(samples: Samples): Figures {
  const { roundTrip, loadedRoundTrip, hostMemory, pageMemory } = samples;
  const optional = (values: number[]) => values.length > 0 ? spread(values) : undefined;
  return {
    download: spread(samples.download),
    upload: spread(samples.upload),
    roundTrip: durations(roundTrip),
    loadedRoundTrip: durations(loadedRoundTrip),
    rate1: spread(samples.rate1),
    rate8: spread(samples.rate8),
    rate64: spread(samples.rate64),
    connect: optional(samples.connect),
    downloadCpu: optional(samples.downloadCpu),
    uploadCpu: optional(samples.uploadCpu),
    hostMemory,
    pageMemory,
  };
}

/** The results as text, with figures to three digits after the point. */
export function formatResults(results: Results): string {
  const round = (_key: string, value: unknown) =>
    typeof value === "number" ? Number(value.toFixed(3)) : value;
  return JSON.stringify(results, round, 2) + "\n";
}
