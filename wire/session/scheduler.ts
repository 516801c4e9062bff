// Decides which stream sends next. Streams that have sent little go first, so that small requests
// overtake large transfers; within each kind streams take turns.
import type { Stream } from "./stream.ts";

/** Bytes after which a stream counts as a large transfer. */
const SMALL = 64 * 1024;

/** Turns of small streams after which a large one has a turn, so that it never starves. */
const SMALL_TURNS = 8;

/** Streams that have something to send. */
export class Scheduler {
  readonly #small = new Set<Stream>();
  readonly #large = new Set<Stream>();
  #turns = 0;

  /** Puts a stream at the end of its queue, unless it waits in one already. */
  add(stream: Stream): void {
    if (this.#small.has(stream) || this.#large.has(stream)) return;
    (stream.sent < SMALL ? this.#small : this.#large).add(stream);
  }

  /** Streams that wait for a turn. */
  get size(): number {
    return this.#small.size + this.#large.size;
  }

  /** Small ones among them. */
  get small(): number {
    return this.#small.size;
  }

  delete(stream: Stream): void {
    this.#small.delete(stream);
    this.#large.delete(stream);
  }

  /** Takes out the stream whose turn it is. @param onlySmall Whether large streams have to wait. */
  next(onlySmall = false): Stream | undefined {
    const isLarge = !onlySmall && this.#large.size > 0 &&
      (this.#small.size === 0 || this.#turns >= SMALL_TURNS);
    this.#turns = isLarge ? 0 : this.#turns + 1;
    const [stream] = isLarge ? this.#large : this.#small;
    if (stream) this.delete(stream);
    return stream;
  }
}
