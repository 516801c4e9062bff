// Sends a WebSocket's messages into a stream, in order, and counts what is still to go.
import {
  encodeClose,
  encodeMessage,
  HEADER,
  MAX_WEBSOCKET_MESSAGE,
  NO_CLOSE_CODE,
} from "./websocket_message.ts";

/** Small messages that wait together travel in one chunk of about so many bytes. */
const BATCH = 16 * 1024;

/** A message that waits: its bytes as they travel, or a Blob to be read when its turn comes. */
interface Waiting {
  data: Uint8Array | Blob;
  /** Bytes of its payload. */
  size: number;
}

/** One direction of a WebSocket. */
export class WebSocketWriter {
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #queue: Waiting[] = [];
  #buffered = 0;
  #ending = false;
  #running: Promise<void> | undefined;

  /** @param writable Nobody else writes to it. */
  constructor(writable: WritableStream<Uint8Array>) {
    this.#writer = writable.getWriter();
    this.#writer.closed.catch(() => {});
  }

  /** Bytes of payload that the stream has not taken yet. They stay counted when it fails. */
  get buffered(): number {
    return this.#buffered;
  }

  /** Resolves when the stream has taken all, or has failed. */
  get idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /**
   * Sends a message. Bytes are copied at once; a Blob, which is binary, is read in its turn. Of one
   * that is longer than the other end takes, the header alone goes out: it closes with 1009.
   */
  send(type: "text" | "binary", data: Uint8Array | Blob): void {
    const isBlob = data instanceof Blob;
    const size = isBlob ? data.size : data.length;
    if (size > MAX_WEBSOCKET_MESSAGE) {
      this.#add({ data: encodeMessage(type, new Uint8Array(), MAX_WEBSOCKET_MESSAGE + 1), size });
    } else this.#add({ data: isBlob ? data : encodeMessage(type, data), size });
  }

  /** Sends a CLOSE after what waits, and ends the direction: what is sent later is dropped. */
  close(code = NO_CLOSE_CODE, reason = ""): void {
    this.#add({ data: encodeClose(code, reason), size: 0 });
    this.#ending = true;
  }

  /** Ends the direction after what waits, without a CLOSE: a connection that was cut off. */
  end(): void {
    this.#ending = true;
    this.#running ??= this.#run();
  }

  /** Ends the direction of which the other end reads no more: by a reset where something waits. */
  abandon(): void {
    if (this.#running) this.#writer.abort("The other side has closed").catch(() => {});
    else if (!this.#ending) this.end();
  }

  #add(waiting: Waiting): void {
    if (this.#ending) return;
    this.#queue.push(waiting);
    this.#buffered += waiting.size;
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const batch = this.#queue.splice(0, this.#fitting());
        const parts = await Promise.all(batch.map(({ data }) => bytesOf(data)));
        await this.#writer.write(parts.length > 1 ? joined(parts) : parts[0]);
        for (const { size } of batch) this.#buffered -= size;
      }
      if (this.#ending) await this.#writer.close();
    } catch (error) {
      // A Blob that cannot be read; where the stream itself has failed, this does nothing.
      this.#queue.length = 0;
      this.#writer.abort(error).catch(() => {});
    }
    this.#running = undefined;
  }

  /** How many of the messages that wait go together: one, or as many small ones as fit. */
  #fitting(): number {
    let room = BATCH;
    const excess = this.#queue.findIndex(({ size }) => (room -= HEADER + size) < 0);
    return excess < 0 ? this.#queue.length : excess || 1;
  }
}

async function bytesOf(data: Uint8Array | Blob): Promise<Uint8Array> {
  if (!(data instanceof Blob)) return data;
  return encodeMessage("binary", new Uint8Array(await data.arrayBuffer()));
}

function joined(parts: Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
