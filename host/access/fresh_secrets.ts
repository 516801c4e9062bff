// The secrets that pages make for the first messages of one session each (wire/signal/early.ts), where the
// host has given them none: those of strangers and of devices that pair. In memory only, for as long as an
// offer can count.
import { WINDOW_MS } from "./offer_clock.ts";
import type { Begins, Resumption } from "./resumption.ts";
import type { Taker } from "./shares.ts";

/** Most secrets of a page that count; and most that are remembered of all strangers, and of all devices. */
const MAX_OF_PAGE = 8;
export const MAX_FRESH = 4096;

/** Time for which a secret is remembered, in milliseconds: an earlier offer with it is not in time then. */
const LIFE_MS = 2 * WINDOW_MS;

/** A secret in an offer. */
export interface FreshSecret {
  /** Its name, see `ticketOf` of wire/. */
  ticket: string;
  secret: CryptoKey;
  begins: Begins;
}

interface Kept extends Resumption {
  readonly page: string;
  readonly until: number;
}

/** Options of {@linkcode FreshSecrets}. */
export interface FreshSecretsOptions {
  /** Monotonic clock, in milliseconds. @default performance.now */
  steady?: () => number;
}

/** The secrets of all pages, also those that count no more: none counts twice. */
export class FreshSecrets {
  readonly #steady: () => number;
  /** By page and ticket, the oldest first. Strangers take no room from devices. */
  readonly #ofDevices = new Map<string, Kept>();
  readonly #ofStrangers = new Map<string, Kept>();

  constructor({ steady = () => performance.now() }: FreshSecretsOptions = {}) {
    this.#steady = steady;
  }

  /** Number of remembered secrets. */
  get size(): number {
    return this.#ofDevices.size + this.#ofStrangers.size;
  }

  /**
   * Takes a secret: each begins or resumes one session.
   *
   * @returns Undefined if it counts no more, or is a new one and there is no room for it.
   */
  take(page: Taker, { ticket, secret, begins }: FreshSecret): Resumption | undefined {
    const now = this.#steady();
    const all = page.name === undefined ? this.#ofStrangers : this.#ofDevices;
    for (const [old, { until }] of all) {
      if (until > now) break;
      all.delete(old);
    }
    const key = `${page.id} ${ticket}`;
    const known = all.get(key);
    // Without a session, the first use is under way, or has failed.
    if (known) return known.isOver || known.session === undefined ? undefined : known;
    if (all.size >= MAX_FRESH) return undefined;
    const own = [...all.values()].filter((kept) => kept.page === page.id && !kept.isOver);
    if (own.length >= MAX_OF_PAGE) own[0]!.isOver = true;
    const kept: Kept = { secret, begins, page: page.id, until: now + LIFE_MS, isOver: false };
    all.set(key, kept);
    return kept;
  }

  /** Has a page's secrets count no more. */
  forget(id: string): void {
    for (const kept of [...this.#ofDevices.values(), ...this.#ofStrangers.values()]) {
      if (kept.page === id) kept.isOver = true;
    }
  }
}
