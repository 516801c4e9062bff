// Limits of the offers that a host opens and refuses: how often, how old, and each one once.
import type { SealedOffer } from "../../wire/mod.ts";
import { OfferClock, type OfferClockOptions, WINDOW_MS } from "./offer_clock.ts";
import { ReplayCache } from "./replay_cache.ts";
import { TokenBucket } from "./token_bucket.ts";

export { WINDOW_MS };

/** An offer in the future by the whole window stays in the window for twice its length. */
const REPLAY_MS = 2 * WINDOW_MS;

/**
 * Offers of one device or pairing, in the time window and outside of it: burst, per second. A page that
 * is reloaded again and again makes one offer each time.
 */
const OFFERS = [40, 2] as const;
const SKEWED = [4, 0.2] as const;

/** Refusals of one sender's offers above that limit: without one, its page waits for ten seconds. */
const BUSY = [20, 5] as const;

/** Offers of all strangers together, and plain refusals: burst, per second. */
const STRANGERS = [40, 20] as const;
const REFUSALS = [10, 5] as const;

/** Options of {@linkcode OfferLimits}. */
export interface OfferLimitsOptions extends OfferClockOptions {
  /** The current devices and pairings: the buckets of all others are forgotten. */
  senders: () => readonly { readonly id: string }[];
}

/** What to do with an offer: open it, open it and refuse it for its time, refuse it, or ignore it. */
export type Verdict = "open" | "skewed" | "busy" | "ignore";

/** The buckets of one device or pairing. */
interface SenderBuckets {
  offers: TokenBucket;
  skewed: TokenBucket;
  busy: TokenBucket;
}

/** Limits offers, see docs/security.md, "What a host does with an offer". */
export class OfferLimits {
  readonly #options: OfferLimitsOptions;
  /** Refuses what is from before the start: the cache does not know what a previous process answered. */
  readonly #clock: OfferClock;
  /** By the id of a device or a pairing. */
  readonly #senders = new Map<string, SenderBuckets>();
  readonly #strangers: TokenBucket;
  readonly #refusals: TokenBucket;
  readonly #replays = new ReplayCache(REPLAY_MS);

  constructor(options: OfferLimitsOptions) {
    this.#options = options;
    this.#clock = new OfferClock(options);
    this.#strangers = new TokenBucket(...STRANGERS, options.steady);
    this.#refusals = new TokenBucket(...REFUSALS, options.steady);
  }

  /** Number of remembered offers. */
  get remembered(): number {
    return this.#replays.size;
  }

  /**
   * Counts an offer of a device or a pairing.
   *
   * Replays and offers outside of the time window take nothing from the limit of the others.
   *
   * @param id Of the device or pairing. Callers must bound the number of ids.
   */
  judge(id: string, { time, tag }: Required<Pick<SealedOffer, "time" | "tag">>): Verdict {
    const buckets = this.#bucketsOf(id);
    if (!this.isInTime(time)) return buckets.skewed.take() ? "skewed" : "ignore";
    const now = this.#options.steady();
    if (this.#replays.has(tag, now)) return "ignore";
    // Not remembered: it gets no answer that a second one could repeat.
    if (!buckets.offers.take()) return buckets.busy.take() ? "busy" : "ignore";
    this.#replays.add(tag, now);
    this.#clock.note(time);
    return "open";
  }

  /** Counts an offer of a stranger. @returns Whether the limit of all strangers allows it. */
  takeStranger(): boolean {
    return this.#strangers.take();
  }

  /** Counts a plain refusal. @returns Whether the limit allows it. */
  takeRefusal(): boolean {
    return this.#refusals.take();
  }

  /** Whether an offer's time is in the time window, and not before the host's start. */
  isInTime(time: number): boolean {
    return this.#clock.isInTime(time);
  }

  /** The time that an offer should have now, in milliseconds since 1970. */
  now(): number {
    return this.#clock.now();
  }

  /** Remembers a stranger's offer, which is in time, for four minutes. @returns Whether it was new. */
  isNew({ enc, time }: Pick<SealedOffer, "enc" | "time">): boolean {
    this.#clock.note(time);
    return this.#replays.add(enc, this.#options.steady());
  }

  #bucketsOf(id: string): SenderBuckets {
    let buckets = this.#senders.get(id);
    if (!buckets) {
      this.#forget();
      const { steady } = this.#options;
      buckets = {
        offers: new TokenBucket(...OFFERS, steady),
        skewed: new TokenBucket(...SKEWED, steady),
        busy: new TokenBucket(...BUSY, steady),
      };
      this.#senders.set(id, buckets);
    }
    return buckets;
  }

  /** Forgets the buckets of deleted devices and pairings. */
  #forget(): void {
    const current = new Set(this.#options.senders().map(({ id }) => id));
    for (const id of this.#senders.keys()) if (!current.has(id)) this.#senders.delete(id);
  }
}
