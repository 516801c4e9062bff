// Watches whether the other end of a carrier is heard. Time is counted in looks of a planned length:
// after a pause of this process one look has passed, not many.

/** When silence counts. All times in milliseconds. */
export interface LivenessRules {
  /** Time between two looks, and silence that counts: while bytes of streams move, and otherwise. */
  busy: { look: number; silent: number };
  idle: { look: number; silent: number };
  /** Silence after which the carrier is closed. */
  dead: number;
  /**
   * Whether one PING is sent after half of the silence that counts, and this end then watches as a busy
   * one until the answer. Otherwise there is one at each look after which nothing was heard, and at each
   * idle one. @default false
   */
  isSparing?: boolean;
  /** The rules for carriers whose messages cost money. @default these */
  metered?: LivenessRules;
}

/**
 * The rules of a page. While it waits for bytes, silence counts within a second; otherwise after twice
 * the time between two PINGs. A blackout of 8 seconds passes without a new connection.
 */
export const PAGE_LIVENESS: LivenessRules = {
  busy: { look: 200, silent: 600 },
  idle: { look: 3000, silent: 6000 },
  dead: 15_000,
  // A PING after 3 to 6 minutes, and up to a minute later where the browser slows timers of hidden pages:
  // API Gateway closes connections that are silent for ten minutes.
  metered: {
    busy: { look: 2000, silent: 8000 },
    idle: { look: 170_000, silent: 340_000 },
    dead: 240_000,
    isSparing: true,
  },
};

/**
 * The rules of a host. It cannot dial: it only notices pages that are gone, and a dead carrier of
 * several, whose bytes the others have to carry again.
 */
export const HOST_LIVENESS: LivenessRules = {
  busy: { look: 500, silent: 1500 },
  idle: { look: 10_000, silent: 10_000 },
  dead: 20_000,
  // The page's PINGs come more often.
  metered: {
    busy: { look: 5000, silent: 20_000 },
    idle: { look: 300_000, silent: 600_000 },
    dead: 320_000,
    isSparing: true,
  },
};

/** A jump of the wall clock beyond this means that the machine slept, in milliseconds. */
const CLOCK_SLACK = 5000;

/** What {@linkcode Liveness} watches and calls. */
export interface LivenessOwner {
  /** Whether bytes of streams have moved lately. */
  isBusy(): boolean;
  /** Whether a message has arrived since the last call. */
  takeHeard(): boolean;
  /** The newest measured round-trip time in milliseconds. */
  roundTripTime(): number | undefined;
  ping(): void;
  /** Nothing is heard (true), or something is again (false). */
  onSilence(silent: boolean): void;
  onDeath(): void;
}

/** Watches one carrier, from its construction on. */
export class Liveness {
  readonly #rules: LivenessRules;
  readonly #owner: LivenessOwner;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #look = 0;
  #planned = 0;
  #quiet = 0;
  #silent = false;
  #probing = false;

  constructor(rules: LivenessRules, owner: LivenessOwner) {
    this.#rules = rules;
    this.#owner = owner;
    this.#plan();
  }

  /** Whether nothing is heard. */
  get isSilent(): boolean {
    return this.#silent;
  }

  /** Bytes have moved: watches more closely. */
  nudge(): void {
    if (this.#look <= this.#rules.busy.look) return;
    // An idle end looks so rarely that its silence says nothing.
    if (this.#rules.isSparing) this.#quiet = 0;
    this.#plan();
  }

  /** Finds out at once whether the other end is there. */
  probe(): void {
    this.#probing = true;
    this.#quiet = 0;
    this.#owner.ping();
    this.#plan();
  }

  /** Ends the watch. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  get #rule(): { look: number; silent: number } {
    // After a while of silence nothing moves any more, and yet its end should be noticed soon.
    const isSilent = this.#silent && !this.#rules.isSparing;
    const isBusy = this.#probing || isSilent || this.#owner.isBusy();
    return isBusy ? this.#rules.busy : this.#rules.idle;
  }

  #plan(): void {
    clearTimeout(this.#timer);
    this.#look = this.#rule.look;
    this.#planned = Date.now() + this.#look;
    this.#timer = setTimeout(() => this.#take(), this.#look);
  }

  #take(): void {
    const hasSlept = Math.abs(Date.now() - this.#planned) > CLOCK_SLACK;
    if (this.#owner.takeHeard()) this.#live();
    else if (hasSlept) return this.probe();
    else this.#quiet += this.#look;

    const rule = this.#rule;
    const longest = Math.max(rule.silent, 4 * (this.#owner.roundTripTime() ?? 0));
    if (this.#quiet >= longest && !this.#silent) {
      this.#silent = true;
      this.#owner.onSilence(true);
    }
    if (this.#quiet >= this.#rules.dead) return this.#owner.onDeath();
    if (this.#timer === undefined) return;
    const { isSparing, idle } = this.#rules;
    if (isSparing ? this.#passes(rule.silent / 2) : this.#quiet > 0 || rule === idle) {
      if (isSparing && rule === idle) return this.probe();
      // Until the answer, however long ago bytes have moved by then.
      if (isSparing) this.#probing = true;
      this.#owner.ping();
    }
    this.#plan();
  }

  /** Whether the silence has just become that long. */
  #passes(ms: number): boolean {
    return this.#quiet >= ms && this.#quiet - this.#look < ms;
  }

  #live(): void {
    this.#quiet = 0;
    this.#probing = false;
    if (!this.#silent) return;
    this.#silent = false;
    this.#owner.onSilence(false);
  }
}
