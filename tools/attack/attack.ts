// An attack on a host, and what a run of it tells.
import type { Route } from "../local/backend_route.ts";
import type { Counts, Guest } from "./guest.ts";
import type { Delay } from "./host_probe.ts";

/** An attack. Its functions run in the process of the hostile guest, its routes in the backend's. */
export interface Attack {
  /** Name of one to three words with hyphens, for `--only`. */
  name: string;
  /** What the guest does, in one phrase for people. */
  what: string;
  /** Whether the host is public. @default false */
  isPublic?: boolean;
  /** Starts what the attack needs behind the host. @returns Further flags of the host. */
  prepare?: (stack: AsyncDisposableStack) => Promise<string[]>;
  /** Further routes of the backend. */
  routes?: Record<string, Route>;
  /** Attacks until `guest.ending` is aborted. */
  run: (guest: Guest) => Promise<void>;
  /** Finds what is wrong beyond the goals of all attacks, from what the guest counted. */
  judge?: (counts: Counts) => string[];
}

/** What a run measured. Times are in milliseconds, sizes in bytes. */
export interface Result {
  name: string;
  what: string;
  /** Delay of the host's event loop, for something that arrives at a random moment. */
  delay: Delay & { usual: Delay };
  /** The most memory that the host had, over what it had before. */
  growth: number;
  /** What is left of that when the guest is gone and garbage is collected. */
  left: number;
  /** Time of another device's small GET, at the median. */
  get: { usual: number; meanwhile: number };
  /** The slowest answer of the control socket. */
  status: number;
  /** What happened to the other device, if anything did. */
  troubles: string[];
  /** Pages and streams that the host still has for the guest. */
  leftovers: { pages: number; streams: number };
  /** Lines that the host logged meanwhile. */
  lines: number;
  counts: Counts;
  /** What is wrong however slow the machine is, for people. */
  faults: string[];
  /** Goals that were missed, for people: these, and those of speed and memory. */
  missed: string[];
}
