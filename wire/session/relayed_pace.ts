// When a relayed channel may send: a bucket of tokens, one for each message, so that the gateway's own
// throttle does not drop any. The throttle counts what others send, too: where it drops a message all
// the same, the rate halves, and it grows back with time (additive increase, multiplicative decrease).

/** Messages that an end may send. */
export interface RelayedPace {
  /** Messages a second. */
  rate: number;
  /** Messages at once, after a pause. */
  burst: number;
}

/** The rate's growth: messages a second, each second. */
const GROWTH = 0.5;

/** The lowest rate, in messages a second. */
const MIN_RATE = 0.5;

/** Time in which several dropped messages count as one event, in milliseconds. */
const EVENT_MS = 1000;

/** The tokens. All times in milliseconds. */
export class RelayedBucket {
  readonly #pace: RelayedPace;
  #rate: number;
  #tokens: number;
  #at: number;
  #slowed = -Infinity;

  constructor(pace: RelayedPace, now: number) {
    this.#pace = pace;
    this.#rate = pace.rate;
    this.#tokens = pace.burst;
    this.#at = now;
  }

  /** Messages a second at present. */
  get rate(): number {
    return this.#rate;
  }

  /** Takes a token, even one that is not there yet: the next comes later then. */
  take(now: number): void {
    this.#fill(now);
    this.#tokens--;
  }

  /** Time until there is a token; 0: there is one. */
  wait(now: number): number {
    this.#fill(now);
    // A timer may fire a little early, and a token need not be exact.
    return this.#tokens > 0.999 ? 0 : (1 - this.#tokens) / this.#rate * 1000;
  }

  /** The gateway has dropped a message: its own bucket is empty. */
  throttled(now: number): void {
    this.#fill(now);
    this.#tokens = Math.min(this.#tokens, 0);
    if (now - this.#slowed < EVENT_MS) return;
    this.#slowed = now;
    this.#rate = Math.max(MIN_RATE, this.#rate / 2);
  }

  #fill(now: number): void {
    const seconds = Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#tokens = Math.min(this.#pace.burst, this.#tokens + seconds * this.#rate);
    this.#rate = Math.min(this.#pace.rate, this.#rate + seconds * GROWTH);
  }
}
