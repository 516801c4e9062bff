// The results of `--path`: the shape of docs/bench/paths-chromium.json and paths-firefox.json.
import type { Machine } from "../machine.ts";
import { type Durations, durations, median } from "../measure.ts";
import type { PathSamples } from "./measure_path.ts";
import type { PathName } from "./paths.ts";

/** One contender's figures over one path: medians of the rounds; null for what failed or did not come in time. */
export interface PathFigures {
  /** A small request and its answer, in milliseconds. */
  roundTrip: Durations | null;
  /** The same beside a download. */
  loadedRoundTrip: Durations | null;
  /** A download over a new connection, in milliseconds. */
  cold: number | null;
  /** MiB per second of a whole transfer. */
  download: number | null;
  upload: number | null;
  /** MiB per second, when a transfer has run for some time. */
  steadyDownload: number | null;
  steadyUpload: number | null;
  /** Milliseconds from the end of a blackout to the first byte, and until half of the rate is back. */
  firstByte: number | null;
  halfRate: number | null;
  /** UDP packets that the browser had no room for, in one round. */
  udpOverflows: number | null;
  /** What failed, with the reason. */
  failures: string[];
}

/** The figures of the contenders over one path. */
export interface PathResult {
  /** Start of the measurement, in ISO 8601. */
  date: string;
  /** The repository's commit, as in {@linkcode Machine}. */
  commit: string | undefined;
  /** Rounds, of which the figures are medians. */
  rounds: number;
  tunnel?: PathFigures;
  http?: PathFigures;
}

/** The results of a run, and in the file also those of earlier runs over other paths. */
export interface PathResults {
  machine: Machine;
  paths: Partial<Record<PathName, PathResult>>;
}

/** Computes figures from samples. */
export function pathFiguresOf({ failures, ...samples }: PathSamples): PathFigures {
  const middle = (values: number[]) => {
    const value = values.length > 0 ? median(values) : NaN;
    return Number.isFinite(value) ? value : null;
  };
  const spreadOf = (values: number[]) => values.length > 0 ? durations(values) : null;
  return {
    roundTrip: spreadOf(samples.roundTrip),
    loadedRoundTrip: spreadOf(samples.loadedRoundTrip),
    cold: middle(samples.cold),
    download: middle(samples.download),
    upload: middle(samples.upload),
    steadyDownload: middle(samples.steadyDownload),
    steadyUpload: middle(samples.steadyUpload),
    firstByte: middle(samples.firstByte),
    halfRate: middle(samples.halfRate),
    udpOverflows: middle(samples.udpOverflows),
    failures,
  };
}
