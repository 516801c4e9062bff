// The receiving direction of a stream: puts bytes in order, in whatever order and however often they
// arrive, and tells the other end what it may send (RFC 9000 §2.2, §3.2, §4.1). No I/O: the stream
// asks for the bytes and for the frames to send.
import type { ByteWriter } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { ChunkList } from "./chunks.ts";
import { writeFrame } from "./frame.ts";
import type { Held } from "./hello.ts";

/** Most gaps of a direction at once. Each lost packet makes one until it is sent again. */
const MAX_GAPS = 1024;

/** Most bytes that are read between two CREDITs: the other end keeps what it does not know to be here. */
const CREDIT_EVERY = 256 * 1024;

/** Memory that bytes beyond a gap need beside themselves, in bytes. */
const SEGMENT_BYTES = 384;

/** Bytes beyond a gap: those from offset `start` up to `end`. */
interface Segment {
  start: number;
  end: number;
  chunks: ChunkList;
}

/** Holds at most its window of unread bytes. */
export class ReceiveStream {
  /** In order, from `#read` up to `#received`. */
  readonly #ready = new ChunkList();
  /** In order, apart from each other, all beyond `#received`. */
  readonly #segments: Segment[] = [];
  /** Bytes in them. */
  #beyond = 0;
  #received = 0;
  #read = 0;
  #highest = 0;
  /** The offset behind the last byte; undefined before END. */
  #final: number | undefined;
  #window: number;
  #limit: number;
  #stopped = false;
  #over = false;
  /** Frames to send. */
  #creditAgain = false;
  #stopDue = false;
  #doneDue = false;

  /** @param window Most bytes that are unread or on their way. */
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

  /** Most bytes that are unread or on their way. */
  get window(): number {
    return this.#window;
  }

  /** Memory that the unread bytes need, in bytes. */
  get memory(): number {
    if (this.#stopped) return 0;
    return this.#received - this.#read + this.#beyond + this.#segments.length * SEGMENT_BYTES;
  }

  /** Whether the other end has nothing more to send: all was read, or nobody wants the rest. */
  get over(): boolean {
    return this.#over;
  }

  /** Whether all bytes are here for the reader, read or not. */
  get complete(): boolean {
    return !this.#stopped && this.#received === this.#final;
  }

  /** Whether the reader has left. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** What a HELLO says of this direction. @param stream Its number. */
  held(stream: number): Held {
    return { stream, received: this.#received, limit: this.#over ? 0 : this.#limit };
  }

  /** Whether enough was read for a CREDIT: a quarter of a small window, to keep them few. */
  get creditDue(): boolean {
    return !this.#over && !this.#stopped && this.#final === undefined &&
      this.#read + this.#window - this.#limit >= Math.min(this.#window / 4, CREDIT_EVERY);
  }

  /** Whether there are frames to send. */
  get due(): boolean {
    return this.#doneDue || this.urgent;
  }

  /** Whether one of them changes what the other end does, which should get it at once. */
  get urgent(): boolean {
    return this.#creditAgain || this.#stopDue || this.creditDue;
  }

  /** Writes the frames to send. @param stream Its number. */
  writeControl(writer: ByteWriter, stream: number): void {
    if (this.#creditAgain || this.creditDue) {
      writeFrame(writer, {
        type: "credit",
        stream,
        received: this.#received,
        limit: this.giveCredit(),
      });
    }
    if (this.#stopDue) writeFrame(writer, { type: "stop", stream });
    if (this.#doneDue) writeFrame(writer, { type: "done", stream });
    this.#creditAgain = this.#stopDue = this.#doneDue = false;
  }

  /** Repeats what the other end may not know: the carrier of it is lost. */
  rewind(): void {
    this.#creditAgain = !this.#over;
    this.#stopDue = this.#stopped && !this.#over;
    this.#doneDue = this.#over;
  }

  /** Raises the limit by the bytes read since. @returns The new limit. */
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
    if (this.#stopped) {
      if (end) this.#end();
      return;
    }
    if (offset <= this.#received) this.#append(offset, bytes);
    else if (bytes.length > 0) this.#keep(offset, bytes);
    this.#noteRead(0);
  }

  /** The next bytes in order; undefined while there are no bytes. */
  read(): Uint8Array | undefined {
    const chunk = this.#ready.shift();
    if (chunk) this.#noteRead(chunk.length);
    return chunk;
  }

  /** The next bytes, exactly `length` of them; undefined while there are fewer. */
  readExactly(length: number): Uint8Array | undefined {
    if (this.#stopped || this.#received - this.#read < length) return undefined;
    const bytes = this.#ready.take(length);
    this.#noteRead(length);
    return bytes;
  }

  /** The reader leaves: drops the unread bytes and all that come, and tells the other end. */
  stop(): void {
    if (this.#over) return;
    this.#drop();
    if (this.#final !== undefined) this.#end();
    else this.#stopDue = true;
  }

  /** Ends the direction without a word to the other end. */
  finish(): void {
    this.#drop();
    this.#over = true;
    this.#creditAgain = this.#stopDue = this.#doneDue = false;
  }

  /** Sends DONE for a direction that was reset. */
  acknowledge(): void {
    this.#doneDue = true;
  }

  #drop(): void {
    this.#stopped = true;
    this.#ready.clear();
    this.#segments.length = this.#beyond = 0;
  }

  #noteRead(bytes: number): void {
    this.#read += bytes;
    if (this.#read === this.#final) this.#end();
  }

  #end(): void {
    if (this.#over) return;
    this.#over = this.#doneDue = true;
    this.#creditAgain = this.#stopDue = false;
  }

  #append(offset: number, bytes: Uint8Array): void {
    this.#advance(offset, bytes);
    let count = 0;
    for (const { start, end, chunks } of this.#segments) {
      if (start > this.#received) break;
      count++;
      this.#beyond -= end - start;
      let at = start;
      for (let chunk = chunks.shift(); chunk; chunk = chunks.shift()) {
        this.#advance(at, chunk);
        at += chunk.length;
      }
    }
    if (count > 0) this.#segments.splice(0, count);
  }

  #advance(offset: number, bytes: Uint8Array): void {
    const fresh = bytes.subarray(Math.min(bytes.length, this.#received - offset));
    this.#ready.push(fresh);
    this.#received += fresh.length;
  }

  /** Keeps bytes beyond a gap, if there are no others yet. */
  #keep(offset: number, bytes: Uint8Array): void {
    const stop = offset + bytes.length;
    for (let at = offset, index = this.#indexBehind(offset); at < stop; index++) {
      const here = this.#segments[index];
      if (here && here.start <= at) {
        at = here.end;
        continue;
      }
      const end = Math.min(stop, here?.start ?? stop);
      const fresh = bytes.subarray(at - offset, end - offset);
      this.#beyond += fresh.length;
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

  /** The first segment that ends behind an offset: by halves, since the other end chooses the gaps. */
  #indexBehind(offset: number): number {
    let low = 0;
    for (let high = this.#segments.length; low < high;) {
      const middle = (low + high) >> 1;
      if (this.#segments[middle]!.end > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}

function bad(what: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot go on with the stream: it received ${what}`);
}
