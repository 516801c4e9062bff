// Reads the plan of a run from its command line.
import { parseArgs } from "node:util";
import type { BrowserName } from "../browser.ts";
import { commonFlags, parseWhole } from "./command.ts";
import { type ContenderName, CONTENDERS } from "./contender.ts";
import type { Limits } from "./page/driver.ts";
import { type PathName, PATHS } from "./paths/paths.ts";

/** The sizes of a run. */
export interface Sizes {
  /** Number of rounds, each of which measures everything. */
  rounds: number;
  /** Bytes of one transfer. */
  bytes: number;
  /** Small requests of one round. */
  roundTrips: Limits;
  /** Time for counting requests per second, in milliseconds. */
  rateTime: number;
  /** Connects of one round. */
  connects: number;
}

/** A run. */
export interface Plan {
  sizes: Sizes;
  contenders: ContenderName[];
  /** Round-trip time between page and host, in milliseconds; 0 for loopback. */
  rtt: number;
  /** Paths over which the tunnel is compared with plain HTTP, in place of all else; none for the usual run. */
  paths: PathName[];
  /** Rounds on these paths. */
  pathRounds: number;
  /** The browser on these paths. */
  browser: BrowserName;
  /** Whether to move 1 GiB down and up, too, with hashes. */
  soak: boolean;
  /** Whether to connect a paired page among forged offers, too. */
  flood: boolean;
  /** Whether to cut transfers again and again, too. */
  resume: boolean;
  /** Seed of the random cuts. */
  seed: number;
  /** Whether the run is a trial, too small to judge. */
  quick: boolean;
  /** Whether to print the results as JSON. */
  json: boolean;
}

const MiB = 1024 * 1024;

const FULL: Sizes = {
  rounds: 5,
  bytes: 64 * MiB,
  roundTrips: { count: 200, time: 5000 },
  rateTime: 1000,
  connects: 3,
};

const QUICK: Sizes = {
  rounds: 1,
  bytes: 2 * MiB,
  roundTrips: { count: 20, time: 500 },
  rateTime: 100,
  connects: 1,
};

/** The contenders over a path. */
const OVER_PATHS = ["tunnel", "http"] as const;

/** The text of `--help`. */
export const USAGE = `Usage: npm run bench -- [flags]

Compares this tunnel with a raw data channel, PeerJS and plain HTTP, and prints a table.
A run with all contenders and full sizes also writes docs/bench/latest.json and .svg, or with --rtt
docs/bench/rtt-<ms>.json and .svg. It takes some 8 minutes, on an otherwise idle machine.

  --quick      small sizes, one round: a trial that is not judged, and writes nothing
  --rtt MS     over a wire with this round-trip time, 1 to 1000 ms (Linux, as root)
  --path NAME  only the tunnel beside plain HTTP, over a path (Linux, as root), over several with
               commas between, or over all: ${PATHS.join(", ")};
               writes docs/bench/paths-<browser>.json, and the table in docs/bench/paths.md
  --browser B  the browser on these paths: chromium or firefox (default: chromium)
  --rounds N   rounds on these paths, of which the figures are medians, 1 to 9 (default: 3)
  --soak       also moves 1 GiB down and up through the tunnel, checks hashes and memory, and makes
               10,000 requests, and counts what they leave
  --flood      also sends 10,000 forged offers, 1,000 a second, and measures connects meanwhile
  --resume     also moves 256 MiB down and 64 MiB up through 20 cuts of the connection
  --seed N     seed of the cuts; the same number repeats them (default: random)
  --only NAME  only this contender: ${CONTENDERS.join(", ")}; may be given several times
  --json       print the results as JSON
  --help       print this

It exits with 0 when every target is met, 3 when one is missed, 2 when a flag is wrong, and 1 when it
could not measure.`;

/**
 * Reads the command line.
 *
 * @returns Undefined for `--help`.
 * @throws {TypeError} With the wrong flag and its fault.
 */
export function parsePlan(args: string[]): Plan | undefined {
  const { values } = parseArgs({
    args,
    options: {
      ...commonFlags(),
      quick: { type: "boolean", default: false },
      rtt: { type: "string" },
      soak: { type: "boolean", default: false },
      flood: { type: "boolean", default: false },
      resume: { type: "boolean", default: false },
      path: { type: "string" },
      browser: { type: "string" },
      rounds: { type: "string" },
      only: { type: "string", multiple: true },
    },
  });
  if (values.help) return undefined;
  const { quick, soak, flood, resume, json } = values;
  const seed = parseWhole("--seed", values.seed, 0, 999_999);
  const rtt = values.rtt === undefined ? 0 : parseWhole("--rtt", values.rtt, 1, 1000);
  const paths = parsePaths(values.path);
  const browser = parseBrowser(values.browser);
  const contenders = parseContenders(values.only, paths.length > 0 ? OVER_PATHS : CONTENDERS);
  const [flag] = Object.entries({ soak, flood, resume }).find(([, isWanted]) => isWanted) ?? [];
  if (paths.length > 0 && (flag || rtt)) {
    throw new TypeError(`Cannot use --${flag ?? "rtt"} with --path`);
  }
  if (paths.length === 0 && values.browser) throw new TypeError("Cannot use --browser: add --path");
  if (paths.length === 0 && values.rounds) throw new TypeError("Cannot use --rounds: add --path");
  if (flag && !contenders.includes("tunnel")) {
    throw new TypeError(`Cannot use --${flag} without the tunnel: add --only tunnel`);
  }
  const sizes = quick ? QUICK : FULL;
  // A raw channel may reach only 0.5 MiB/s over a long wire.
  return {
    contenders,
    rtt,
    paths,
    browser,
    pathRounds: parseWhole("--rounds", values.rounds ?? "3", 1, 9),
    soak,
    flood,
    resume,
    seed,
    quick,
    json,
    sizes: rtt ? { ...sizes, bytes: sizes.bytes / 4 } : sizes,
  };
}

function parseContenders<Name extends ContenderName>(
  names: string[] | undefined,
  all: readonly Name[],
): Name[] {
  return names ? parseNames("--only", names, all) : [...all];
}

function parsePaths(text: string | undefined): PathName[] {
  if (text === undefined) return [];
  return text === "all" ? [...PATHS] : parseNames("--path", text.split(","), PATHS);
}

function parseBrowser(name = "chromium"): BrowserName {
  return parseNames("--browser", [name], ["chromium", "firefox"] as const)[0]!;
}

/** The parts that a flag names, in the order of all. @throws {TypeError} If there is no part of a name. */
function parseNames<Name extends string>(
  flag: string,
  names: string[],
  all: readonly Name[],
): Name[] {
  for (const name of names) {
    if ((all as readonly string[]).includes(name)) continue;
    throw new TypeError(`Cannot use ${flag} ${name}: give one of ${all.join(", ")}`);
  }
  return all.filter((name) => names.includes(name));
}
