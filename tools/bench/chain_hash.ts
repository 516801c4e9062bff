// A hash of a stream of any length, with what browsers have: WebCrypto's SHA-256 takes its input in
// one piece. Runs in pages, too.

const PIECE = 1024 * 1024;
const HASH = 32;

/**
 * Each MiB is hashed together with the hash of all before it. Two streams have equal hashes exactly
 * where they hold the same bytes in the same order, however those are cut into parts.
 */
export class ChainHash {
  /** The hash so far, then what has come of the next piece. */
  readonly #buffer = new Uint8Array(HASH + PIECE);
  #filled = 0;

  async add(part: Uint8Array): Promise<void> {
    for (let at = 0; at < part.length;) {
      const taken = part.subarray(at, at + PIECE - this.#filled);
      this.#buffer.set(taken, HASH + this.#filled);
      this.#filled += taken.length;
      at += taken.length;
      if (this.#filled === PIECE) await this.#fold();
    }
  }

  /** The hash of all that was added, in hex. Nothing may be added afterwards. */
  async end(): Promise<string> {
    await this.#fold();
    return [...this.#buffer.subarray(0, HASH)].map((byte) => byte.toString(16).padStart(2, "0"))
      .join("");
  }

  async #fold(): Promise<void> {
    const input = this.#buffer.subarray(0, HASH + this.#filled);
    this.#buffer.set(new Uint8Array(await crypto.subtle.digest("SHA-256", input)));
    this.#filled = 0;
  }
}
