// One stream: a head and bytes each way, each direction with its own credit and its own end, so that
// a slow reader stops its own writer and nobody else (docs/wire.md, "Streams").
import type { ByteWriter } from "../bytes.ts";
import { type ErrorCode, LighthouseError } from "../error.ts";
import { DATA_OVERHEAD, type StreamFrame, writeFrame } from "./frame.ts";
import { HeadReader, writeHead } from "./head.ts";
import { type Held, INITIAL_LIMITS } from "./hello.ts";
import type { MemoryBudget } from "./memory_budget.ts";
import { ReceiveStream } from "./receive_stream.ts";
import type { RetransmitBudget } from "./retransmit_budget.ts";
import { SendStream } from "./send_stream.ts";
import { ReadableEnd, sendBody, WritableEnd } from "./web_streams.ts";

/** What a stream needs of its session. */
export interface StreamOwner {
  /** Bounds the bytes that the session's streams keep to send again. */
  readonly budget: RetransmitBudget;
  /** Counts the unread bytes, without those for which a window has grown. */
  readonly memory: MemoryBudget;
  /** The stream has something to send. */
  wake(stream: Stream): void;
  /** The window for the stream, whose reader has read enough of the present one for a CREDIT. */
  widen(stream: Stream): number;
  /** Called once, when neither end needs anything more of the stream. */
  forget(stream: Stream): void;
}

/** Most bytes of a DATA frame: memory of this length is used again (retransmit_budget.ts). */
const MAX_PIECE = 16 * 1024;

/**
 * A stream of a session. Each end sends a head, the one that opened it first; then both read
 * `readable` and write `writable`. The platform's streams are made when somebody asks for them: most
 * requests have no body, and one such stream costs as much as the rest of a small request.
 */
export class Stream {
  /** Unique in the session; 0 until the stream has begun to be sent. */
  id: number;
  /** The other end's head. Rejects when the stream is reset. */
  readonly head: Promise<Uint8Array>;
  /** Resolves when the stream ends, by both directions' end or by a reset. Never rejects. */
  readonly closed: Promise<void>;

  readonly #owner: StreamOwner;
  readonly #isOpener: boolean;
  readonly #abort = new AbortController();
  readonly #head = new HeadReader();
  readonly #closed = Promise.withResolvers<void>();
  readonly #outgoing: SendStream;
  readonly #incoming: ReceiveStream;
  #readable: ReadableEnd | undefined;
  #writable: WritableEnd | undefined;
  #reset: { code: ErrorCode; message: string } | undefined;
  #resetDue = false;
  #failed: { reason: unknown } | undefined;
  #forgotten = false;
  /** Unread bytes that were counted. */
  #counted = 0;

  /**
   * @param window Bytes that this end takes at first.
   * @param id The stream's number, on the end that accepts it.
   */
  constructor(owner: StreamOwner, window: number, id?: number) {
    this.#owner = owner;
    this.#isOpener = id === undefined;
    this.id = id ?? 0;
    this.#outgoing = new SendStream(0, owner.budget, () => owner.wake(this));
    this.#incoming = new ReceiveStream(window);
    this.head = this.#head.promise;
    this.closed = this.#closed.promise;
  }

  /**
   * The bytes that the other end writes after its head. Errors with a LighthouseError when the stream
   * is reset. Cancelled by the end that opened the stream, it resets the stream; by the other end, it
   * stops what comes.
   */
  get readable(): ReadableStream<Uint8Array> {
    if (!this.#readable) {
      this.#readable = new ReadableEnd(() => this.#deliver(), (reason) => {
        if (!this.#isOpener) return this.#stop();
        this.reset(LighthouseError.from(reason ?? "The reader left", "aborted"));
      });
      if (this.#failed) this.#readable.error(this.#failed.reason);
      else this.#deliver();
    }
    return this.#readable.stream;
  }

  /**
   * Takes Uint8Array chunks of any size; a write is done when all but 16 KiB have been sent. Errors
   * with `stopped` when the other end wants no more. Aborting it resets the stream.
   */
  get writable(): WritableStream<Uint8Array> {
    if (!this.#writable) {
      this.#writable = new WritableEnd(this.#outgoing, (reason) => {
        this.reset(LighthouseError.from(reason, "aborted"));
      });
      const { unwritable } = this.#outgoing;
      if (unwritable) this.#writable.error(unwritable.reason);
    }
    return this.#writable.stream;
  }

  /** Aborted, with the reason, when the stream is reset by either end or the session ends. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Sends this end's head. To be called once, before anything is written. */
  sendHead(payload: Uint8Array): void {
    this.#outgoing.queue(writeHead(payload));
  }

  /** Ends this end's direction, as closing `writable` does. */
  end(): void {
    this.#outgoing.end();
  }

  /**
   * Writes a body and ends this direction, as piping it to `writable` does, for less. When the stream
   * ends or the other end wants no more, cancels the body.
   *
   * @throws What the body fails with, and then the stream goes on; what `writable` would error with.
   */
  send(body: ReadableStream<Uint8Array>): Promise<void> {
    return sendBody(body, this.#outgoing);
  }

  /** Wants no more of what the other end sends, as cancelling `readable` does, unless somebody reads it. */
  ignore(): void {
    if (!this.#readable) this.#stop();
    else if (!this.readable.locked) this.readable.cancel().catch(() => {});
  }

  /**
   * Ends both directions at once and tells the other end why. Does nothing after the stream's end.
   *
   * @param error What the other end learns.
   * @param reason What this end's readable, writable and signal fail with. @default error
   */
  reset(error: LighthouseError, reason: unknown = error): void {
    if (this.#failed || this.#forgotten) return;
    const { code, message } = error;
    this.#fail(reason);
    if (this.id === 0) return this.#forget();
    this.#reset = { code, message };
    this.#resetDue = true;
    this.#owner.wake(this);
  }

  // What follows is for the session only.

  /** Whether all of the other end's head is here. */
  get hasHead(): boolean {
    return this.#head.isRead;
  }

  /** Whether bytes may still come or go: otherwise only news of the stream's end does. */
  get isOpen(): boolean {
    return !this.#incoming.over || !this.#outgoing.complete;
  }

  /** Whether the other end waits for this one: for its head, or for the rest behind a whole request. */
  get isAwaited(): boolean {
    const isWhole = this.#incoming.complete || this.#incoming.over;
    return !this.#outgoing.complete && (isWhole || this.#outgoing.sent === 0);
  }

  /** Bytes sent so far, each counted once. */
  get sent(): number {
    return this.#outgoing.sent;
  }

  /** Most bytes that this end takes ahead of its reader. */
  get window(): number {
    return this.#incoming.window;
  }

  /** What this end holds of the other's direction. */
  get held(): Held {
    return this.#incoming.held(this.id);
  }

  /** Whether there are bytes to send that may be sent. */
  get ready(): boolean {
    return !this.#reset && this.#outgoing.ready;
  }

  /** Whether there are other frames to send. */
  get due(): boolean {
    return this.#resetDue || this.#incoming.due;
  }

  /** Whether one of them changes what the other end does, which should get it at once. */
  get urgent(): boolean {
    return this.#resetDue || this.#incoming.urgent;
  }

  /** Begins to be sent. @param credit Bytes that the other end takes at first. */
  begin(id: number, credit: number): void {
    this.id = id;
    this.#outgoing.credit(0, credit);
  }

  /** Writes the frames that are due. */
  writeControl(writer: ByteWriter): void {
    // RESET goes first: a DONE before it would say that this end was content.
    if (this.#resetDue) writeFrame(writer, { type: "reset", stream: this.id, ...this.#reset! });
    this.#resetDue = false;
    this.#incoming.writeControl(writer, this.id);
    this.#settle();
  }

  /** Writes the next bytes, as many as fit into a frame. */
  writeData(writer: ByteWriter): void {
    try {
      const piece = this.#outgoing.take(Math.min(MAX_PIECE, writer.room - DATA_OVERHEAD));
      if (piece) writeFrame(writer, { type: "data", stream: this.id, ...piece });
    } catch (error) {
      this.reset(LighthouseError.from(error, "host-busy"));
    }
  }

  /** Takes a frame. One that breaks the rules resets this stream, and no other. */
  receive(frame: StreamFrame): void {
    try {
      switch (frame.type) {
        case "data":
          this.#incoming.receive(frame.offset, frame.bytes, frame.end);
          return this.#deliver();
        case "credit":
          this.#outgoing.credit(frame.received, frame.limit);
          if (this.ready) this.#owner.wake(this);
          return;
        case "stop":
          this.#outgoing.stop();
          // Once: an error takes longer than the rest, and the frame may come again.
          if (!this.#outgoing.unwritable) this.#endWriting(stopped());
          return this.#owner.wake(this);
        case "done":
          return this.#finishSending();
        case "reset":
          return this.#end(new LighthouseError(frame.code, frame.message));
      }
    } catch (error) {
      this.reset(LighthouseError.from(error, "bad-frame"));
    }
  }

  /**
   * Goes on over another carrier (docs/wire.md, "Resume").
   *
   * @param entry What the other end holds of the stream; undefined if it does not list it.
   * @param isNewer Whether the other end wrote its list before it could know of the stream.
   * @returns False when the other end has lost the stream.
   */
  resume(entry: Held | undefined, isNewer: boolean): boolean {
    if (entry?.limit === 0) this.#finishSending();
    else if (entry) this.receive({ type: "credit", ...entry });
    else if (!isNewer && this.#incoming.over) {
      // Both directions have ended, and the other end has forgotten the stream.
      this.#endUnwanted();
      this.#outgoing.finish();
      this.#forget();
      return true;
    } else if (!isNewer && !this.#isUnseen) return false;
    this.rewind();
    return true;
  }

  /** Repeats all that the other end may not know: the carrier of it is lost. */
  rewind(): void {
    this.#outgoing.rewind();
    this.#incoming.rewind();
    this.#resetDue = this.#reset !== undefined && !this.#outgoing.over;
    this.#owner.wake(this);
  }

  /** Ends both directions at this end only: the other cannot be told. */
  drop(reason: unknown): void {
    this.#fail(reason);
    this.#forget();
  }

  /** Whether the other end may not have seen the stream: no byte of it is known to have arrived. */
  get #isUnseen(): boolean {
    return this.#isOpener && this.#outgoing.received === 0;
  }

  #stop(): void {
    this.#incoming.stop();
    this.#count();
    if (this.due) this.#owner.wake(this);
  }

  /** Gives the reader the bytes that have arrived, as long as it wants some. */
  #deliver(): void {
    if (this.#failed) return;
    if (this.#head.read(this.#incoming)) this.#readable?.feed(this.#incoming);
    if (this.#incoming.creditDue) this.#incoming.widen(this.#owner.widen(this));
    this.#count();
    if (this.due) this.#owner.wake(this);
  }

  /** Counts the bytes that nobody has read. Ends the stream if there is no memory for them. */
  #count(): void {
    const { memory, stopped } = this.#incoming;
    const beyond = Math.max(0, memory - (this.window - INITIAL_LIMITS.credit));
    const unread = stopped ? 0 : beyond + (this.#readable?.unread ?? 0);
    const more = unread - this.#counted;
    if (more > 0 && !this.#owner.memory.take(more)) {
      return this.reset(
        new LighthouseError("host-busy", "There is no memory for what was received"),
      );
    }
    if (more < 0) this.#owner.memory.give(-more);
    this.#counted = unread;
  }

  /** The other end has reset the stream. */
  #end(error: LighthouseError): void {
    this.#outgoing.finish();
    this.#fail(error);
    this.#resetDue = false;
    this.#incoming.acknowledge();
    this.#owner.wake(this);
  }

  /** The other end needs nothing more. */
  #finishSending(): void {
    this.#endUnwanted();
    this.#outgoing.finish();
    this.#resetDue = false;
    this.#settle();
  }

  /** Where this end still had something to send, tells its writer that nobody wants it. */
  #endUnwanted(): void {
    if (this.#failed || this.#outgoing.complete) return;
    const reason = stopped();
    this.#endWriting(reason);
    this.#abort.abort(reason);
  }

  #endWriting(reason: unknown): void {
    this.#writable?.error(reason);
    this.#outgoing.refuseWrites(reason);
  }

  #fail(reason: unknown): void {
    if (this.#failed) return;
    this.#failed = { reason };
    this.#incoming.finish();
    this.#outgoing.stop();
    this.#count();
    this.#head.fail(reason);
    this.#readable?.error(reason);
    this.#endWriting(reason);
    this.#abort.abort(reason);
    this.#closed.resolve();
  }

  /** Ends when the other end has all that was sent, and knows that this end has all that it wants. */
  #settle(): void {
    if (this.#incoming.over && this.#outgoing.over && !this.due) this.#forget();
  }

  #forget(): void {
    if (this.#forgotten) return;
    this.#forgotten = true;
    this.#owner.memory.give(this.#counted);
    this.#counted = 0;
    this.#closed.resolve();
    this.#owner.forget(this);
  }
}

function stopped(): LighthouseError {
  return new LighthouseError("stopped", "The other side wants no more of the stream");
}
