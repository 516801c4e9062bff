// The secrets that the host gives to devices, which seal the first messages of their next session with them
// (wire/signal/early.ts). In memory only: after a restart the host knows none, so that no offer of before
// can count again.
import { importResumptionSecret, RESUMPTION_BYTES, ticketOf } from "../../wire/mod.ts";

/** Most secrets of a device: its tabs share a connection, and each HELLO replaces the one before. */
const MAX_OF_DEVICE = 8;

/** Time for which a secret can be used, in milliseconds. */
const LIFE_MS = 24 * 3_600_000;

/**
 * Which sessions may begin in an offer: `any`; `new`, only one of which the page says that it is new, since
 * the process before this one may have begun the others; or `none`, so that the offer only resumes one.
 */
export type Begins = "any" | "new" | "none";

/** A secret that a page has. */
export interface Resumption {
  readonly secret: CryptoKey;
  /** What an offer with it may begin. */
  readonly begins: Begins;
  /**
   * The session that an offer with it has begun or resumed. Where the answer is lost, the device can ask
   * with the same secret, for this session only.
   */
  session?: string;
  /** Whether it counts no more: its device was revoked, or the session has a connection. */
  isOver: boolean;
}

interface Kept extends Resumption {
  ticket: string;
  until: number;
  isTaken: boolean;
}

/** Options of {@linkcode Resumptions}. */
export interface ResumptionsOptions {
  /** Monotonic clock, in milliseconds. @default performance.now */
  steady?: () => number;
}

/** The secrets of all devices. */
export class Resumptions {
  readonly #steady: () => number;
  /** By device, the oldest first. */
  readonly #all = new Map<string, Kept[]>();

  constructor({ steady = () => performance.now() }: ResumptionsOptions = {}) {
    this.#steady = steady;
  }

  /** Makes a secret for a device, 32 bytes. It counts once its ticket is computed, in a millisecond. */
  give(device: string): Uint8Array<ArrayBuffer> {
    const raw = crypto.getRandomValues(new Uint8Array(RESUMPTION_BYTES));
    this.#keep(device, raw.slice());
    return raw;
  }

  /**
   * Finds the secret of a ticket, and takes it: each begins or resumes one session.
   *
   * @returns Undefined if this device has no such secret, or if it counts no more.
   */
  take(device: string, ticket: string): Resumption | undefined {
    const kept = this.#of(device).find((one) => one.ticket === ticket);
    // The first use is under way.
    if (!kept || (kept.isTaken && kept.session === undefined)) return undefined;
    kept.isTaken = true;
    return kept;
  }

  /** Forgets the secrets of a device. */
  forget(device: string): void {
    for (const kept of this.#all.get(device) ?? []) kept.isOver = true;
    this.#all.delete(device);
  }

  async #keep(device: string, raw: Uint8Array<ArrayBuffer>): Promise<void> {
    const others = this.#of(device);
    this.#all.set(device, others);
    const secret = await importResumptionSecret(raw);
    const until = this.#steady() + LIFE_MS;
    const ticket = await ticketOf(secret);
    // The device was revoked meanwhile.
    if (this.#all.get(device) !== others) return;
    others.push({ secret, begins: "any", ticket, until, isTaken: false, isOver: false });
    if (others.length > MAX_OF_DEVICE) others.shift()!.isOver = true;
  }

  /** The secrets of a device that still count. */
  #of(device: string): Kept[] {
    const all = this.#all.get(device) ?? [];
    const now = this.#steady();
    for (let index = all.length - 1; index >= 0; index--) {
      if (all[index]!.isOver || all[index]!.until <= now) all.splice(index, 1);
    }
    return all;
  }
}
