// A queue of bytes whose overhead stays in proportion to them, however small the pieces.
import { concat } from "../bytes.ts";

/** Pieces smaller than this are joined, in bytes. */
const SMALL = 1024;

/** First in, first out. */
export class ChunkList {
  readonly #chunks: Uint8Array[] = [];

  /** Adds bytes. It copies those that are a small part of the message that brought them. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const last = this.#chunks.length - 1;
    const tail = this.#chunks[last];
    if (bytes.length < SMALL && tail && tail.length < SMALL) {
      this.#chunks[last] = concat(tail, bytes);
    } else this.#chunks.push(bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes);
  }

  /** Takes the oldest chunk. */
  shift(): Uint8Array | undefined {
    return this.#chunks.shift();
  }

  /** Takes exactly `length` of the oldest bytes. There must be as many. */
  take(length: number): Uint8Array {
    const parts: Uint8Array[] = [];
    for (let missing = length; missing > 0;) {
      const chunk = this.#chunks[0]!;
      const part = chunk.subarray(0, missing);
      parts.push(part);
      missing -= part.length;
      if (part.length < chunk.length) this.#chunks[0] = chunk.subarray(part.length);
      else this.#chunks.shift();
    }
    return concat(...parts);
  }

  clear(): void {
    this.#chunks.length = 0;
  }
}
