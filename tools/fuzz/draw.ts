// Draws random inputs, also hostile ones, and mutates good inputs. A seed repeats them.
import { seededRandom } from "../testing/random.ts";

/** Numbers at which programs go wrong. */
const EDGES = [0, 1, 2, 63, 64, 127, 128, 255, 256, 16_383, 16_384, 65_535, 65_536, 2 ** 30];
const EXTREMES = [2 ** 31, 2 ** 32, 2 ** 53 - 1, 2 ** 53, -1, 0.5, NaN, Infinity];

/** Pieces of text at which programs go wrong. */
const PIECES = [
  "",
  "/",
  "//",
  "..",
  "/../",
  "%2e%2e%2f",
  "%00",
  "%",
  "\\",
  "\0",
  "\r\n",
  "\n",
  "\t",
  "\x1b[31m",
  "\u202e",
  "\u2028",
  "\ufeff",
  "\ud800",
  "é",
  "😀",
  ":",
  ";",
  ",",
  "=",
  "?",
  "#",
  "@",
  '"',
  "'",
  "<",
  "{",
  "[",
  "__proto__",
  "constructor",
  "javascript:",
  "http://",
  "file:///",
  "localhost",
  "127.0.0.1",
  "-1",
  "1e9",
  "NaN",
  "null",
];

/** Draws of one seed. */
export class Draw {
  /** The next random number, from 0 up to 1. */
  readonly random: () => number;

  constructor(seed: number) {
    this.random = seededRandom(seed);
  }

  /** A whole number from 0 up to `end`. */
  below(end: number): number {
    return Math.floor(this.random() * end);
  }

  /** True for a part of the draws. */
  chance(part: number): boolean {
    return this.random() < part;
  }

  pick<Kind>(list: readonly Kind[]): Kind {
    return list[this.below(list.length)]!;
  }

  /** A list of up to `most` elements. */
  list<Kind>(most: number, make: (at: number) => Kind): Kind[] {
    return Array.from({ length: this.below(most + 1) }, (_, at) => make(at));
  }

  /** A whole number from 0 to 2^53-1, often at an edge. */
  whole(): number {
    if (this.chance(0.6)) return Math.max(0, this.pick(EDGES) + this.below(3) - 1);
    return this.chance(0.5) ? this.below(1000) : Math.floor(this.random() * 2 ** 53);
  }

  bytes(most: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length: this.below(most + 1) }, () => this.below(256));
  }

  text(most = 40): string {
    const piece = () =>
      this.chance(0.5) ? this.pick(PIECES) : String.fromCharCode(32 + this.below(96));
    return this.list(Math.ceil(most / 4), piece).join("").slice(0, most);
  }

  /** Any value of JSON. */
  json(depth = 3): unknown {
    switch (this.below(depth > 0 ? 8 : 6)) {
      case 0:
        return null;
      case 1:
        return this.chance(0.5);
      case 2:
        return this.whole();
      case 3:
        return this.pick(EXTREMES);
      case 4:
      case 5:
        return this.text();
      case 6:
        return this.list(4, () => this.json(depth - 1));
      default:
        return Object.fromEntries(this.list(4, () => [this.text(12), this.json(depth - 1)]));
    }
  }

  /** Bytes with one to four changes: other bits, bytes put in, taken out, repeated or cut off. */
  mutateBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    let changed = [...bytes];
    for (let count = 1 + this.below(4); count > 0; count--) {
      const at = this.below(changed.length + 1);
      switch (this.below(6)) {
        case 0:
          if (at < changed.length) changed[at]! ^= 1 << this.below(8);
          break;
        case 1:
          if (at < changed.length) changed[at] = this.below(256);
          break;
        case 2:
          changed.splice(at, 0, ...this.bytes(8));
          break;
        case 3:
          changed.splice(at, 1 + this.below(4));
          break;
        case 4:
          changed.splice(at, 0, ...changed.slice(at, at + this.below(32)));
          break;
        default:
          changed = changed.slice(0, at);
      }
    }
    return Uint8Array.from(changed);
  }

  /** Text with one to four changes of the same kinds. */
  mutateText(text: string): string {
    let changed = text;
    for (let count = 1 + this.below(4); count > 0; count--) {
      const at = this.below(changed.length + 1);
      const end = at + this.below(8);
      const insert = this.chance(0.5) ? this.text(8) : changed.slice(at, end);
      changed = changed.slice(0, at) + insert + changed.slice(this.chance(0.5) ? at : end);
    }
    return changed;
  }

  /** A value of JSON with one to three members changed, taken out or added, at any depth. */
  mutateJson(value: unknown): unknown {
    let changed = value;
    for (let count = 1 + this.below(3); count > 0; count--) changed = this.#mutateOnce(changed);
    return changed;
  }

  #mutateOnce(value: unknown): unknown {
    if (typeof value !== "object" || value === null || this.chance(0.1)) {
      return typeof value === "string" && this.chance(0.7) ? this.mutateText(value) : this.json(2);
    }
    const entries = Object.entries(value);
    const at = this.below(entries.length + 1);
    const [key, member] = entries[at] ?? [this.text(8), undefined];
    if (this.chance(0.2)) entries.splice(at, 1);
    else entries.splice(at, 1, [key, this.#mutateOnce(member)]);
    return Array.isArray(value) ? entries.map(([, each]) => each) : Object.fromEntries(entries);
  }
}
