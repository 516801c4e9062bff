// One stream over a MessagePort: how a follower, a tab or the service worker, uses a stream of the
// leader's session.
//
//     opener                                   leader
//       ── the port, with the opening head ──▶   (tabs.ts, service_worker.ts)
//       ◀── pull ── pull ── … ────────────────   one for each chunk that there is room for
//       ── data ── data ── … end ────────────▶
//       ◀── head ── data ── … ── end ─────────
//       ── pull ── … ────────────────────────▶
//       ◀── stop ─────────────────────────────   wants no more of what the opener writes
//       ◀─────────── reset ──────────────────▶   either, at any time: both directions end
//
// Each chunk is an ArrayBuffer of its own, and is transferred: not every browser transfers streams
// themselves. Unlike a network, a port delivers everything in order and at once, so the protocol only
// limits how much may wait unread.
import { type ErrorCode, isErrorCode, LighthouseError } from "../../wire/mod.ts";

/** A message on the port. */
export type PortMessage =
  /** The answer to the head that opened the stream. */
  | { type: "head"; bytes: Uint8Array }
  | { type: "data"; bytes: Uint8Array<ArrayBuffer> }
  /** No data follows in this direction. */
  | { type: "end" }
  /** There is room for one more chunk. */
  | { type: "pull" }
  /** No more data is wanted in the other direction. */
  | { type: "stop" }
  | { type: "reset"; code: ErrorCode; message: string };

/** Largest chunk in bytes, and most chunks of one direction that are under way or unread. */
export const MAX_CHUNK = 64 * 1024;
export const WINDOW = 8;

/** An end of a stream: the one that opened it, or the one with the session. */
export type PortRole = "opener" | "leader";

/** One end of a stream over a port. It is used as the session's own streams are (`wire/session/stream.ts`). */
export class PortStream {
  /** The leader's answer to the head that opened the stream. Rejects when the stream is reset. */
  readonly head: Promise<Uint8Array>;
  /**
   * Yields what the other end writes. Cancelled by the opener, it resets the stream; cancelled by the
   * leader, it stops this direction.
   */
  readonly readable: ReadableStream<Uint8Array>;
  /**
   * Takes chunks of any size, and copies them. Errors with `stopped` when the other end wants no more.
   * Aborting it resets the stream.
   */
  readonly writable: WritableStream<Uint8Array>;
  /** Resolves when the stream has ended. Never rejects. */
  readonly closed: Promise<void>;

  readonly #port: MessagePort;
  readonly #abort = new AbortController();
  readonly #head = Promise.withResolvers<Uint8Array>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #unread: Uint8Array[] = [];
  #reader!: ReadableStreamDefaultController<Uint8Array>;
  #writer!: WritableStreamDefaultController;
  #wakeReader = () => {};
  #wakeWriter = () => {};
  #room = WINDOW;
  #received = false;
  #sent = false;
  #over = false;

  constructor(port: MessagePort, role: PortRole) {
    this.#port = port;
    this.head = this.#head.promise;
    this.head.catch(() => {});
    this.closed = this.#closed.promise;
    this.readable = new ReadableStream({
      start: (controller) => {
        this.#reader = controller;
      },
      pull: () => this.#pull(),
      cancel: (reason) => {
        if (role === "opener") {
          this.reset(LighthouseError.from(reason ?? "The reader left", "aborted"));
        } else this.#stop();
      },
    }, { highWaterMark: 0 });
    this.writable = new WritableStream({
      start: (controller) => {
        this.#writer = controller;
        // `abort` below is called once no write is under way, so a write that waits for room must end.
        controller.signal.addEventListener("abort", () => this.#wakeWriter());
      },
      write: (chunk) => this.#write(chunk),
      close: () => {
        this.#post({ type: "end" });
        this.#sent = true;
        this.#finish();
      },
      abort: (reason) => this.reset(LighthouseError.from(reason, "aborted")),
    });
    port.onmessage = ({ data }) => this.#receive(data as PortMessage);
  }

  /** Aborted, with the reason, when the stream is reset by either end. */
  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  /** Ends this end's direction. */
  end(): void {
    this.writable.close().catch(() => {});
  }

  /** Answers the head that opened the stream. */
  sendHead(bytes: Uint8Array): void {
    // A copy: the clone that is posted would take the whole buffer along.
    this.#post({ type: "head", bytes: new Uint8Array(bytes) });
  }

  /**
   * Ends both directions at once and tells the other end why. Does nothing on a stream that has ended.
   *
   * @param error What the other end learns.
   * @param reason What this end's readable and writable fail with. @default error
   */
  reset(error: LighthouseError, reason: unknown = error): void {
    if (this.#over) return;
    const { code, message } = error;
    this.#post({ type: "reset", code, message });
    this.fail(reason);
  }

  /** Ends both directions at this end only: the other is gone, or knows. */
  fail(reason: unknown): void {
    if (this.#over) return;
    this.#head.reject(reason);
    this.#reader.error(reason);
    this.#writer.error(reason);
    this.#end();
    this.#abort.abort(reason);
  }

  #receive(message: PortMessage): void {
    if (this.#over) return;
    switch (message?.type) {
      case "head":
        this.#head.resolve(message.bytes);
        break;
      case "data":
        if (!isChunk(message.bytes) || this.#unread.length === WINDOW) {
          return this.reset(new LighthouseError("bad-frame", "More data than was asked for"));
        }
        // The chunk was under way when the direction was stopped.
        if (this.#received) return;
        this.#unread.push(message.bytes);
        this.#wakeReader();
        break;
      case "end":
        if (this.#received) return;
        this.#received = true;
        this.#wakeReader();
        if (this.#unread.length === 0) this.#reader.close();
        this.#finish();
        break;
      case "stop":
        this.#sent = true;
        this.#writer.error(new LighthouseError("stopped", "The other side wants no more"));
        this.#wakeWriter();
        this.#finish();
        break;
      case "pull":
        this.#room++;
        this.#wakeWriter();
        break;
      case "reset": {
        const code = isErrorCode(message.code) ? message.code : "connection-lost";
        this.fail(new LighthouseError(code, message.message));
      }
    }
  }

  async #pull(): Promise<void> {
    if (this.#unread.length === 0) {
      await new Promise<void>((resolve) => this.#wakeReader = resolve);
    }
    const chunk = this.#unread.shift();
    // There is no chunk where the stream was closed or reset meanwhile.
    if (!chunk) return;
    this.#reader.enqueue(chunk);
    if (!this.#received) this.#post({ type: "pull" });
    else if (this.#unread.length === 0) this.#reader.close();
  }

  #stop(): void {
    this.#post({ type: "stop" });
    this.#received = true;
    this.#unread.length = 0;
    this.#finish();
  }

  async #write(chunk: unknown): Promise<void> {
    if (!(chunk instanceof Uint8Array)) {
      throw new TypeError("Cannot write to the stream: a chunk is no Uint8Array");
    }
    for (let start = 0; start < chunk.length; start += MAX_CHUNK) {
      while (this.#room === 0 && !this.#stopped) {
        await new Promise<void>((resolve) => this.#wakeWriter = resolve);
      }
      // The writable has failed by then: nobody waits for this write any more.
      if (this.#stopped) return;
      this.#room--;
      // A copy, since the chunk may share its buffer with others. The chunk's own `slice` copies nothing
      // where the chunk is a Buffer, as simple-peer's are.
      const bytes = new Uint8Array(chunk.subarray(start, start + MAX_CHUNK));
      this.#post({ type: "data", bytes }, [bytes.buffer]);
    }
  }

  get #stopped(): boolean {
    return this.#over || this.#sent || this.#writer.signal.aborted;
  }

  #post(message: PortMessage, transfer: Transferable[] = []): void {
    if (!this.#over) this.#port.postMessage(message, transfer);
  }

  #finish(): void {
    if (this.#sent && this.#received && !this.#over) this.#end();
  }

  #end(): void {
    this.#over = true;
    this.#port.close();
    this.#wakeReader();
    this.#wakeWriter();
    this.#closed.resolve();
  }
}

/** Whether a message's bytes are as the other end must send them: a page of another origin may not. */
function isChunk(bytes: unknown): boolean {
  return bytes instanceof Uint8Array && bytes.length <= MAX_CHUNK;
}
