// What a run of the bench does, from its command line.
import { parseArgs } from "node:util";
import { type ContenderName, CONTENDERS } from "./contender.ts";
import type { Limits } from "./page/driver.ts";

/** The sizes of a run. */
export interface Sizes {
  /** How often everything is measured. */
  rounds: number;
  /** Bytes of one transfer. */
  bytes: number;
  /** Small requests of one round. */
  roundTrips: Limits;
  /** Milliseconds for which requests per second are counted. */
  rateTime: number;
  /** Connects of one round. */
  connects: number;
}

/** A run. */
export interface Plan {
  sizes: Sizes;
  contenders: ContenderName[];
  /** Round trip of the link between page and host, in milliseconds; 0 for this machine's loopback. */
  rtt: number;
  /** Whether 1 GiB goes down and up besides, hashed. */
  soak: boolean;
  /** Whether a paired page connects among forged offers besides. */
  flood: boolean;
  /** Whether transfers are cut again and again besides. */
  resume: boolean;
  /** What the moments of the cuts come from. */
  seed: number;
  /** Whether it is a trial, too small to judge by. */
  quick: boolean;
  /** Whether the results are printed as JSON. */
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

/** What `--help` prints. */
export const USAGE = `Usage: npm run bench -- [flags]

Measures this tunnel beside a raw data channel, PeerJS and plain HTTP, and prints a table.
A run with all contenders and full sizes also writes docs/bench/latest.json and .svg, or with --rtt
docs/bench/rtt-<ms>.json and .svg. It takes some 8 minutes; leave the machine alone meanwhile.

  --quick      small sizes, one round: a trial that is not judged, and writes nothing
  --rtt MS     over a link with this round-trip time, 1 to 1000 ms (Linux, as root)
  --soak       besides, 1 GiB down and up through the tunnel, hashed, with the memory that it takes,
               and 10,000 requests, with what is left of them
  --flood      besides, 10,000 forged offers, 1,000 a second, and what connects take meanwhile
  --resume     besides, 256 MiB down and 64 MiB up through 20 cuts of the connection
  --seed N     the seed of those cuts' moments: the same number, the same cuts (default: any)
  --only NAME  this contender alone: ${CONTENDERS.join(", ")}; may be given several times
  --json       print the results as JSON
  --help       print this

It exits with 0 when every target is met, 3 when one is missed, 2 when a flag is wrong, and 1 when it
could not measure.`;

/**
 * Reads the command line.
 *
 * @returns Undefined if help is wanted.
 * @throws {TypeError} With what is wrong with a flag.
 */
export function parsePlan(args: string[]): Plan | undefined {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      rtt: { type: "string" },
      soak: { type: "boolean", default: false },
      flood: { type: "boolean", default: false },
      resume: { type: "boolean", default: false },
      seed: { type: "string" },
      only: { type: "string", multiple: true },
      json: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) return undefined;
  const { quick, soak, flood, resume, json } = values;
  const seed = values.seed === undefined
    ? anySeed()
    : parseWhole("--seed", values.seed, 0, 999_999);
  const rtt = values.rtt === undefined ? 0 : parseWhole("--rtt", values.rtt, 1, 1000);
  const contenders = parseContenders(values.only);
  const [flag] = Object.entries({ soak, flood, resume }).find(([, isWanted]) => isWanted) ?? [];
  if (flag && !contenders.includes("tunnel")) {
    throw new TypeError(`Cannot use --${flag} without the tunnel: add --only tunnel`);
  }
  const sizes = quick ? QUICK : FULL;
  // A raw channel may make no more than 0.5 MiB/s over a long link.
  return {
    contenders,
    rtt,
    soak,
    flood,
    resume,
    seed,
    quick,
    json,
    sizes: rtt ? { ...sizes, bytes: sizes.bytes / 4 } : sizes,
  };
}

function anySeed(): number {
  return Math.floor(Math.random() * 1_000_000);
}

function parseWhole(flag: string, text: string, least: number, most: number): number {
  const value = /^\d{1,6}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new TypeError(`Cannot use ${flag} ${text}: give a whole number from ${least} to ${most}`);
}

function parseContenders(names: string[] | undefined): ContenderName[] {
  if (!names) return [...CONTENDERS];
  for (const name of names) {
    if ((CONTENDERS as readonly string[]).includes(name)) continue;
    throw new TypeError(`Cannot use --only ${name}: give one of ${CONTENDERS.join(", ")}`);
  }
  return CONTENDERS.filter((name) => names.includes(name));
}
