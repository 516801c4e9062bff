// The WHATWG streams of a stream: bodies are read and written through them
// (https://streams.spec.whatwg.org).
import type { ReceiveStream } from "./receive_stream.ts";
import type { SendStream } from "./send_stream.ts";

/** Bytes that a reader is given before it asks for them. */
const READ_AHEAD = 64 * 1024;

/** A ReadableStream of the bytes that arrive. */
export class ReadableEnd {
  readonly stream: ReadableStream<Uint8Array>;
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  #isClosed = false;
  /** Bytes that nobody had read at the end. */
  #left = 0;

  /**
   * @param onPull Called when the reader wants bytes.
   * @param onCancel Called when the reader leaves.
   */
  constructor(onPull: () => void, onCancel: (reason: unknown) => void) {
    this.stream = new ReadableStream({
      start: (controller) => void (this.#controller = controller),
      pull: onPull,
      cancel: onCancel,
    }, { highWaterMark: READ_AHEAD, size: (chunk) => chunk!.length });
  }

  /** Bytes handed over that nobody has read: at most so many. */
  get unread(): number {
    if (this.#isClosed) return this.#left;
    const { desiredSize } = this.#controller;
    return desiredSize === null ? 0 : READ_AHEAD - desiredSize;
  }

  /** Hands over the bytes that have arrived, as long as the reader wants some, and then the end. */
  feed(incoming: ReceiveStream): void {
    // `enqueue` may pull at once, and so call this again.
    while (this.#controller.desiredSize! > 0) {
      const bytes = incoming.read();
      if (!bytes) break;
      this.#controller.enqueue(bytes);
    }
    if (!incoming.over || incoming.stopped || this.#isClosed) return;
    this.#left = this.unread;
    this.#isClosed = true;
    this.#controller.close();
  }

  error(reason: unknown): void {
    this.#controller.error(reason);
  }
}

/** A WritableStream for the bytes to send. */
export class WritableEnd {
  readonly stream: WritableStream<Uint8Array>;
  #controller!: WritableStreamDefaultController;

  /** @param onAbort Called when the writer gives up. */
  constructor(outgoing: SendStream, onAbort: (reason: unknown) => void) {
    this.stream = new WritableStream({
      start: (controller) => {
        this.#controller = controller;
        // A sink's `abort` is called after the write under way: one that waits for credit must end.
        const { signal } = controller;
        signal.addEventListener("abort", () => onAbort(signal.reason));
      },
      write: (chunk) => outgoing.write(chunk),
      close: () => outgoing.end(),
    });
  }

  error(reason: unknown): void {
    this.#controller.error(reason);
  }
}

/**
 * Writes a body and its end, as `pipeTo` does, for less. Cancels the body when nothing more can be
 * written.
 *
 * @throws What the body fails with, or why nothing more can be written.
 */
export async function sendBody(
  body: ReadableStream<Uint8Array>,
  outgoing: SendStream,
): Promise<void> {
  const reader = body.getReader();
  const cancel = (reason: unknown) => void reader.cancel(reason).catch(() => {});
  outgoing.onUnwritable = cancel;
  try {
    while (!outgoing.unwritable) {
      const { done, value } = await reader.read();
      if (outgoing.unwritable) break;
      if (done) return outgoing.end();
      await outgoing.write(value);
    }
    throw outgoing.unwritable.reason;
  } catch (error) {
    cancel(error);
    throw error;
  }
}
