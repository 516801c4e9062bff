// When a session gets further connections, lanes. One connection cannot fill a long path: a browser
// drops packets that arrive faster than it reads them, and each loss costs the sender's window.
// docs/decisions.md, "Several connections on a long path", has the figures.
import type { Session } from "../../wire/mod.ts";
import { startTimer } from "./start_timer.ts";

/** Most connections of a session with its first: the host accepts no more. */
export const LANES = 8;

/** One connection fills a path with a shorter round trip, in milliseconds. */
const LONG_MS = 15;

/** Time between two samples, in milliseconds. */
const SAMPLE_MS = 100;

/**
 * A transfer counts as large if it moves this many bytes within this many samples. Lanes take half a
 * second to open, so waiting longer costs more than unneeded lanes.
 */
const BULK = 256 * 1024;
const BULK_SAMPLES = 5;

/**
 * Over QUIC, an upload begins with one more, since browsers make a connection slow that has only downloaded. More
 * would disturb each other, but for a path that loses packets: browsers slow down at each. There, a transfer is
 * slower than this in bytes within the same samples, after this many.
 */
const PACED_LANES = 2;
const SLOW = 2 * 1024 * 1024;
const SLOW_SAMPLES = 20;

/** Time without a large transfer after which lanes are closed, in milliseconds. */
const IDLE_MS = 60_000;

/** Time between two attempts, in milliseconds: a full host, or a NAT, rarely changes sooner. */
const PAUSE_MS = 15_000;

/** A sample of a session. */
export interface SessionSample {
  /** Monotonic, in milliseconds. */
  now: number;
  /** Bytes of streams that have moved since the session began. */
  bytes: number;
  /** Milliseconds. */
  shortestRoundTrip: number;
  /** Connections of the session, and those among them over QUIC. */
  carriers: number;
  paced: number;
  /** Whether the relay carries the session. */
  relayed: boolean;
}

const NO_ATTEMPT = { at: -Infinity, lanes: 0 };

/** How many lanes to add, or whether to close them all. */
export type LaneAction = number | "shed";

/** Decides by samples of a session whether it gets lanes. */
export class LanePolicy {
  /** Bytes at each of the last samples, the newest last. */
  readonly #bytes = [0];
  /** When a large transfer moved last; at first, the time of the first sample. */
  #bulk: number | undefined;
  #bulkSamples = 0;
  #isPaced = false;
  /** The last attempt: when it was, and how many lanes there were to be. */
  #attempt = NO_ATTEMPT;

  /** Takes a sample, and decides. */
  decide(sample: SessionSample): LaneAction {
    const { now, bytes, shortestRoundTrip, carriers, relayed, paced } = sample;
    // Other bytes count from now on, and lanes of another kind.
    if (this.#isPaced !== paced > 0) {
      this.#bytes.splice(0, Infinity, bytes);
      this.#attempt = NO_ATTEMPT;
    }
    this.#isPaced = paced > 0;
    const moved = bytes - this.#bytes[0]!;
    const isBulk = moved >= BULK;
    this.#bulkSamples = isBulk ? this.#bulkSamples + 1 : 0;
    this.#bytes.push(bytes);
    if (this.#bytes.length > BULK_SAMPLES) this.#bytes.shift();
    if (isBulk) this.#bulk = now;
    this.#bulk ??= now;
    const present = paced > 0 ? paced : carriers;
    const isSlow = this.#bulkSamples >= SLOW_SAMPLES && moved < SLOW;
    const lanes = paced > 0 && !isSlow ? PACED_LANES : LANES;
    const { at, lanes: before } = this.#attempt;
    const isDue = lanes > before || now - at >= PAUSE_MS;
    const isWanted = isBulk && isDue && !relayed && shortestRoundTrip >= LONG_MS;
    if (isWanted && present > 0 && present < lanes) {
      this.#attempt = { at: now, lanes };
      return lanes - present;
    }
    return hasLanes(sample) && now - this.#bulk >= IDLE_MS ? "shed" : 0;
  }
}

function hasLanes({ carriers, paced }: SessionSample): boolean {
  return Math.max(paced, carriers - paced) > 1;
}

/** Options of {@linkcode Lanes}. */
export interface LanesOptions {
  /** Connects once more, and adds the connection to the session. */
  dial: (signal: AbortSignal) => Promise<unknown>;
  /** Whether the relay carries the session: then it has no lanes. */
  isRelayed: () => boolean;
  /** @default the platform's */
  startTimer?: typeof startTimer;
  /** Monotonic, in milliseconds. @default performance.now */
  now?: () => number;
}

/** Adds lanes to a session, and closes them. */
export class Lanes {
  readonly #session: LaneSession;
  readonly #options: Required<LanesOptions>;
  readonly #policy = new LanePolicy();
  readonly #end = new AbortController();
  #stopTimer: (() => void) | undefined;

  constructor(session: LaneSession, options: LanesOptions) {
    this.#session = session;
    this.#options = {
      startTimer,
      now: () => performance.now(),
      ...options,
    };
  }

  /** Samples the session until it has been idle for a while. Call it when the session becomes busy. */
  watch(): void {
    if (this.#end.signal.aborted || this.#stopTimer) return;
    this.#stopTimer = this.#options.startTimer(SAMPLE_MS, () => this.#sample());
  }

  /** Adds no more. */
  stop(): void {
    this.#end.abort();
    this.#stopTimer?.();
  }

  #sample(): void {
    this.#stopTimer = undefined;
    const { shortestRoundTrip, busy, traffic, carriers, pacedCarriers: paced } = this.#session;
    const now = this.#options.now();
    const relayed = this.#options.isRelayed();
    // Over QUIC, the host sends by one connection, and lanes are for what the page sends.
    const bytes = paced > 0 ? traffic.sent : this.#session.bytes;
    const sample = { now, bytes, shortestRoundTrip, carriers, paced, relayed };
    const action = this.#policy.decide(sample);
    if (action === "shed") this.#session.shed();
    else this.#add(action);
    if (busy || hasLanes(sample)) this.watch();
  }

  #add(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#options.dial(this.#end.signal).catch((error) => {
        if (this.#end.signal.aborted) return;
        console.info("lighthouse-tunnel does with fewer connections:", error);
      });
    }
  }
}

/** The parts of a session that lanes use. */
type LaneSession = Pick<
  Session,
  "bytes" | "traffic" | "shortestRoundTrip" | "carriers" | "pacedCarriers" | "busy" | "shed"
>;
