// Divides what the host has only so much of, such as places at a backend or bytes of memory. However
// much one device takes, the others keep something; all strangers together take as much as one device.
import { LighthouseError } from "../../wire/mod.ts";
import type { Principal } from "./principal.ts";

/** Who takes a share. */
export type Taker = Pick<Principal, "id" | "name">;

/** The bounds of {@linkcode Shares}, in their unit. */
export interface ShareLimits {
  /** For each device, and for all strangers together, also where the rest is taken. */
  own: number;
  /** Most of one device, and of all strangers together. One stranger takes a quarter of it at most. */
  each: number;
  /** Most that all take beyond their own. */
  all: number;
}

/** The part of `each` that one stranger may take. */
const OF_STRANGER = 1 / 4;

/** The name under which strangers count together. */
export const STRANGERS = "strangers";

/** The one that a principal counts as: its own device, or all strangers. */
export function groupOf({ id, name }: Taker): string {
  return name === undefined ? STRANGERS : id;
}

/** Counts what principals take. */
export class Shares {
  readonly #limits: ShareLimits;
  /** By group, and by stranger. */
  readonly #takenBy = new Map<string, number>();
  #taken = 0;
  #beyond = 0;

  constructor(limits: ShareLimits) {
    this.#limits = limits;
  }

  /** What all have taken. */
  get taken(): number {
    return this.#taken;
  }

  /** What a device has taken, or a stranger. */
  takenBy({ id }: Taker): number {
    return this.#takenBy.get(id) ?? 0;
  }

  /**
   * Takes an amount.
   *
   * @param part The part of the limits that may be taken so. @default 1
   * @returns Whether there was so much; if not, nothing is taken.
   */
  take(taker: Taker, amount: number, part = 1): boolean {
    const { own } = this.#limits;
    const each = part * this.#limits.each;
    const all = part * this.#limits.all;
    const group = groupOf(taker);
    const before = this.#takenBy.get(group) ?? 0;
    const after = before + amount;
    const beyond = Math.max(0, after - own) - Math.max(0, before - own);
    if (after > each || (beyond > 0 && this.#beyond + beyond > all)) return false;
    if (group !== taker.id && this.takenBy(taker) + amount > each * OF_STRANGER) return false;
    this.#count(taker, amount);
    return true;
  }

  /** Gives back what was taken. */
  give(taker: Taker, amount: number): void {
    this.#count(taker, -amount);
  }

  #count(taker: Taker, amount: number): void {
    const { own } = this.#limits;
    const group = groupOf(taker);
    const before = this.#takenBy.get(group) ?? 0;
    this.#taken += amount;
    this.#beyond += Math.max(0, before + amount - own) - Math.max(0, before - own);
    this.#note(group, before + amount);
    if (group !== taker.id) this.#note(taker.id, this.takenBy(taker) + amount);
  }

  #note(key: string, taken: number): void {
    if (taken > 0) this.#takenBy.set(key, taken);
    else this.#takenBy.delete(key);
  }
}

/** The error for a bound that is reached. @param what Such as "has all the WebSockets". */
export function busy(what: string): LighthouseError {
  return new LighthouseError("host-busy", `The host ${what} that it can. Try again later`);
}
