// Reads along in an event stream for the fields that outlive it, as the browser reads them
// (https://html.spec.whatwg.org/#event-stream-interpretation).
import { toByteString } from "./byte_string.ts";

/** Longest line that is read, in characters: longer ones hold data. */
const MAX_LINE = 4096;

/** Reads the id of the last event and the reconnection time. */
export class EventStreamReader {
  /** The last event's id, in the form of a header's value; "" if there is no such id. */
  lastId: string;
  /** The reconnection time in milliseconds. */
  retry: number;
  readonly #decoder = new TextDecoder();
  /** The id for the next event: it counts once the event is whole. */
  #id: string;
  /** The line that has begun. */
  #line = "";
  #isAfterReturn = false;

  /** @param before Values from the stream before. */
  constructor(before: { lastId: string; retry: number }) {
    this.lastId = this.#id = before.lastId;
    this.retry = before.retry;
  }

  /** Reads a chunk. */
  push(bytes: Uint8Array): void {
    let text = this.#decoder.decode(bytes, { stream: true });
    if (text === "") return;
    const endsWithReturn = text.endsWith("\r");
    // Both end one line, also when a chunk ends between them.
    if (this.#isAfterReturn && text.startsWith("\n")) text = text.slice(1);
    this.#isAfterReturn = endsWithReturn;
    const [first, ...others] = text.split(/\r\n|\n|\r/);
    this.#extend(first!);
    for (const line of others) {
      this.#readLine();
      this.#extend(line);
    }
  }

  #extend(part: string): void {
    this.#line += part.slice(0, MAX_LINE + 1 - this.#line.length);
  }

  #readLine(): void {
    const line = this.#line;
    this.#line = "";
    if (line === "") {
      this.lastId = this.#id;
      return;
    }
    const [, name, value = ""] = /^(id|retry)(?:: ?([^]*))?$/.exec(line) ?? [];
    if (name === "id" && !value.includes("\0")) {
      // An id that no header can hold is none.
      // deno-lint-ignore no-control-regex -- control characters are what it refuses
      const fits = line.length <= MAX_LINE && !/[\x00-\x08\x0a-\x1f\x7f]/.test(value);
      this.#id = fits ? toByteString(value) : "";
    } else if (name === "retry" && /^\d+$/.test(value)) this.retry = Number(value);
  }
}
