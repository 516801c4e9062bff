// Writes a WebSocket's messages into a stream, in order, and counts the bytes that wait.
import { concat } from "../bytes.ts";
import {
  encodeClose,
  encodeMessage,
  HEADER,
  MAX_WEBSOCKET_MESSAGE,
  NO_CLOSE_CODE,
} from "./websocket_message.ts";

/** Bytes of a chunk up to which small messages that wait share it. */
const BATCH = 16 * 1024;

/** A message that waits: its encoded bytes, or a Blob to read in its turn. */
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

  /** Resolves when the stream has taken all messages, or has failed. */
  get idle(): Promise<void> {
    return this.#running ?? Promise.resolve();
  }

  /**
   * Sends a message. Bytes are copied at once; a Blob, which is binary, is read in its turn. A message
   * that is longer than the other end takes is sent as its header only: the other end closes with 1009.
   */
  send(type: "text" | "binary", data: Uint8Array | Blob): void {
    const isBlob = data instanceof Blob;
    const size = isBlob ? data.size : data.length;
    if (size > MAX_WEBSOCKET_MESSAGE) {
      this.#add({ data: encodeMessage(type, new Uint8Array(), MAX_WEBSOCKET_MESSAGE + 1), size });
    } else this.#add({ data: isBlob ? data : encodeMessage(type, data), size });
  }

  /** Sends a CLOSE after the messages that wait, and ends the direction: drops later messages. */
  close(code = NO_CLOSE_CODE, reason = ""): void {
    this.#add({ data: encodeClose(code, reason), size: 0 });
    this.#ending = true;
  }

  /** Ends the direction after the messages that wait, without a CLOSE: the connection was cut off. */
  end(): void {
    this.#ending = true;
    this.#running ??= this.#run();
  }

  /** Ends the direction where the other end reads no more: by a reset where messages wait. */
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
        await this.#writer.write(parts.length > 1 ? concat(...parts) : parts[0]);
        for (const { size } of batch) this.#buffered -= size;
      }
      if (this.#ending) await this.#writer.close();
    } catch (error) {
      // A Blob cannot be read. Where the stream itself has failed, this does nothing.
      this.#queue.length = 0;
      this.#writer.abort(error).catch(() => {});
    }
    this.#running = undefined;
  }

  /** The number of waiting messages that share a chunk: one, or as many small ones as fit. */
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
