// A token bucket: a burst of events, then a number of events a second.

/** Limits the rate of events. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #refilled: number;

  /**
   * @param burst Most events at once.
   * @param perSecond Most events a second in the long run.
   * @param now Monotonic clock, in milliseconds.
   */
  constructor(burst: number, perSecond: number, now = () => performance.now()) {
    this.#burst = this.#left = burst;
    this.#perSecond = perSecond;
    this.#now = now;
    this.#refilled = now();
  }

  /** Takes a token for one event. @returns Whether there was one. */
  take(): boolean {
    const now = this.#now();
    const refill = (now - this.#refilled) / 1000 * this.#perSecond;
    this.#left = Math.min(this.#burst, this.#left + refill);
    this.#refilled = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}
