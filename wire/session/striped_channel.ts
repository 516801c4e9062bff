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
    let rest: Uint8Array<ArrayBuffer> = new Uint8Array();
    try {
      for (;;) {
        const { value, done } = await reader.read();
        if (done) break;
        this.bytesReceived += value.length;
        rest = this.#take(rest.length === 0 ? value : join(rest, value));
        await this.#whenRead();
      }
    } catch {
      // The transport has ended.
    }
    this.close();
  }

  /** Hands on the whole messages. @returns The rest. @throws {RangeError} For a length beyond a message's. */
  #take(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    while (bytes.length - at >= PREFIX && !this.#isClosed) {
      const length = view.getUint32(at);
      if (length > MAX_MESSAGE_ACCEPTED) throw new RangeError("A message is too long");
      const end = at + PREFIX + length;
      if (end > bytes.length) break;
      this.onmessage(bytes.subarray(at + PREFIX, end));
      at = end;
    }
    return bytes.subarray(at);
  }
}

function join(
  one: Uint8Array<ArrayBuffer>,
  other: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(one.length + other.length);
  bytes.set(one);
  bytes.set(other, one.length);
  return bytes;
}
