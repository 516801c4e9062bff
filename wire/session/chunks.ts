// A queue of bytes whose overhead stays in proportion to them, however small the pieces.

/** Below this size pieces are put together, in bytes. */
const SMALL = 1024;

/** First in, first out. */
export class ChunkList {
  readonly #chunks: Uint8Array[] = [];

  /** Takes bytes; those that are a small part of the message they came in as a copy. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    const last = this.#chunks.length - 1;
    const tail = this.#chunks[last];
    if (bytes.length < SMALL && tail && tail.length < SMALL) {
      this.#chunks[last] = joined(tail, bytes);
    } else this.#chunks.push(bytes.length * 2 < bytes.buffer.byteLength ? bytes.slice() : bytes);
  }

  /** Takes the oldest bytes out. */
  shift(): Uint8Array | undefined {
    return this.#chunks.shift();
  }

  clear(): void {
    this.#chunks.length = 0;
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
