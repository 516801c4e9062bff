// A channel over several byte streams of one transport, as WebTransport gives (docs/wire.md, "Over
// WebTransport"). A lost packet delays the bytes behind it in its own stream only, so messages are spread
// over all of them. Each message is preceded by its length:
//
//   +-------------------+----------------------+
//   | length (4 bytes)  | message              | ...
//   +-------------------+----------------------+
import type { Channel } from "./channel.ts";
import { MAX_MESSAGE_ACCEPTED } from "./frame.ts";

/** Bytes of the length, most significant first. */
const PREFIX = 4;

/** Bytes both ways, in order: a stream of WebTransport, or a socket. */
export interface ByteStream {
  readonly readable: ReadableStream<Uint8Array<ArrayBuffer>>;
  readonly writable: WritableStream<Uint8Array<ArrayBuffer>>;
}

/** One of the streams, and the bytes that wait in it. */
interface Stripe {
  readonly writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  queued: number;
}

/**
 * A channel over byte streams. The end of one of them, or a length that no message has, closes all.
 *
 * @example
 * const stream = await transport.createBidirectionalStream();
 * const channel = new StripedChannel([stream], () => transport.close());
 */
export class StripedChannel implements Channel {
  readonly isPaced = true;
  onmessage: Channel["onmessage"] = () => {};
  onclose: Channel["onclose"] = () => {};
  /** Bytes since the start, with the lengths. */
  bytesSent = 0;
  bytesReceived = 0;
  readonly #stripes: Stripe[];
  readonly #closeTransport: () => void;
  readonly #whenRead: () => Promise<void> | undefined;
  #isClosed = false;

  /**
   * @param closeTransport Closes what carries the streams, and drops their queues.
   * @param whenRead Resolves when more messages may come, after those of a piece of a stream. @default at once
   */
  constructor(
    streams: readonly ByteStream[],
    closeTransport: () => void,
    whenRead: () => Promise<void> | undefined = () => undefined,
  ) {
    this.#closeTransport = closeTransport;
    this.#whenRead = whenRead;
    this.#stripes = streams.map(({ writable }) => ({ writer: writable.getWriter(), queued: 0 }));
    for (const { readable } of streams) void this.#read(readable.getReader());
    for (const { writer } of this.#stripes) writer.closed.catch(() => this.close());
  }

  get bufferedAmount(): number {
    return this.#stripes.reduce((sum, { queued }) => sum + queued, 0);
  }

  send(message: Uint8Array<ArrayBuffer>): void {
    if (this.#isClosed) return;
    const stripe = this.#stripes.reduce((one, other) => other.queued < one.queued ? other : one);
    const bytes = new Uint8Array(PREFIX + message.length);
    new DataView(bytes.buffer).setUint32(0, message.length);
    bytes.set(message, PREFIX);
    stripe.queued += bytes.length;
    this.bytesSent += bytes.length;
    stripe.writer.write(bytes).then(() => stripe.queued -= bytes.length, () => this.close());
  }

  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#closeTransport();
    this.onclose();
  }

  async #read(reader: ReadableStreamDefaultReader<Uint8Array<ArrayBuffer>>): Promise<void> {
    const messages = new MessageReader();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        this.bytesReceived += value.length;
        for (const message of messages.take(value)) {
          if (this.#isClosed) return;
          this.onmessage(message);
        }
        await this.#whenRead();
      }
    } catch {
      // The transport has ended, or its other end breaks the rules.
    }
    this.close();
  }
}

/** Cuts the bytes of a stream into messages. */
class MessageReader {
  /** A message that is not complete, behind its length; the length alone while that is not. */
  #part: Uint8Array<ArrayBuffer> = new Uint8Array(PREFIX);
  #filled = 0;

  /** Takes bytes. @returns The messages that they complete. @throws {RangeError} If one is too long. */
  *take(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array<ArrayBuffer>> {
    for (let at = 0; at < bytes.length;) {
      const end = this.#filled === 0 ? endOf(bytes, at) : Infinity;
      if (end <= bytes.length) {
        // Most messages are whole, and are not copied.
        yield bytes.subarray(at + PREFIX, end);
        at = end;
        continue;
      }
      const piece = bytes.subarray(at, at + this.#part.length - this.#filled);
      this.#part.set(piece, this.#filled);
      this.#filled += piece.length;
      at += piece.length;
      if (this.#filled === PREFIX) this.#grow();
      if (this.#filled < this.#part.length) continue;
      yield this.#part.subarray(PREFIX);
      this.#part = new Uint8Array(PREFIX);
      this.#filled = 0;
    }
  }

  /** The length is here: makes room for the message. */
  #grow(): void {
    const whole = new Uint8Array(endOf(this.#part, 0));
    whole.set(this.#part);
    this.#part = whole;
  }
}

/** Where a message ends whose length begins at an index; Infinity while that is not complete. */
function endOf(bytes: Uint8Array, at: number): number {
  if (bytes.length - at < PREFIX) return Infinity;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(at);
  if (length > MAX_MESSAGE_ACCEPTED) throw new RangeError("A message is too long");
  return at + PREFIX + length;
}
