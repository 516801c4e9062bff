// Memory for the bytes of pages, with a bound for all of it and one for the part of each principal.
import { LighthouseError } from "../../wire/mod.ts";

/** Bounds of a {@linkcode Memory}, in bytes. */
export interface MemoryLimits {
  /** For all principals together. */
  all: number;
  /** For each principal. */
  each: number;
}

/** A count of bytes that are held. */
export class Memory {
  readonly #what: string;
  readonly #limits: MemoryLimits;
  readonly #takenBy = new Map<string, number>();
  #taken = 0;

  /** @param what What the bytes are, for the error: "the messages". */
  constructor(what: string, limits: MemoryLimits) {
    this.#what = what;
    this.#limits = limits;
  }

  /** Bytes that are held at the moment. */
  get taken(): number {
    return this.#taken;
  }

  /** Makes an empty share. @param principal The id of the principal whose bytes it will hold. */
  share(principal: string): Share {
    return new Share((bytes) => this.#take(principal, bytes));
  }

  /** @param bytes Negative to give them back. @throws {LighthouseError} `host-busy`. */
  #take(principal: string, bytes: number): void {
    const own = (this.#takenBy.get(principal) ?? 0) + bytes;
    const isTooMuch = this.#taken + bytes > this.#limits.all || own > this.#limits.each;
    if (bytes > 0 && isTooMuch) throw busy(`holds all ${this.#what}`);
    this.#taken += bytes;
    if (own > 0) this.#takenBy.set(principal, own);
    else this.#takenBy.delete(principal);
  }
}

/** The part of a memory that one request or socket takes. */
export class Share {
  readonly #take: (bytes: number) => void;
  #taken = 0;

  /** @param take Takes bytes of the memory, or gives them back where the number is negative. */
  constructor(take: (bytes: number) => void) {
    this.#take = take;
  }

  /** @throws {LighthouseError} `host-busy`. */
  take(bytes: number): void {
    this.#take(bytes);
    this.#taken += bytes;
  }

  /** Gives bytes back. @param bytes At most those that are taken. @default all */
  release(bytes = this.#taken): void {
    this.#taken -= bytes;
    this.#take(-bytes);
  }
}

/** The error for a bound that is reached. @param what Such as "has all the WebSockets". */
export function busy(what: string): LighthouseError {
  return new LighthouseError("host-busy", `The host ${what} that it can. Try again later`);
}
