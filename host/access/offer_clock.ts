// The clock by which offers are judged. The machine's clock may be set at any moment; the monotonic clock
// says how long the host has been running. docs/decisions.md has the reasons: "The host refuses offers from
// before its start".

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
   * The time for offers now, in milliseconds since 1970. If the machine's clock is set to a short time
   * before the start, this is the start until the clock shows that again.
   */
  now(): number {
    const { clock, steady } = this.#options;
    const now = clock();
    // The machine's clock counts whole milliseconds, and so does an offer's time.
    const started = Math.floor(now - (steady() - this.#startedSteady));
    // After a small step back, the start must not move: offers that the previous process has answered
    // would be from after it. After a large one they are far outside of the time window.
    if (started > this.#started || this.#started - now > STEP_MS) this.#started = started;
    return Math.max(now, this.#started);
  }

  /** Whether an offer's time is in the time window, and not before the host's start. */
  isInTime(time: number): boolean {
    const now = this.now();
    return time >= this.#started && Math.abs(time - now) <= WINDOW_MS;
  }
}
