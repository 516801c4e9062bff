// The bytes that all contenders move. Making and checking them costs next to nothing, so that the bench
// measures the path, not its ends. Runs in pages, too.

/** At each multiple of this offset stands the low byte of the number of blocks before it. */
const BLOCK = 1024;

/** Other bytes repeat one random period, which is stored twice, so that any part is a slice. */
const PERIOD = 64 * 1024;
const FILL = new Uint8Array(2 * PERIOD);
crypto.getRandomValues(FILL.subarray(0, PERIOD));
FILL.copyWithin(PERIOD, 0);

/** Bytes of a raw channel's message: the size of the product's frames. */
export const RAW_PIECE = 16 * 1024;

/** Limit of bytes queued at a raw channel's end, besides SCTP's buffer. More is no faster. */
export const RAW_HIGH_WATER = 1024 * 1024;

/**
 * Yields a payload in parts.
 *
 * @param size Bytes of each part: a multiple of 1024, at most 64 KiB.
 */
export function* payloadParts(total: number, size: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let offset = 0; offset < total; offset += size) {
    const start = offset % PERIOD;
    const part = FILL.slice(start, start + Math.min(size, total - offset));
    for (let at = 0; at < part.length; at += BLOCK) part[at] = (offset + at) / BLOCK;
    yield part;
  }
}

/** Returns a payload as a body, made while it is read. */
export function payloadStream(total: number): ReadableStream<Uint8Array<ArrayBuffer>> {
  const parts = payloadParts(total, 64 * 1024);
  return new ReadableStream({
    pull(controller) {
      const { value } = parts.next();
      if (value) controller.enqueue(value);
      else controller.close();
    },
  });
}

/**
 * Checks that a payload has arrived. It notices lost, doubled and foreign parts, but not whole parts in
 * another order, since a raw channel may be unordered.
 */
export class Tally {
  bytes = 0;
  #sum = 0;

  add(part: Uint8Array): void {
    for (let at = (BLOCK - this.bytes % BLOCK) % BLOCK; at < part.length; at += BLOCK) {
      this.#sum += part[at]!;
    }
    this.bytes += part.length;
  }

  /** @throws {Error} If the bytes are not a whole payload of `total` bytes. */
  check(total: number): void {
    let sum = 0;
    for (let block = 0; block * BLOCK < total; block++) sum += block % 256;
    if (this.bytes !== total) {
      throw new Error(`Cannot count the transfer: ${this.bytes} of ${total} bytes arrived`);
    }
    if (this.#sum !== sum) throw new Error("Cannot count the transfer: other bytes arrived");
  }
}

/** Waits for a payload that arrives in messages. */
export class Receipt {
  /** Resolves when the payload is whole; rejects if other bytes arrived. */
  readonly done: Promise<void>;
  readonly #tally = new Tally();
  readonly #total: number;
  readonly #settle = Promise.withResolvers<void>();

  constructor(total: number) {
    this.#total = total;
    this.done = this.#settle.promise;
  }

  /** Number of bytes that have arrived. */
  get bytes(): number {
    return this.#tally.bytes;
  }

  /** @returns Whether the payload is whole. */
  add(part: Uint8Array): boolean {
    this.#tally.add(part);
    if (this.bytes < this.#total) return false;
    try {
      this.#settle.resolve(this.#tally.check(this.#total));
    } catch (error) {
      this.#settle.reject(error);
    }
    return true;
  }
}
