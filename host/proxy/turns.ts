// Decides which request to a backend may begin, so that no principal takes all connections of the host,
// and none fills the queue of a backend that serves few requests at a time.
import { busy, groupOf, type ShareLimits, Shares, type Taker } from "../access/shares.ts";

/**
 * Most exchanges with backends at once, of all services of a host together. An answer that nobody reads
 * holds some 192 KiB. Servers of HTTP/2 commonly take 100 to 128 of a browser.
 */
const EXCHANGES: ShareLimits = { own: 8, each: 128, all: 1024 };

/**
 * Most requests of one device that a backend has in its queue; of a stranger 8. A browser itself sends 6
 * at once to a server of HTTP/1.1. So the requests of others do not wait long behind them.
 */
const MAX_QUEUED = 32;

/**
 * Time without an answer after which the queue takes one more, which doubles each time; and the longest
 * wait, in milliseconds.
 */
const STALL_MS = 1000;
const WAIT_MS = 60_000;

/** Times and limits of {@linkcode Turns} to change in tests. */
export interface TurnLimits {
  /** @default 32 */
  queued: number;
  /** @default 1_000 */
  stall: number;
  /** @default 60_000 */
  wait: number;
}

/** The places for exchanges, which the services of a host share. */
export class Places {
  readonly #shares: Shares;
  /** Those that look for a free place. */
  readonly #turns = new Set<Turns>();

  /** @param limits Replaces the defaults, for tests. */
  constructor(limits: Partial<ShareLimits> = {}) {
    this.#shares = new Shares({ ...EXCHANGES, ...limits });
  }

  /** Places that are taken. */
  get taken(): number {
    return this.#shares.taken;
  }

  /** Tells turns of each free place until they are closed. */
  watch(turns: Turns): void {
    this.#turns.add(turns);
  }

  unwatch(turns: Turns): void {
    this.#turns.delete(turns);
  }

  take(taker: Taker): boolean {
    return this.#shares.take(taker, 1);
  }

  give(taker: Taker): void {
    this.#shares.give(taker, 1);
    for (const turns of [...this.#turns]) {
      if (!turns.next()) continue;
      // The other services come first next time.
      this.#turns.delete(turns);
      this.#turns.add(turns);
      return;
    }
  }
}

/** An exchange that has begun. */
export interface Turn {
  /** Notes that the backend has answered, or will not. */
  answered(): void;
  /** Ends the turn, and lets the next one begin. */
  leave(): void;
}

/** One who waits. */
interface Waiting {
  taker: Taker;
  begin(turn: Turn): void;
  fail(reason: unknown): void;
}

/** Gives out the turns at one backend. The principals who wait for one take it by turns. */
export class Turns {
  readonly #places: Places;
  readonly #limits: TurnLimits;
  /** Who waits, by group and then by principal, each in the order of their turns. */
  readonly #waiting = new Map<string, Map<string, Set<Waiting>>>();
  /** The backend's queue, as far as is known: requests that no later one has overtaken. */
  readonly #queue = new Map<Turn, Taker>();
  readonly #queued: Shares;
  #stall: NodeJS.Timeout | undefined;
  /** How often the queue has taken one more since the last answer. */
  #stalls = 0;

  /** @param limits Replaces the defaults, for tests. */
  constructor(places = new Places(), limits: Partial<TurnLimits> = {}) {
    this.#places = places;
    this.#limits = { queued: MAX_QUEUED, stall: STALL_MS, wait: WAIT_MS, ...limits };
    const { queued } = this.#limits;
    this.#queued = new Shares({ own: queued, each: queued, all: Infinity });
    places.watch(this);
  }

  /** Begins an exchange, unless others have to end before. */
  enter(taker: Taker): Turn | undefined {
    if (!this.#queued.take(taker, 1)) return undefined;
    if (!this.#places.take(taker)) {
      this.#queued.give(taker, 1);
      return undefined;
    }
    const turn: Turn = {
      answered: () => this.#answered(turn),
      leave: () => {
        this.#dequeue(turn);
        this.#places.give(taker);
        this.next();
      },
    };
    this.#queue.set(turn, taker);
    return turn;
  }

  /**
   * Waits for a turn.
   *
   * @throws The signal's reason, or that of {@linkcode Turns.close}; `host-busy` after a minute.
   */
  async wait(taker: Taker, signal: AbortSignal): Promise<Turn> {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<Turn>();
    const waiting: Waiting = { taker, begin: resolve, fail: reject };
    this.#add(waiting);
    const give = (reason: unknown) => {
      this.#remove(waiting);
      reject(reason);
    };
    const abort = () => give(signal.reason);
    const timer = setTimeout(() => give(busy("has sent this service all")), this.#limits.wait);
    signal.addEventListener("abort", abort);
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", abort);
    }
  }

  /** Lets those who wait begin, as far as there is room. @returns Whether one of them has begun. */
  next(): boolean {
    let hasBegun = false;
    while (this.#beginOne()) hasBegun = true;
    this.#watchStall();
    return hasBegun;
  }

  /** Fails all who wait. */
  close(reason: unknown): void {
    this.#places.unwatch(this);
    clearTimeout(this.#stall);
    for (const group of this.#waiting.values()) {
      for (const all of group.values()) for (const { fail } of all) fail(reason);
    }
    this.#waiting.clear();
  }

  #beginOne(): boolean {
    for (const [name, group] of this.#waiting) {
      for (const [id, all] of group) {
        const [first] = all;
        const turn = this.enter(first!.taker);
        if (!turn) continue;
        this.#remove(first!);
        // The others of the group come before this principal's next one, and the other groups first.
        if (group.delete(id)) group.set(id, all);
        if (this.#waiting.delete(name)) this.#waiting.set(name, group);
        first!.begin(turn);
        return true;
      }
    }
    return false;
  }

  /** A later request's answer shows that the backend has not kept it behind the earlier ones. */
  #answered(turn: Turn): void {
    if (!this.#queue.has(turn)) return;
    for (const earlier of [...this.#queue.keys()]) {
      this.#dequeue(earlier);
      if (earlier === turn) break;
    }
    clearTimeout(this.#stall);
    this.#stall = undefined;
    this.#stalls = 0;
    this.next();
  }

  #dequeue(turn: Turn): void {
    const taker = this.#queue.get(turn);
    if (taker && this.#queue.delete(turn)) this.#queued.give(taker, 1);
  }

  /** A backend that answers nothing may wait for more: long polls do. */
  #watchStall(): void {
    if (this.#waiting.size === 0 || this.#stall) return;
    this.#stall = setTimeout(() => {
      this.#stall = undefined;
      this.#stalls++;
      for (const [turn, taker] of this.#queue) {
        if (!this.#waiting.has(groupOf(taker))) continue;
        this.#dequeue(turn);
        break;
      }
      this.next();
    }, this.#limits.stall * 2 ** this.#stalls);
  }

  #add(waiting: Waiting): void {
    const { taker } = waiting;
    const name = groupOf(taker);
    const group = this.#waiting.get(name) ?? new Map<string, Set<Waiting>>();
    const all = group.get(taker.id) ?? new Set();
    this.#waiting.set(name, group.set(taker.id, all.add(waiting)));
    this.#watchStall();
  }

  #remove(waiting: Waiting): void {
    const name = groupOf(waiting.taker);
    const group = this.#waiting.get(name);
    const all = group?.get(waiting.taker.id);
    if (!group || !all?.delete(waiting)) return;
    if (all.size === 0) group.delete(waiting.taker.id);
    if (group.size === 0) this.#waiting.delete(name);
  }
}
