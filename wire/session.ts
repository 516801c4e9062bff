// Many streams over one channel: frames in and out, backpressure, liveness.
import { LighthouseError } from "./error.ts";
import type { Channel } from "./channel.ts";
import { decodeFrame, encodeFrame, type Frame, streamOf } from "./frame.ts";
import { Stream, type StreamOwner } from "./stream.ts";

/** Most streams open at once that an end accepts. */
export const MAX_STREAMS = 512;

/** Malformed messages that a session answers with an error; the next one ends it. */
const MAX_BAD_FRAMES = 64;

/** Silent intervals after which the other end counts as lost. */
const MAX_SILENT = 2;

/**
 * Bytes that wait in a full channel beyond what asked for room, before the other end counts as one
 * that sends without reading: heads, resets and credit answer what it sends, and do not wait.
 */
const MAX_BACKLOG = 8 * 1024 * 1024;

/** Time that the other end has to close after a BYE, in milliseconds. */
const BYE_MS = 500;

/** Options of {@linkcode Session}. */
export interface SessionOptions {
  /** Called with each stream that the other end opens. Without it, this end accepts none. */
  onStream?: (stream: Stream) => void;
  /**
   * Time between PINGs, in milliseconds. Any frame counts as life; after two intervals without one
   * the session closes with `connection-lost`.
   * @default 3000
   */
  pingInterval?: number;
}

/**
 * A session over one channel. The page opens streams, the host accepts them.
 *
 * @example
 * ```ts
 * import { Session } from "./session.ts";
 * import type { Channel } from "./channel.ts";
 *
 * async function echo(channel: Channel) {
 *   const session = new Session(channel, {
 *     onStream: (stream) => stream.readable.pipeTo(stream.writable),
 *   });
 *   console.log("closed:", (await session.closed).message);
 * }
 * ```
 */
export class Session {
  /** Resolves with the reason when the session is over, whoever ended it. */
  readonly closed: Promise<LighthouseError>;

  readonly #channel: Channel;
  readonly #onStream: SessionOptions["onStream"];
  readonly #closed = Promise.withResolvers<LighthouseError>();
  readonly #streams = new Map<number, Stream>();
  readonly #owner: StreamOwner;
  readonly #timer: ReturnType<typeof setInterval>;
  #lastId = 0;
  #waiting: { resolve: () => void; reject: (error: LighthouseError) => void }[] = [];
  #full = false;
  #backlog = 0;
  #waking = false;
  #over = false;
  #heard = true;
  #silent = 0;
  #badFrames = 0;
  #roundTripTime: number | undefined;

  constructor(channel: Channel, { onStream, pingInterval = 3000 }: SessionOptions = {}) {
    this.#channel = channel;
    this.#onStream = onStream;
    this.closed = this.#closed.promise;
    this.#owner = {
      send: (frame) => this.#send(frame),
      room: () => this.#room(),
      forget: (stream) => this.#streams.delete(stream.id),
    };
    channel.onmessage = (message) => this.#receive(message);
    channel.ondrain = () => {
      this.#full = false;
      this.#backlog = 0;
      this.#wakeWriters();
    };
    channel.onclose = () =>
      this.#end(new LighthouseError("connection-lost", "The connection to the other side ended"));
    this.#timer = setInterval(() => this.#tick(), pingInterval);
    this.#ping();
  }

  /** Streams open now. */
  get streams(): number {
    return this.#streams.size;
  }

  /** The newest measured round-trip time in milliseconds, undefined before the first. */
  get roundTripTime(): number | undefined {
    return this.#roundTripTime;
  }

  /**
   * Opens a stream and sends its head.
   *
   * @throws {LighthouseError} `closed` when the session is over.
   */
  open(head: Uint8Array): Stream {
    if (this.#over) {
      throw new LighthouseError("closed", "Cannot open a stream: the session is over");
    }
    const stream = new Stream(++this.#lastId, this.#owner);
    this.#streams.set(stream.id, stream);
    stream.sendHead(head);
    return stream;
  }

  /** Says goodbye, fails all streams with `closed`, and closes the channel. */
  close(): void {
    if (this.#over) return;
    this.#send({ type: "bye" });
    this.#end(new LighthouseError("closed", "This side closed the session"));
    // Closing discards what is queued, the BYE with it: the other end, told, closes first.
    const timer = setTimeout(() => this.#channel.close(), BYE_MS);
    this.#channel.onclose = () => clearTimeout(timer);
  }

  #send(frame: Frame): void {
    if (this.#over) return;
    const bytes = encodeFrame(frame);
    if (this.#full) this.#backlog += bytes.length;
    if (!this.#channel.send(bytes)) this.#full = true;
    if (this.#backlog > MAX_BACKLOG) {
      this.#cutOff(new LighthouseError("bad-frame", "The other side sends without reading"));
    }
  }

  #room(): Promise<void> {
    if (this.#over) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      this.#wakeWriters();
    });
  }

  /** Wakes one writer after the other, in the order they came, until the channel is full. */
  async #wakeWriters(): Promise<void> {
    if (this.#waking) return;
    this.#waking = true;
    // Between two of them, the first one's continuation sends one frame: that says whether there is
    // room for another.
    for (await null; !this.#full && this.#waiting.length > 0; await null) {
      this.#waiting.shift()!.resolve();
    }
    this.#waking = false;
  }

  #receive(message: Uint8Array<ArrayBuffer> | string): void {
    if (this.#over) return;
    this.#heard = true;
    try {
      if (typeof message === "string") {
        throw new LighthouseError("bad-frame", "Cannot read the frame: it is text, not bytes");
      }
      this.#dispatch(decodeFrame(message));
    } catch (error) {
      const stream = typeof message === "string" ? 0 : streamOf(message);
      this.#refuse(stream, LighthouseError.from(error, "bad-frame"));
    }
  }

  #dispatch(frame: Frame): void {
    switch (frame.type) {
      case "ping":
        // Dropped while the channel is full: a flood of PINGs must not fill the queue.
        if (!this.#full) this.#send({ type: "pong", payload: frame.payload });
        return;
      case "pong":
        this.#ponged(frame.payload);
        return;
      case "bye":
        this.#cutOff(
          new LighthouseError("connection-lost", "The other side closed the connection"),
        );
        return;
    }
    const stream = this.#streams.get(frame.stream);
    if (stream) return stream.receive(frame);
    // Late frames of a stream that is over are normal: a reset crosses what was on its way.
    if (frame.stream <= this.#lastId || frame.type === "reset") return;
    if (frame.type !== "head" || !this.#onStream) {
      throw new LighthouseError("bad-frame", `Cannot find stream ${frame.stream}`);
    }
    this.#accept(frame.stream, frame.payload);
  }

  #accept(id: number, head: Uint8Array): void {
    this.#lastId = id;
    if (this.#streams.size >= MAX_STREAMS) {
      const message = `Cannot open a stream: ${MAX_STREAMS} are open already`;
      this.#send({ type: "reset", stream: id, code: "too-many-streams", message });
      return;
    }
    const stream = new Stream(id, this.#owner, { head });
    this.#streams.set(id, stream);
    this.#onStream!(stream);
  }

  /** Answers a malformed message; its stream alone ends, and too many of them end the session. */
  #refuse(stream: number, error: LighthouseError): void {
    if (++this.#badFrames > MAX_BAD_FRAMES) return this.#cutOff(error);
    const open = this.#streams.get(stream);
    if (open) open.reset(error);
    else this.#send({ type: "reset", stream, code: error.code, message: error.message });
  }

  #ping(): void {
    const payload = new Uint8Array(8);
    new DataView(payload.buffer).setFloat64(0, performance.now());
    this.#send({ type: "ping", payload });
  }

  #ponged(payload: Uint8Array): void {
    const sent = new DataView(payload.buffer, payload.byteOffset).getFloat64(0);
    const elapsed = performance.now() - sent;
    if (elapsed >= 0 && elapsed < Infinity) this.#roundTripTime = elapsed;
  }

  /** Counts intervals, not time: after a pause of this process one interval has passed, not many. */
  #tick(): void {
    this.#silent = this.#heard ? 0 : this.#silent + 1;
    this.#heard = false;
    if (this.#silent < MAX_SILENT) return this.#ping();
    this.#cutOff(new LighthouseError("connection-lost", "The other side fell silent"));
  }

  /** Ends the session and its channel at once, without a goodbye. */
  #cutOff(reason: LighthouseError): void {
    this.#end(reason);
    this.#channel.close();
  }

  #end(reason: LighthouseError): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#timer);
    for (const stream of [...this.#streams.values()]) stream.fail(reason);
    for (const { reject } of this.#waiting.splice(0)) reject(reason);
    this.#closed.resolve(reason);
  }
}
