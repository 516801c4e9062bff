// The incoming direction of a stream: puts bytes in order, in whatever order they arrive and however
// often, and gives credit for what was read. No I/O (RFC 9000 §2.2, §4.1).
import { LighthouseError } from "../error.ts";
import { ChunkList } from "./chunks.ts";

/** Gaps that a direction may have at once. Each lost packet makes one until it is sent again. */
const MAX_GAPS = 1024;

/** Bytes beyond a gap. */
interface Segment {
  start: number;
  end: number;
  chunks: ChunkList;
}

/** Holds at most its window of unread bytes. */
export class ReceiveHalf {
  readonly #ready = new ChunkList();
  /** In order, apart from each other, all beyond `#received`. */
  readonly #segments: Segment[] = [];
  #received = 0;
  #read = 0;
  #highest = 0;
  #final: number | undefined;
  #window: number;
  #limit: number;
  #stopped = false;
  #over = false;

  /** @param window Bytes that may be unread or on their way. */
  constructor(window: number) {
    this.#window = window;
    this.#limit = window;
  }

  /** All bytes below this offset are here. */
  get received(): number {
    return this.#received;
  }

  /** The other end may send up to this offset. */
  get limit(): number {
    return this.#limit;
  }

  /** Bytes that may be unread or on their way. */
  get window(): number {
    return this.#window;
  }

  /** Whether nothing more is needed of the other end: all has been read, or nobody wants it. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether enough was read for a CREDIT: a quarter of the window, to keep them few. */
  get creditDue(): boolean {
    return !this.#over && !this.#stopped && this.#final === undefined &&
      this.#read + this.#window - this.#limit >= this.#window / 4;
  }

  /** Raises the limit by what was read since. @returns the new limit. */
  giveCredit(): number {
    this.#limit = Math.max(this.#limit, this.#read + this.#window);
    return this.#limit;
  }

  /** Makes the window larger from the next credit on. */
  widen(window: number): void {
    this.#window = Math.max(this.#window, window);
  }

  /**
   * Takes bytes that may overlap others.
   *
   * @throws {LighthouseError} `bad-frame` when they exceed the credit, lie beyond the end, contradict
   * the end known before, or leave too many gaps.
   */
  receive(offset: number, bytes: Uint8Array, end: boolean): void {
    const stop = offset + bytes.length;
    if (stop > this.#limit) throw bad("more bytes than there was credit for");
    if (this.#final !== undefined && (stop > this.#final || (end && stop !== this.#final))) {
      throw bad("bytes beyond its end");
    }
    if (end && stop < this.#highest) throw bad("an end before bytes that it has received");
    if (end) this.#final = stop;
    this.#highest = Math.max(this.#highest, stop);
    if (this.#over) return;
    if (this.#stopped) this.#over = end;
    else if (offset <= this.#received) this.#append(offset, bytes);
    else if (bytes.length > 0) this.#keep(offset, bytes);
    this.#finish();
  }

  /** The next bytes in order, undefined while there are none. */
  read(): Uint8Array | undefined {
    const chunk = this.#ready.shift();
    if (chunk) this.#read += chunk.length;
    this.#finish();
    return chunk;
  }

  /** Drops what is unread and whatever comes. */
  stop(): void {
    this.#stopped = true;
    this.#ready.clear();
    this.#segments.length = 0;
    if (this.#final !== undefined) this.#over = true;
  }

  /** Nothing comes any more. */
  finish(): void {
    this.stop();
    this.#over = true;
  }

  #finish(): void {
    if (this.#read === this.#final) this.#over = true;
  }

  #append(offset: number, bytes: Uint8Array): void {
    this.#advance(offset, bytes);
    while (this.#segments.length > 0 && this.#segments[0]!.start <= this.#received) {
      const { start, chunks } = this.#segments.shift()!;
      let at = start;
      for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
        this.#advance(at, chunk);
        at += chunk.length;
      }
    }
  }

  #advance(offset: number, bytes: Uint8Array): void {
    const fresh = bytes.subarray(Math.min(bytes.length, this.#received - offset));
    this.#ready.push(fresh);
    this.#received += fresh.length;
  }

  /** Puts bytes beyond a gap, where no others are yet. */
  #keep(offset: number, bytes: Uint8Array): void {
    const stop = offset + bytes.length;
    let index = this.#segments.findIndex(({ end }) => end > offset);
    if (index < 0) index = this.#segments.length;
    for (let at = offset; at < stop; index++) {
      const here = this.#segments[index];
      if (here && here.start <= at) {
        at = here.end;
        continue;
      }
      const end = Math.min(stop, here?.start ?? stop);
      const fresh = bytes.subarray(at - offset, end - offset);
      const before = this.#segments[index - 1];
      if (before?.end === at) {
        before.chunks.push(fresh);
        before.end = end;
        index--;
      } else {
        if (this.#segments.length === MAX_GAPS) throw bad("bytes with too many gaps");
        const chunks = new ChunkList();
        chunks.push(fresh);
        this.#segments.splice(index, 0, { start: at, end, chunks });
      }
      at = end;
    }
  }
}

function bad(what: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot go on with the stream: it received ${what}`);
}
