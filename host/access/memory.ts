// The memory for bytes that pages make the host hold.
import type { MemoryBudget } from "../../wire/mod.ts";
import { busy, type ShareLimits, Shares, type Taker } from "./shares.ts";

const KiB = 1024;
const MiB = 1024 * KiB;

/** The host's memory for pages, in bytes. */
const MEMORY: ShareLimits = { own: MiB, each: 32 * MiB, all: 192 * MiB };

/** What each request, WebSocket and session holds besides: small ones go on whatever large ones take. */
const FREE = 16 * KiB;

/** A count of bytes that are held. */
export class Memory {
  readonly #shares: Shares;

  /** @param limits Replaces the defaults, for tests. */
  constructor(limits: Partial<ShareLimits> = {}) {
    this.#shares = new Shares({ ...MEMORY, ...limits });
  }

  /** Bytes that are held at the moment, without the free ones of each share. */
  get taken(): number {
    return this.#shares.taken;
  }

  /** Makes an empty share for one request, WebSocket or session. */
  share(taker: Taker, options?: ShareOptions): Share {
    return new Share(this.#shares, taker, options);
  }
}

/** Options of {@linkcode Memory.share}. */
export interface ShareOptions {
  /** Bytes that it holds besides what is counted. @default 16_384 */
  free?: number;
  /** The part of the memory that may be taken when this share grows. @default 1 */
  part?: number;
}

/** The part of a memory that one request, WebSocket or session takes. */
export class Share implements MemoryBudget {
  readonly #shares: Shares;
  readonly #taker: Taker;
  readonly #free: number;
  readonly #part: number | undefined;
  #taken = 0;

  constructor(shares: Shares, taker: Taker, { free = FREE, part }: ShareOptions = {}) {
    this.#shares = shares;
    this.#taker = taker;
    this.#free = free;
    this.#part = part;
  }

  /** Takes bytes. @returns Whether there was room for them. */
  take(bytes: number): boolean {
    const counted = this.#beyondFree(this.#taken + bytes) - this.#beyondFree(this.#taken);
    if (counted > 0 && !this.#shares.take(this.#taker, counted, this.#part)) return false;
    this.#taken += bytes;
    return true;
  }

  /** Takes bytes. @throws {LighthouseError} `host-busy` if there is no room. */
  claim(bytes: number): void {
    if (!this.take(bytes)) throw busy("holds all the bytes");
  }

  /** Gives bytes back. @param bytes At most those that are taken. @default all */
  give(bytes = this.#taken): void {
    const counted = this.#beyondFree(this.#taken) - this.#beyondFree(this.#taken - bytes);
    this.#taken -= bytes;
    if (counted > 0) this.#shares.give(this.#taker, counted);
  }

  #beyondFree(bytes: number): number {
    return Math.max(0, bytes - this.#free);
  }
}
