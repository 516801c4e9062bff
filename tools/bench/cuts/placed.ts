// Bytes that depend on their offset. Runs in pages, too.

const PART = 64 * 1024;

/** Yields `total` bytes in parts: a multiple of 4. Words repeat only after 16 GiB. */
export function* placedParts(total: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let offset = 0; offset < total; offset += PART) {
    const words = new Uint32Array(Math.min(PART, total - offset) / 4);
    // An odd factor maps each number to another (Knuth's multiplicative hash).
    for (let at = 0; at < words.length; at++) words[at] = Math.imul(offset / 4 + at, 2_654_435_761);
    yield new Uint8Array(words.buffer);
  }
}
