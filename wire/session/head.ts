// The head of a direction: the first bytes of a stream (docs/wire.md, "Streams").
//
//   +--------------------------+------------------+--------
//   | length, 32 bits, b. e.   | head (length)    | body ...
//   +--------------------------+------------------+--------
import { LighthouseError } from "../error.ts";
import type { ReceiveStream } from "./receive_stream.ts";

/** Most bytes of a head: with its length it fits into the credit that every stream begins with. */
export const MAX_HEAD = 60 * 1024;

/** Bytes before a head: its length, 32 bits, big endian. */
const HEAD_LENGTH = 4;

/** A head behind its length. */
export function writeHead(payload: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEAD_LENGTH + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes.set(payload, HEAD_LENGTH);
  return bytes;
}

/** Takes the head out of the first bytes, once all of it is there. */
export class HeadReader {
  readonly #head = Promise.withResolvers<Uint8Array>();
  #length: number | undefined;
  #isRead = false;

  constructor() {
    this.promise.catch(() => {});
  }

  /** The head. Rejects after {@linkcode fail}. */
  get promise(): Promise<Uint8Array> {
    return this.#head.promise;
  }

  get isRead(): boolean {
    return this.#isRead;
  }

  /**
   * Reads as much as there is.
   *
   * @returns Whether the head has been read.
   * @throws {LighthouseError} `bad-frame` if it is too long, or the direction ends before it.
   */
  read(incoming: ReceiveStream): boolean {
    if (this.#isRead) return true;
    const first = this.#length === undefined ? incoming.readExactly(HEAD_LENGTH) : undefined;
    if (first) this.#length = new DataView(first.buffer).getUint32(0);
    const length = this.#length ?? MAX_HEAD;
    if (length > MAX_HEAD) throw bad(`has a head of ${length} bytes, more than ${MAX_HEAD}`);
    const head = this.#length === undefined ? undefined : incoming.readExactly(length);
    if (head) {
      this.#isRead = true;
      this.#head.resolve(head);
    } else if (incoming.complete) throw bad("ended before its head");
    return this.#isRead;
  }

  /** There will be no head. */
  fail(reason: unknown): void {
    this.#head.reject(reason);
  }
}

function bad(what: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot go on with the stream: it ${what}`);
}
