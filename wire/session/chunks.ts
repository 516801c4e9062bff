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
  take(length: number): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) {
      const chunk = this.#chunks.shift()!;
      const part = chunk.subarray(0, length - at);
      bytes.set(part, at);
      at += part.length;
      if (part.length < chunk.length) this.#chunks.unshift(chunk.subarray(part.length));
    }
    return bytes;
  }

  clear(): void {
    this.#chunks.length = 0;
  }
}
