// Fills messages with frames and sends them: first what the carrier and the session have to tell,
// then what streams have to tell, then the bytes of the streams in turn.
import { ByteWriter } from "../bytes.ts";
import type { Carrier } from "./carrier.ts";
import { DATA_OVERHEAD, MAX_MESSAGE_ACCEPTED, writeFrame } from "./frame.ts";
import { Scheduler } from "./scheduler.ts";
import type { Stream } from "./stream.ts";
import { MAX_STREAMS, type Streams } from "./streams.ts";

/** Time for which the news that a stream has ended waits for a message to go with, in milliseconds. */
const DONE_MS = 25;

/** The same where each message costs. */
const DONE_METERED_MS = 10_000;

/** Least room for bytes of a stream at the end of a message, in bytes. */
const MIN_DATA = 256;

/**
 * Most streams in a message whose control frames it has, two of each, and as many whose bytes it has: so
 * a message has fewer than 1,024 frames (docs/wire.md, "Frames"), and opens no more than 256 streams.
 */
const MAX_ENTRIES = 240;

/** Room that a stream's control frames may need, in bytes. */
const MAX_CONTROL = 700;

const NOTHING = new Uint8Array();

/** The part of {@linkcode Carrier} that the packer uses. */
export type PackerCarrier = Pick<
  Carrier,
  | "isFull"
  | "isInPace"
  | "isResting"
  | "isStandby"
  | "isDue"
  | "isMetered"
  | "maxMessage"
  | "write"
  | "send"
>;

/** Options of {@linkcode Packer}. */
export interface PackerOptions {
  /** The carriers to send on, in turn. Looked at for each message. */
  carriers: Iterable<PackerCarrier>;
  /** Those that wait begin when there is room in a message. */
  streams: Streams;
  /** Called with the number of bytes of streams in each message that has some. */
  onData: (bytes: number) => void;
  /** Calls back soon, see {@linkcode SessionOptions}. @default queueMicrotask */
  soon?: (callback: () => void) => void;
}

/** Whatever is woken in one turn shares a message. */
export class Packer {
  readonly #carriers: Iterable<PackerCarrier>;
  readonly #streams: Streams;
  readonly #onData: (bytes: number) => void;
  readonly #soon: (callback: () => void) => void;
  readonly #scheduler = new Scheduler();
  /** One for all messages: a buffer for each would keep the garbage collector busy. */
  readonly #writer = new ByteWriter(MAX_MESSAGE_ACCEPTED);
  /** Streams with control frames to send. */
  readonly #due = new Set<Stream>();
  /** Whether those are worth a message of their own. */
  #isUrgent = false;
  /** Makes them so in time. */
  #doneTimer: ReturnType<typeof setTimeout> | undefined;
  /** Numbers of streams that have ended here, and that the other end asked about. */
  readonly #forgotten = new Set<number>();
  #isGoawayDue = false;
  #isScheduled = false;
  #isStopped = false;

  constructor({ carriers, streams, onData, soon = queueMicrotask }: PackerOptions) {
    this.#carriers = carriers;
    this.#streams = streams;
    this.#onData = onData;
    this.#soon = soon;
  }

  /** Sends soon what a stream has. One that waits to begin has nothing yet. */
  wake(stream: Stream): void {
    if (this.#isStopped) return;
    if (stream.id === 0) return this.schedule();
    const { ready, due, urgent } = stream;
    if (ready) this.#scheduler.add(stream);
    if (due) this.#due.add(stream);
    this.#isUrgent ||= urgent;
    if (ready || urgent) return this.schedule();
    if (!due) return;
    const isMetered = [...this.#carriers].some((carrier) => carrier.isMetered);
    this.#doneTimer ??= setTimeout(() => {
      this.#doneTimer = undefined;
      this.#isUrgent = this.#due.size > 0;
      this.schedule();
    }, isMetered ? DONE_METERED_MS : DONE_MS);
  }

  /** Forgets a stream. */
  delete(stream: Stream): void {
    this.#due.delete(stream);
    this.#scheduler.delete(stream);
    if (this.#streams.waiting > 0) this.schedule();
  }

  /** Says DONE for a stream that has ended here: the DONE before may be lost. */
  answerForgotten(id: number): void {
    // More than these arrive only from an end that repeats itself: it can wait.
    if (this.#forgotten.size < MAX_STREAMS) this.#forgotten.add(id);
    this.schedule();
  }

  /** Says GOAWAY. */
  goAway(): void {
    this.#isGoawayDue = true;
    this.schedule();
  }

  /** Sends soon: what comes up until then goes into the same message. */
  schedule(): void {
    if (this.#isScheduled || this.#isStopped) return;
    this.#isScheduled = true;
    // Browsers refuse a `queueMicrotask` that is called as a method of something else.
    const soon = this.#soon;
    soon(() => {
      this.#isScheduled = false;
      this.#flush();
    });
  }

  /** Sends nothing more. */
  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#doneTimer);
  }

  /** One message on each carrier in turn, until there is nothing to send or no room. */
  #flush(): void {
    for (let isSent = true; isSent;) {
      isSent = false;
      for (const carrier of this.#carriers) {
        const message = this.#pack(carrier);
        if (message.length === 0) continue;
        carrier.send(message);
        isSent = true;
      }
    }
  }

  #pack(carrier: PackerCarrier): Uint8Array<ArrayBuffer> {
    if (carrier.isFull || this.#isStopped) return NOTHING;
    this.#beginStreams();
    const { isResting, isStandby } = carrier;
    const ready = isResting ? this.#scheduler.small : this.#scheduler.size;
    const hasData = carrier.isInPace && ready > 0 && !isStandby;
    const hasControl = !isStandby && (this.#isGoawayDue || this.#forgotten.size > 0 ||
      (this.#isUrgent && this.#due.size > 0));
    if (!hasData && !hasControl && !carrier.isDue) return NOTHING;
    const writer = this.#writer;
    writer.limit(carrier.maxMessage);
    carrier.write(writer);
    if (!isStandby) this.#writeControl(writer);
    if (hasData) this.#writeData(writer, isResting);
    return writer.finish();
  }

  #beginStreams(): void {
    for (let stream = this.#streams.begin(); stream; stream = this.#streams.begin()) {
      this.#scheduler.add(stream);
    }
  }

  #writeControl(writer: ByteWriter): void {
    if (this.#isGoawayDue) writeFrame(writer, { type: "goaway" });
    this.#isGoawayDue = false;
    let left = MAX_ENTRIES;
    const isFull = () => writer.room < MAX_CONTROL || left-- === 0;
    for (const stream of this.#forgotten) {
      if (isFull()) break;
      this.#forgotten.delete(stream);
      writeFrame(writer, { type: "done", stream });
    }
    for (const stream of this.#due) {
      if (isFull()) break;
      this.#due.delete(stream);
      stream.writeControl(writer);
    }
    this.#isUrgent &&= this.#due.size > 0;
  }

  #writeData(writer: ByteWriter, isResting: boolean): void {
    const { room } = writer;
    for (let left = MAX_ENTRIES; left > 0 && writer.room >= MIN_DATA + DATA_OVERHEAD; left--) {
      const stream = this.#scheduler.next(isResting);
      if (!stream) break;
      stream.writeData(writer);
      if (stream.ready) this.#scheduler.add(stream);
    }
    if (writer.room < room) this.#onData(room - writer.room);
  }
}
