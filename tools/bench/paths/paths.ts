// The paths of `--path`: between a page and a host, with what they carry.
import type { WireCommand } from "../tun_wire.ts";

/** Names of the paths, in the order of the report. */
export const PATHS = ["lan", "long50", "long100", "loss50", "loss100", "wifi20", "narrow"] as const;

/** A path's name. */
export type PathName = (typeof PATHS)[number];

/** A path. */
export interface BenchPath {
  /** In a few words. */
  about: string;
  wire: WireCommand;
  /** Bytes of one download and of one upload. */
  download: number;
  upload: number;
}

const MiB = 1024 ** 2;

/** All of them. */
export const BENCH_PATHS: Record<PathName, BenchPath> = {
  lan: pathOf("2 ms", { delay: 1 }),
  long50: pathOf("50 ms", { delay: 25 }),
  long100: pathOf("100 ms", { delay: 50 }),
  loss50: pathOf("50 ms, 0.01 % loss", { delay: 25, loss: 0.0001 }, 8 * MiB),
  loss100: pathOf("100 ms, 0.1 % loss", { delay: 50, loss: 0.001 }, 8 * MiB),
  wifi20: pathOf("20 ms, 1 % loss", { delay: 10, loss: 0.01 }, 8 * MiB),
  narrow: pathOf(
    "30 ms, 10/1 Mbit/s, 250 ms queue",
    { delay: 15, down: 10_000, up: 1000, queue: 250 },
    8 * MiB,
    MiB,
  ),
};

function pathOf(
  about: string,
  wire: WireCommand,
  download = 16 * MiB,
  upload = download,
): BenchPath {
  return {
    about,
    wire: { delay: 0, loss: 0, down: 0, up: 0, queue: 0, ...wire },
    download,
    upload,
  };
}
