// The results of a run: the shape of docs/bench/latest.json.
import type { ColdStart } from "./cold_start.ts";
import type { Connects } from "./connects.ts";
import type { ContenderName } from "./contender.ts";
import type { FirstPages } from "./first_page.ts";
import type { Flood } from "./flood.ts";
import type { Leaks } from "./leaks.ts";
import type { Machine } from "./machine.ts";
import { type Durations, durations, type Spread, spread } from "./measure.ts";
import type { Memory } from "./memory_watch.ts";
import type { Plan, Sizes } from "./plan.ts";
import type { Resumed } from "./resume.ts";
import type { Samples } from "./rounds.ts";
import type { Soak } from "./soak.ts";

/** One contender's figures. Figures without a measurement are missing. */
export interface Figures {
  /** MiB per second. */
  download: Spread;
  upload: Spread;
  /** A small request and its answer, in milliseconds. */
  roundTrip: Durations;
  /** The same during a download. */
  loadedRoundTrip: Durations;
  /** Small requests per second, with 1, 8 and 64 under way. */
  rate1: Spread;
  rate8: Spread;
  rate64: Spread;
  /** From the start to the first answer, in milliseconds. */
  connect?: Spread;
  /** Seconds of the host's processor per GiB. */
  downloadCpu?: Spread;
  uploadCpu?: Spread;
  /** Bytes. For PeerJS, whose host is a browser, those of all its processes. */
  hostMemory?: Memory;
  pageMemory: Memory;
}

/** A whole run. */
export interface Results {
  /** Start of the run, in ISO 8601. */
  date: string;
  machine: Machine;
  plan: Pick<Plan, "rtt" | "quick"> & Sizes;
  /** A small request to the backend from its own machine, in milliseconds. */
  backendTime: number;
  contenders: Partial<Record<ContenderName, Figures>>;
  /** Share of a connect for sealing and opening its signals, at both ends, in milliseconds. */
  sealing?: Durations;
  coldStart?: ColdStart;
  connects?: Connects;
  firstPages?: FirstPages;
  soak?: Soak;
  leaks?: Leaks;
  flood?: Flood;
  resumed?: Resumed;
}

/** Computes figures from samples. */
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

/** Writes the results as JSON, with figures to three decimals. */
export function formatResults(results: object): string {
  const round = (_key: string, value: unknown) =>
    typeof value === "number" ? Number(value.toFixed(3)) : value;
  return JSON.stringify(results, round, 2) + "\n";
}
