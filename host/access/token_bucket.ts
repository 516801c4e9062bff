// A token bucket: so many at once, then so many a second.

/** Says of each event whether it is one too many. */
export class TokenBucket {
  readonly #burst: number;
  readonly #perSecond: number;
  readonly #now: () => number;
  #left: number;
  #refilled: number;

  /**
   * @param burst Events at once.
   * @param perSecond Events a second that it can bear always.
   * @param now A clock that is never set, in milliseconds.
   */
  constructor(burst: number, perSecond: number, now = () => performance.now()) {
    this.#burst = this.#left = burst;
    this.#perSecond = perSecond;
    this.#now = now;
    this.#refilled = now();
  }

  /** Whether there is room for one event, which is then taken. */
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
