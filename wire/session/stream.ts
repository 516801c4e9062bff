// One stream: a head and bytes each way, each direction with its own credit and its own end, so that
// a slow reader stops its own writer and nobody else (docs/wire.md, "Streams").
import type { ByteWriter } from "../bytes.ts";
import { type ErrorCode, LighthouseError } from "../error.ts";
import { ChunkList } from "./chunks.ts";
import { DATA_OVERHEAD, writeFrame } from "./frame.ts";
import type { Held } from "./hello.ts";
import { ReceiveHalf } from "./receive_half.ts";
import type { RetransmitBudget } from "./retransmit_budget.ts";
import { SendHalf } from "./send_half.ts";

/** Most bytes of a head: with its length it fits into the credit that every stream begins with. */
export const MAX_HEAD = 60 * 1024;

/** Bytes that a reader is given ahead of its reading. */
const READ_AHEAD = 64 * 1024;

/**
 * Bytes that may wait to be sent before a writer has to: what is written and ended at once then leaves
 * as one message, and the next part of a body is fetched while the last of the one before is sent.
 */
const WRITE_AHEAD = 16 * 1024;

/** Bytes before a head: its length, 32 bits, big endian. */
const HEAD_LENGTH = 4;

/** What a stream needs of its session. */
export interface StreamOwner {
  /** What its streams may keep of what they sent. */
  readonly share: RetransmitBudget;
  /** The stream has something to send. */
  wake(stream: Stream): void;
  /** The window for the stream, now that its reader has read what was in the old one. */
  widen(stream: Stream): number;
  /** Called once, when neither end needs anything more of the stream. */
  forget(stream: Stream): void;
}

/**
 * A stream of a session. Each end sends a head, the one that opened it first; then both read
 * `readable` and write `writable`. These are made when they are asked for: most requests have no body,
 * and to make a stream of the platform's costs as much as all else that is done for a small one.
 */
export class Stream {
  /** Unique in the session; 0 until the stream has begun to be sent. */
  id = 0;
  /** The other end's head. Rejects when the stream is reset. */
  readonly head: Promise<Uint8Array>;
  /** Resolves when the stream is over, by both directions' end or by a reset. Never rejects. */
  readonly closed: Promise<void>;

  readonly #owner: StreamOwner;
  readonly #opener: boolean;
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<Uint8Array>();
  readonly #closed = Promise.withResolvers<void>();

  readonly #sending: SendHalf;
  readonly #receiving: ReceiveHalf;
  /** The head so far; undefined once it is complete. */
  #headBytes: ChunkList | undefined = new ChunkList();
  #headHeld = 0;
  #headSize: number | undefined;

  #readable: ReadableStream<Uint8Array> | undefined;
  #reader: ReadableStreamDefaultController<Uint8Array> | undefined;
  /** What came behind the head in its message. */
  #rest: Uint8Array = NOTHING;
  #writable: WritableStream<Uint8Array> | undefined;
  #writer: WritableStreamDefaultController | undefined;
  /** Ends the write under way, if one is. */
  #written: (() => void) | undefined;
  /** Called when nothing more can be written. */
  #onUnwritable: ((reason: unknown) => void) | undefined;
  #unwritable: { reason: unknown } | undefined;

  #readDone = false;
  #creditDue = false;
  #doneDue = false;
  #stopping = false;
  #stopDue = false;
  #reset: { code: ErrorCode; message: string } | undefined;
  #resetDue = false;
  #failed: { reason: unknown } | undefined;
  #forgotten = false;

  /**
   * @param window Bytes that this end takes at first.
   * @param id The stream's number, on the end that accepts it.
   */
  constructor(owner: StreamOwner, window: number, id?: number) {
    this.#owner = owner;
    this.#opener = id === undefined;
    this.id = id ?? 0;
    this.#sending = new SendHalf(0, owner.share);
    this.#receiving = new ReceiveHalf(window);
    this.head = this.#head.promise;
    this.head.catch(() => {});
    this.closed = this.#closed.promise;
  }

  /**
   * What the other end writes after its head. Errors with a LighthouseError when the stream is reset.
   * Cancelled by the end that opened the stream, it resets it; by the other, it stops what comes.
   */
  get readable(): ReadableStream<Uint8Array> {
    return this.#readable ??= new ReadableStream({
      start: (controller) => {
        this.#reader = controller;
        if (this.#failed) return controller.error(this.#failed.reason);
        if (this.#rest.length > 0) controller.enqueue(this.#rest);
        this.#rest = NOTHING;
        if (this.#readDone) controller.close();
      },
      pull: () => this.#feed(),
      cancel: (reason) => {
        if (this.#opener) this.reset(LighthouseError.from(reason ?? "The reader left", "aborted"));
        else this.#stop();
      },
    }, { highWaterMark: READ_AHEAD, size: (chunk) => chunk!.length });
  }

  /**
   * Takes Uint8Array chunks of any size; a write is done when all but 16 KiB have been sent. Errors
   * with `stopped` when the other end wants no more. Aborting it resets the stream.
   */
  get writable(): WritableStream<Uint8Array> {
    return this.#writable ??= new WritableStream({
      start: (controller) => {
        this.#writer = controller;
        if (this.#unwritable) return controller.error(this.#unwritable.reason);
        controller.signal.addEventListener("abort", () => {
          // A sink is told by `abort` only once no write is under way: one that waits for credit must end.
          this.reset(LighthouseError.from(controller.signal.reason, "aborted"));
        });
      },
      write: (chunk) => this.#write(chunk),
      close: () => this.end(),
    });
  }

  /** Aborted, with the reason, when the stream is reset by either end or the session ends. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Whether bytes may still come, or go: what is left of a stream without is news of its end. */
  get isOpen(): boolean {
    return !this.#receiving.over || !this.#sending.complete;
  }

  /** Bytes sent so far. */
  get sent(): number {
    return this.#sending.sent;
  }

  /** Bytes that this end takes ahead of its reader. */
  get window(): number {
    return this.#receiving.window;
  }

  /** Whether all of the other end's head is here. */
  get hasHead(): boolean {
    return this.#headBytes === undefined;
  }

  /** Sends this end's head. To be called once, before anything is written. */
  sendHead(payload: Uint8Array): void {
    const bytes = new Uint8Array(HEAD_LENGTH + payload.length);
    new DataView(bytes.buffer).setUint32(0, payload.length);
    bytes.set(payload, HEAD_LENGTH);
    this.#sending.write(bytes);
    this.#owner.wake(this);
  }

  /** Ends this end's direction, as closing `writable` does. */
  end(): void {
    if (this.#unwritable) return;
    this.#sending.end();
    this.#owner.wake(this);
  }

  /**
   * Writes a body and ends this direction, as piping it to `writable` does, for less. What the other
   * end wants no more of, or cannot have, is cancelled at its source.
   *
   * @throws what the body fails with, and then the stream goes on; what `writable` would error with.
   */
  async send(body: ReadableStream<Uint8Array>): Promise<void> {
    const reader = body.getReader();
    const cancel = (reason: unknown) => void reader.cancel(reason).catch(() => {});
    this.#onUnwritable = cancel;
    try {
      while (!this.#unwritable) {
        const { done, value } = await reader.read();
        if (this.#unwritable) break;
        if (done) return this.end();
        await this.#write(value);
      }
      throw this.#unwritable.reason;
    } catch (error) {
      cancel(error);
      throw error;
    }
  }

  /** Wants no more of what the other end sends, as cancelling `readable` does, unless somebody reads it. */
  ignore(): void {
    if (!this.#readable) this.#stop();
    else if (!this.#readable.locked) this.#readable.cancel().catch(() => {});
  }

  /**
   * Ends both directions at once and tells the other end why. Does nothing on a stream that is over.
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

  // What follows is for the session alone.

  /** Whether it has bytes to send and may. */
  get ready(): boolean {
    return !this.#reset && this.#sending.ready;
  }

  /** Whether anything else is to be told. */
  get due(): boolean {
    return this.urgent || this.#doneDue;
  }

  /** Whether that changes what the other end does, which then should hear of it at once. */
  get urgent(): boolean {
    return this.#creditDue || this.#stopDue || this.#resetDue;
  }

  /** What this end holds of the other's direction. */
  get held(): Held {
    const { received, limit, over } = this.#receiving;
    return { stream: this.id, received, limit: over ? 0 : limit };
  }

  /** Begins to be sent. */
  begin(id: number, credit: number): void {
    this.id = id;
    this.#sending.credit(0, credit);
  }

  /** Writes what is to be told. */
  writeControl(writer: ByteWriter): void {
    const { id: stream } = this;
    if (this.#creditDue) {
      const { received } = this.#receiving;
      writeFrame(writer, {
        type: "credit",
        stream,
        received,
        limit: this.#receiving.giveCredit(),
      });
    }
    if (this.#stopDue) writeFrame(writer, { type: "stop", stream });
    if (this.#resetDue) writeFrame(writer, { type: "reset", stream, ...this.#reset! });
    if (this.#doneDue) writeFrame(writer, { type: "done", stream });
    this.#creditDue =
      this.#stopDue =
      this.#resetDue =
      this.#doneDue =
        false;
    this.#settle();
  }

  /** Writes the next bytes, as many as fit. */
  writeData(writer: ByteWriter): void {
    const piece = this.#sending.take(writer.room - DATA_OVERHEAD);
    if (piece) writeFrame(writer, { type: "data", stream: this.id, ...piece });
    if (this.#sending.waiting <= WRITE_AHEAD) this.#finishWrite();
  }

  /** @throws {LighthouseError} `bad-frame` when it breaks the protocol; then it is to be reset. */
  receiveData(offset: number, bytes: Uint8Array, end: boolean): void {
    this.#receiving.receive(offset, bytes, end);
    this.#feed();
  }

  /** @throws {LighthouseError} `bad-frame` as above. */
  receiveCredit(received: number, limit: number): void {
    this.#sending.credit(received, limit);
    if (this.ready) this.#owner.wake(this);
  }

  receiveStop(): void {
    this.#sending.stop();
    this.#endWriting(stopped());
    this.#owner.wake(this);
  }

  receiveDone(): void {
    this.#unwanted();
    this.#sending.finish();
    this.#finishWrite();
    this.#resetDue = false;
    this.#settle();
  }

  receiveReset(code: ErrorCode, message: string): void {
    this.#doneDue = true;
    this.#resetDue = false;
    this.#sending.finish();
    this.#fail(new LighthouseError(code, message));
    this.#owner.wake(this);
  }

  /** Says everything again that the other end may not know: what carried it is lost. */
  rewind(): void {
    this.#sending.rewind();
    this.#creditDue = !this.#receiving.over;
    this.#resetDue = this.#reset !== undefined && !this.#sending.over;
    this.#stopDue = this.#stopping && !this.#receiving.over;
    this.#doneDue = this.#receiving.over;
    this.#owner.wake(this);
  }

  /**
   * The other end does not list the stream on a new carrier.
   *
   * @returns false when that cannot be.
   */
  unlisted(): boolean {
    // It has forgotten what is over at both ends; and what has not arrived yet, it has not seen.
    if (this.#receiving.over) {
      this.#unwanted();
      this.#forget();
    } else if (this.#opener && this.#sending.received === 0) this.rewind();
    else return false;
    return true;
  }

  /** The other end needs nothing more, though this one is not through: whoever writes is told. */
  #unwanted(): void {
    if (this.#failed || this.#sending.complete) return;
    const reason = stopped();
    this.#endWriting(reason);
    this.#abort.abort(reason);
  }

  /** Ends both directions at this end alone: the other cannot be told. */
  drop(reason: unknown): void {
    this.#fail(reason);
    this.#forget();
  }

  #stop(): void {
    if (this.#receiving.over) return;
    this.#receiving.stop();
    this.#stopping = true;
    if (this.#receiving.over) this.#doneDue = true;
    else this.#stopDue = true;
    this.#owner.wake(this);
  }

  /** Gives the reader what there is, as long as it wants some. */
  #feed(): void {
    if (this.#failed || this.#readDone) return;
    while (this.#headBytes || (this.#reader && this.#reader.desiredSize! > 0)) {
      const chunk = this.#receiving.read();
      if (!chunk) break;
      const bytes = this.#headBytes ? this.#takeHead(chunk) : chunk;
      if (bytes.length === 0) continue;
      if (this.#reader) this.#reader.enqueue(bytes);
      else this.#rest = bytes;
    }
    // `enqueue` may have asked for more at once, and come here before.
    if (this.#receiving.over && !this.#readDone) {
      this.#readDone = this.#doneDue = true;
      if (!this.#stopping) this.#endReading();
    } else if (this.#receiving.creditDue) {
      this.#creditDue = true;
      this.#receiving.widen(this.#owner.widen(this));
    }
    if (this.due) this.#owner.wake(this);
  }

  #endReading(): void {
    if (this.#headBytes) return this.#refuse("ended before its head");
    this.#reader?.close();
  }

  /** Takes the head out of the first bytes. @returns what follows it. */
  #takeHead(chunk: Uint8Array): Uint8Array {
    const parts = this.#headBytes!;
    parts.push(chunk);
    this.#headHeld += chunk.length;
    if (this.#headHeld < HEAD_LENGTH + (this.#headSize ?? 0)) return NOTHING;
    const bytes = new Uint8Array(this.#headHeld);
    let at = 0;
    for (let part = parts.shift(); part; part = parts.shift()) {
      bytes.set(part, at);
      at += part.length;
    }
    this.#headSize = new DataView(bytes.buffer).getUint32(0);
    if (this.#headSize > MAX_HEAD) {
      this.#refuse(`has a head of ${this.#headSize} bytes, more than ${MAX_HEAD}`);
      return NOTHING;
    }
    const end = HEAD_LENGTH + this.#headSize;
    if (bytes.length < end) {
      parts.push(bytes);
      return NOTHING;
    }
    this.#headBytes = undefined;
    this.#head.resolve(bytes.subarray(HEAD_LENGTH, end));
    return bytes.subarray(end);
  }

  #refuse(why: string): void {
    this.reset(new LighthouseError("bad-frame", `Cannot go on with the stream: it ${why}`));
  }

  #write(chunk: unknown): Promise<void> | void {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError("Cannot write to the stream: a chunk is no Uint8Array");
    }
    if (chunk.length === 0) return;
    const isAhead = this.#sending.waiting + chunk.length <= WRITE_AHEAD;
    // The writer may change its bytes once the write is done.
    this.#sending.write(isAhead ? chunk.slice() : chunk);
    this.#owner.wake(this);
    if (!isAhead) return new Promise((resolve) => this.#written = resolve);
  }

  #finishWrite(): void {
    if (!this.#written) return;
    this.#sending.own();
    this.#written();
    this.#written = undefined;
  }

  /** Nothing more is written: whoever writes learns why. */
  #endWriting(reason: unknown): void {
    this.#unwritable ??= { reason };
    this.#writer?.error(reason);
    this.#finishWrite();
    this.#onUnwritable?.(reason);
  }

  #fail(reason: unknown): void {
    if (this.#failed) return;
    this.#failed = { reason };
    this.#receiving.finish();
    this.#sending.stop();
    this.#head.reject(reason);
    this.#reader?.error(reason);
    this.#endWriting(reason);
    this.#abort.abort(reason);
    this.#closed.resolve();
  }

  /** Neither end needs anything: the other has what was sent, and knows that this end is done. */
  #settle(): void {
    if (this.#receiving.over && this.#sending.over && !this.due) this.#forget();
  }

  #forget(): void {
    if (this.#forgotten) return;
    this.#forgotten = true;
    this.#closed.resolve();
    this.#owner.forget(this);
  }
}

const NOTHING = new Uint8Array();

function stopped(): LighthouseError {
  return new LighthouseError("stopped", "The other side wants no more of the stream");
}
