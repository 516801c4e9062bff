// The clock by which offers are judged. The machine's clock may be set at any moment; the monotonic clock
// says how long the host has been running. docs/decisions.md has the reasons: "The host refuses offers from
// before its start".
import type { Answered } from "./answered.ts";

/** Largest difference between the clocks of a page and the host, in milliseconds. */
export const WINDOW_MS = 120_000;

/** How long before the host's start the machine's clock may be set, until that moves the start. */
export const STEP_MS = 2 * WINDOW_MS;

/** Options of {@linkcode OfferClock}. */
export interface OfferClockOptions {
  /** Milliseconds since 1970. */
  clock: () => number;
  /** Monotonic clock, in milliseconds. */
  steady: () => number;
  /** Keeps the times of answered offers for the next process. @default nobody does */
  answered?: Answered;
}

/** Says which times of offers count. */
export class OfferClock {
  readonly #options: OfferClockOptions;
  readonly #startedSteady: number;
  /** The host's start, by the machine's clock. Offers from before it are refused. */
  #started: number;

  constructor(options: OfferClockOptions) {
    this.#options = options;
    this.#startedSteady = options.steady();
    this.#started = options.clock();
  }

  /**
   * The time for offers now, in milliseconds since 1970. If the machine's clock shows a time shortly before
   * the earliest one that counts, it is that one.
   */
  now(): number {
    return this.#read().now;
  }

  /** Whether an offer's time is in the time window, and no earlier process can have answered it. */
  isInTime(time: number): boolean {
    const { now, earliest } = this.#read();
    return time >= earliest && Math.abs(time - now) <= WINDOW_MS;
  }

  /** Notes the time of an offer that is in time, before it is answered. */
  note(time: number): void {
    const { clock, answered } = this.#options;
    // The start of the next process excludes the others.
    if (time > clock()) answered?.note(time);
  }

  #read(): { now: number; earliest: number } {
    const { clock, steady, answered } = this.#options;
    const now = clock();
    // The machine's clock counts whole milliseconds, and so does an offer's time.
    const started = Math.floor(now - (steady() - this.#startedSteady));
    // After a small step back, the start must not move: offers that the previous process has answered
    // would be from after it. After a large one they are far outside of the time window.
    if (started > this.#started || this.#started - now > STEP_MS) this.#started = started;
    // Earlier processes have answered offers of pages whose clocks are ahead.
    const answeredUntil = answered?.before ?? 0;
    const earliest = answeredUntil - now > STEP_MS
      ? this.#started
      : Math.max(this.#started, answeredUntil + 1);
    return { now: Math.max(now, earliest), earliest };
  }
}
