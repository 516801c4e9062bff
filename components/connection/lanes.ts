// When a session gets further connections, lanes: one alone cannot fill a long path, since a browser
// drops what arrives faster than it takes it, and each loss costs the sender's window.
// docs/decisions.md, "Several connections on a long path", has the figures.
import type { Session } from "../../wire/mod.ts";

/** Connections of a session, its first included: the host takes no more. */
export const LANES = 8;

/** A path that is shorter is filled by one connection, in milliseconds there and back. */
const LONG_MS = 15;

/** Time between two looks, in milliseconds. */
const LOOK_MS = 100;

/**
 * So many bytes that move in so many looks are something large on its way. Lanes take half a second to
 * come, and one connection is slow meanwhile: to wait longer costs more than lanes in vain.
 */
const BULK = 256 * 1024;
const BULK_LOOKS = 5;

/** Time after which lanes that nothing large uses are closed, in milliseconds. */
const IDLE_MS = 60_000;

/** Time from one attempt to the next, in milliseconds: a host that is full, or a NAT, stays so. */
const PAUSE_MS = 15_000;

/** What a look shows. */
export interface Look {
  /** Milliseconds, from any beginning. */
  now: number;
  /** Bytes of streams that have moved since the session began. */
  bytes: number;
  /** Milliseconds. */
  shortestRoundTrip: number;
  carriers: number;
}

/** What is to be done: add lanes, close them, or nothing. */
export type Advice = "add" | "shed" | "keep";

/** Says what looks at a session call for. */
export class LanePolicy {
  /** Bytes at each of the last looks, the newest last. */
  readonly #bytes = [0];
  /** When something large moved last; at first, when it was first looked. */
  #bulk: number | undefined;
  #added = -Infinity;

  /** Takes a look. */
  advise({ now, bytes, shortestRoundTrip, carriers }: Look): Advice {
    const isBulk = bytes - this.#bytes[0]! >= BULK;
    this.#bytes.push(bytes);
    if (this.#bytes.length > BULK_LOOKS) this.#bytes.shift();
    if (isBulk) this.#bulk = now;
    this.#bulk ??= now;
    const isWanted = isBulk && carriers > 0 && carriers < LANES &&
      shortestRoundTrip >= LONG_MS && now - this.#added >= PAUSE_MS;
    if (isWanted) {
      this.#added = now;
      return "add";
    }
    return carriers > 1 && now - this.#bulk >= IDLE_MS ? "shed" : "keep";
  }
}

/** Adds lanes to a session, and closes them. */
export class Lanes {
  readonly #session: Session;
  readonly #dial: (signal: AbortSignal) => Promise<void>;
  readonly #policy = new LanePolicy();
  readonly #end = new AbortController();
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param dial Connects once more, and adds what comes of it to the session. */
  constructor(session: Session, dial: (signal: AbortSignal) => Promise<void>) {
    this.#session = session;
    this.#dial = dial;
  }

  /** Looks at the session until it has been idle for a while: to be called when it becomes busy. */
  watch(): void {
    if (this.#end.signal.aborted) return;
    this.#timer ??= setInterval(() => this.#look(), LOOK_MS);
  }

  /** Adds no more. */
  stop(): void {
    this.#end.abort();
    clearInterval(this.#timer);
  }

  #look(): void {
    const { bytes, shortestRoundTrip, carriers, busy } = this.#session;
    const advice = this.#policy.advise({
      now: performance.now(),
      bytes,
      shortestRoundTrip,
      carriers,
    });
    if (advice === "add") this.#add(LANES - carriers);
    if (advice === "shed") this.#session.shed();
    if (busy || carriers > 1) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #add(count: number): void {
    for (let i = 0; i < count; i++) {
      this.#dial(this.#end.signal).catch((error) => {
        if (this.#end.signal.aborted) return;
        console.info("lighthouse-tunnel does with fewer connections:", error);
      });
    }
  }
}
