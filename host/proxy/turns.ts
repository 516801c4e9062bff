// Decides which exchange with a backend may begin, so that no principal takes all connections.

/** Most exchanges at once. */
export interface TurnLimits {
  /** Of all principals together. @default 1024 */
  all: number;
  /** Of each principal. @default 256 */
  each: number;
}

const LIMITS: TurnLimits = { all: 1024, each: 256 };

/** Someone who waits. */
interface Waiting {
  begin(): void;
  fail(reason: unknown): void;
}

/** Gives out places. Whoever finds none waits; the principals who wait take turns. */
export class Turns {
  readonly #limits: TurnLimits;
  #taken = 0;
  readonly #takenBy = new Map<string, number>();
  /** By principal, in the order of their turns. */
  readonly #waiting = new Map<string, Set<Waiting>>();

  /** @param limits Replaces the defaults, for tests. */
  constructor(limits?: Partial<TurnLimits>) {
    this.#limits = { ...LIMITS, ...limits };
  }

  /** Takes a place if one is free: then {@linkcode Turns.leave} gives it back. */
  enter(principal: string): boolean {
    const own = this.#takenBy.get(principal) ?? 0;
    if (this.#taken >= this.#limits.all || own >= this.#limits.each) return false;
    this.#taken++;
    this.#takenBy.set(principal, own + 1);
    return true;
  }

  /** Waits for a place and takes it. @throws The signal's reason, or that of {@linkcode Turns.close}. */
  async wait(principal: string, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const waiting = { begin: resolve, fail: reject };
    const queue = this.#waiting.get(principal) ?? new Set();
    this.#waiting.set(principal, queue.add(waiting));
    const abort = () => {
      this.#remove(principal, waiting);
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort);
    try {
      await promise;
    } finally {
      signal.removeEventListener("abort", abort);
    }
  }

  /** Gives a place back: the next who waits and may begin takes it. */
  leave(principal: string): void {
    const own = this.#takenBy.get(principal)! - 1;
    this.#taken--;
    if (own > 0) this.#takenBy.set(principal, own);
    else this.#takenBy.delete(principal);

    for (const [next, queue] of this.#waiting) {
      if (!this.enter(next)) continue;
      const [first] = queue;
      this.#remove(next, first!);
      // The others come before this principal's next one.
      if (this.#waiting.delete(next) && queue.size > 0) this.#waiting.set(next, queue);
      first!.begin();
      return;
    }
  }

  /** Fails all who wait. */
  close(reason: unknown): void {
    for (const queue of this.#waiting.values()) for (const { fail } of queue) fail(reason);
    this.#waiting.clear();
  }

  #remove(principal: string, waiting: Waiting): void {
    const queue = this.#waiting.get(principal);
    queue?.delete(waiting);
    if (queue?.size === 0) this.#waiting.delete(principal);
  }
}
