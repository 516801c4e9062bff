// Hashes a stream of any length by WebCrypto, whose SHA-256 takes its input in one piece. Runs in
// pages, too.

const PIECE = 1024 * 1024;
const HASH = 32;

/**
 * Hashes each MiB together with the hash of all bytes before it. Two streams have equal hashes if they
 * hold the same bytes in the same order; the boundaries of their parts do not matter.
 */
export class ChainHash {
  /** The hash so far, then the bytes received of the next piece. */
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

  /** Returns the hash of all bytes added, in hex. Accepts no bytes afterwards. */
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
