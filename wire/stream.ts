// One stream: bytes both ways, each direction with its own credit, so that a slow reader stops its
// own writer and nobody else.
import { LighthouseError } from "./error.ts";
import { type Frame, MAX_DATA } from "./frame.ts";

/** Bytes that may be on their way or unread in one direction of a stream, before more credit. */
export const WINDOW = 256 * 1024;

/**
 * What a DATA frame takes of the credit at least, in bytes: it bounds how many small ones can wait
 * unread, each with an overhead of its own.
 */
export const MIN_COST = 256;

/** What a stream needs of its session. */
export interface StreamOwner {
  /** Sends a frame now. */
  send(frame: Frame): void;
  /** Resolves when the channel has room for data; rejects when the session is over. */
  room(): Promise<void>;
  /** Called once, when the stream is over in both directions. */
  forget(stream: Stream): void;
}

/** How a {@linkcode Stream} comes to be. */
export interface StreamOptions {
  /** The head that opened it, on the end that accepts; undefined on the end that opens. */
  head?: Uint8Array;
}

/**
 * A stream of a session. The end that opened it sends a head first; the other answers with a head
 * of its own; both then read `readable` and write `writable`.
 */
export class Stream {
  /** Unique in the session. */
  readonly id: number;
  /** The other end's head: what opened the stream, or its answer. Rejects when the stream is reset. */
  readonly head: Promise<Uint8Array>;
  /**
   * What the other end writes. Errors with a LighthouseError when the stream is reset. Cancelled by
   * the end that opened the stream it resets it; by the other, it discards what else comes.
   */
  readonly readable: ReadableStream<Uint8Array>;
  /** Takes Uint8Array chunks of any size. Aborting it resets the stream. */
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when the stream is over, by both ends' END or by a reset. Never rejects. */
  readonly closed: Promise<void>;

  readonly #owner: StreamOwner;
  readonly #initiator: boolean;
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<Uint8Array>();
  readonly #closed = Promise.withResolvers<void>();
  #headReceived: boolean;

  #reader!: ReadableStreamDefaultController<Uint8Array>;
  readonly #unread: Uint8Array[] = [];
  #wakeReader = () => {};
  #receivable = WINDOW;
  #consumed = 0;
  #discarding = false;
  #received = false;

  #writer!: WritableStreamDefaultController;
  #credit = WINDOW;
  #wakeWriter = () => {};
  #sent = false;
  #over = false;

  constructor(id: number, owner: StreamOwner, { head }: StreamOptions = {}) {
    this.id = id;
    this.#owner = owner;
    this.#initiator = head === undefined;
    this.#headReceived = !this.#initiator;
    this.head = this.#head.promise;
    this.head.catch(() => {});
    this.closed = this.#closed.promise;
    if (head) this.#head.resolve(head);

    this.readable = new ReadableStream({
      start: (controller) => {
        this.#reader = controller;
      },
      pull: () => this.#pull(),
      cancel: () => this.#cancel(),
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writer = controller;
        // `abort` below is called when no write is under way: one that waits for credit must end.
        controller.signal.addEventListener("abort", () => this.#wakeWriter());
      },
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#owner.send({ type: "end", stream: this.id });
        this.#sent = true;
        this.#finish();
      },
      abort: (reason) => this.reset(LighthouseError.from(reason, "aborted")),
    });
  }

  /** Aborted, with the reason, when the stream is reset by either end or the session ends. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Sends this end's head. */
  sendHead(payload: Uint8Array): void {
    this.#owner.send({ type: "head", stream: this.id, payload });
  }

  /**
   * Ends both directions at once and tells the other end why. Does nothing on a stream that is over.
   *
   * @param error What the other end learns.
   * @param reason What this end's readable, writable and signal fail with. @default error
   */
  reset(error: LighthouseError, reason: unknown = error): void {
    if (this.#over) return;
    const { code, message } = error;
    this.#owner.send({ type: "reset", stream: this.id, code, message });
    this.fail(reason);
  }

  /** Ends both directions at this end alone: the other knows already, or cannot be told. */
  fail(reason: unknown): void {
    if (this.#over) return;
    this.#end();
    this.#unread.length = 0;
    this.#head.reject(reason);
    this.#reader.error(reason);
    this.#writer.error(reason);
    this.#abort.abort(reason);
    this.#wakeReader();
    this.#wakeWriter();
  }

  /**
   * Takes a frame from the other end.
   *
   * @throws {LighthouseError} `bad-frame` when it breaks the protocol; the stream is then to be reset.
   */
  receive(frame: Frame): void {
    switch (frame.type) {
      case "head":
        if (this.#headReceived) throw bad("a second head");
        this.#headReceived = true;
        this.#head.resolve(frame.payload);
        break;
      case "data":
        if (!this.#headReceived) throw bad("data before the head");
        if (this.#received) throw bad("data after the end");
        if (costOf(frame.payload) > this.#receivable) {
          throw bad("more data than there was credit for");
        }
        this.#receivable -= costOf(frame.payload);
        if (this.#discarding) this.#grant(frame.payload);
        else this.#unread.push(frame.payload);
        this.#wakeReader();
        break;
      case "end":
        if (!this.#headReceived) throw bad("an end before the head");
        if (this.#received) throw bad("a second end");
        this.#received = true;
        this.#wakeReader();
        if (this.#discarding || this.#unread.length === 0) this.#closeReader();
        this.#finish();
        break;
      case "credit":
        // Never above the window, whatever the other end grants: that bounds what is in flight.
        this.#credit = Math.min(this.#credit + frame.bytes, WINDOW);
        this.#wakeWriter();
        break;
      case "reset":
        this.fail(new LighthouseError(frame.code, frame.message));
        break;
    }
  }

  async #pull(): Promise<void> {
    while (this.#unread.length === 0 && !this.#received && !this.#over) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const chunk = this.#unread.shift();
    if (!chunk) return;
    this.#reader.enqueue(chunk);
    this.#grant(chunk);
    if (this.#received && this.#unread.length === 0) this.#closeReader();
  }

  #closeReader(): void {
    if (!this.#discarding) this.#reader.close();
  }

  /** Gives credit for a consumed chunk, in halves of the window to keep CREDIT frames few. */
  #grant(chunk: Uint8Array): void {
    this.#consumed += costOf(chunk);
    if (this.#consumed < WINDOW / 2 || this.#received) return;
    this.#owner.send({ type: "credit", stream: this.id, bytes: this.#consumed });
    this.#receivable += this.#consumed;
    this.#consumed = 0;
  }

  #cancel(): void {
    if (this.#initiator) {
      this.reset(new LighthouseError("aborted", "The reader of the answer cancelled it"));
      return;
    }
    this.#discarding = true;
    for (const chunk of this.#unread.splice(0)) this.#grant(chunk);
  }

  async #write(chunk: unknown): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError("Cannot write to the stream: a chunk is no Uint8Array");
    }
    for (let offset = 0; offset < chunk.length;) {
      while (this.#credit < MIN_COST && !this.#stopped) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
      await this.#owner.room();
      // The writable has an error by then: nobody waits for this write any more.
      if (this.#stopped) return;
      const size = Math.min(MAX_DATA, this.#credit, chunk.length - offset);
      const payload = chunk.subarray(offset, offset + size);
      this.#owner.send({ type: "data", stream: this.id, payload });
      this.#credit -= costOf(payload);
      offset += size;
    }
  }

  get #stopped(): boolean {
    return this.#over || this.#writer.signal.aborted;
  }

  #finish(): void {
    if (this.#sent && this.#received && !this.#over) this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#owner.forget(this);
    this.#closed.resolve();
  }
}

function costOf(payload: Uint8Array): number {
  return Math.max(payload.length, MIN_COST);
}

function bad(what: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot go on with the stream: it received ${what}`);
}
