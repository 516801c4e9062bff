// Bounds what guests can make the log write: long lines are cut, and a flood of one kind of line becomes
// one line a minute.
import type { Log } from "./log.ts";

/** Longest text of a line, and of a field, in UTF-16 units. */
const MAX_TEXT = 2048;

/** Lines of one event that are written at once, before the others are counted. */
export const MAX_AT_ONCE = 20;

/** Time between two lines of an event whose lines are counted, in milliseconds. */
const EVERY_MS = 60_000;

/** Wraps a log, and cuts texts and fields above 2,048 characters. */
export function cutLongLines(log: Log): Log {
  return (level, event, text, fields) => {
    if (!fields) return log(level, event, cut(text));
    const bounded: typeof fields = {};
    for (const [name, value] of Object.entries(fields)) {
      bounded[name] = typeof value === "string" ? cut(value) : value;
    }
    log(level, event, cut(text), bounded);
  };
}

function cut(text: string): string {
  if (text.length <= MAX_TEXT) return text;
  const rest = (text.length - MAX_TEXT).toLocaleString("en-US");
  return `${text.slice(0, MAX_TEXT)}… (${rest} more characters)`;
}

/** The lines of one event. */
interface Kind {
  /** Lines that may still be written at once. */
  left: number;
  /** Lines that are counted. */
  count: number;
  /** Writes the newest of them. */
  write: () => void;
}

/**
 * Wraps a log. It writes the first 20 lines of an event within a minute, and then one line a minute: the
 * newest, with the number of lines that it stands for, also as the field `count`. It passes debug lines on.
 */
export class FoldedLog implements Disposable {
  readonly log: Log;
  readonly #kinds = new Map<string, Kind>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param every Time between two lines of a flood, in milliseconds. */
  constructor(log: Log, every = EVERY_MS) {
    this.log = (...line) => {
      const [level, event, text, fields] = line;
      if (level === "debug") return log(...line);
      const kind = this.#kinds.get(event) ?? { left: MAX_AT_ONCE, count: 0, write: () => {} };
      this.#kinds.set(event, kind);
      if (kind.left > 0) {
        kind.left--;
        return log(...line);
      }
      kind.count++;
      kind.write = () => {
        if (kind.count === 1) return log(...line);
        const { count } = kind;
        const more = ` (the last of ${count.toLocaleString("en-US")} of this kind)`;
        log(level, event, text + more, { ...fields, count });
      };
    };
    this.#timer = setInterval(() => this.#write(), every).unref();
  }

  /** Writes the counted lines. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#write();
  }

  #write(): void {
    for (const [event, kind] of this.#kinds) {
      // A flood goes on until a minute has passed without one more line than a minute may have.
      if (kind.count === 0) this.#kinds.delete(event);
      else kind.write();
      kind.count = 0;
    }
  }
}
