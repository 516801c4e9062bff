// Bytes that depend on their place. Runs in pages, too.

const PART = 64 * 1024;

/** So many bytes, part by part: a multiple of 4. Words are equal only 16 GiB apart. */
export function* placedParts(total: number): Generator<Uint8Array<ArrayBuffer>> {
  for (let offset = 0; offset < total; offset += PART) {
    const words = new Uint32Array(Math.min(PART, total - offset) / 4);
    // An odd factor gives each number another one (Knuth's multiplicative hash).
    for (let at = 0; at < words.length; at++) words[at] = Math.imul(offset / 4 + at, 2_654_435_761);
    yield new Uint8Array(words.buffer);
  }
}
