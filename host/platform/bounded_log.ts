// Bounds what guests can make the log write: long lines are cut, and a flood of one kind of line becomes
// one line a minute.
import type { Log } from "./log.ts";
import { UNSAFE } from "./terminal.ts";

/** Longest text of a line, and of a field, as it is printed: in UTF-16 units, with its escapes. */
const MAX_TEXT = 2048;

/** What the owner does. These lines are never folded: no guest can cause many. */
const OWN = new Set([
  "starting",
  "stopping",
  "stopped",
  "settings-changed",
  "settings-refused",
  "settings-later",
  "device-paired",
  "device-revoked",
]);

/** Lines of one event that are written at once, before the others are counted. */
export const MAX_AT_ONCE = 20;

/** Time between two lines of an event whose lines are counted, in milliseconds. */
const EVERY_MS = 60_000;

/** Wraps a log, and cuts texts and fields that would be printed with more than 2,048 characters. */
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
  // An escape has six characters.
  if (text.length * 6 <= MAX_TEXT) return text;
  const kept = text.slice(0, endOf(text.slice(0, MAX_TEXT)));
  if (kept.length === text.length) return text;
  const rest = (text.length - kept.length).toLocaleString("en-US");
  return `${kept}… (${rest} more characters)`;
}

/** Where the longest beginning ends that is short enough when it is printed. */
function endOf(text: string): number {
  /** Characters that the escapes add. */
  let added = 0;
  for (const { 0: sign, index } of text.matchAll(UNSAFE)) {
    if (index + added + 6 * sign.length > MAX_TEXT) return Math.min(index, MAX_TEXT - added);
    added += 5 * sign.length;
  }
  return MAX_TEXT - added;
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
 * newest, with the number of lines that it stands for, also as the field `count`. It passes on debug lines,
 * and lines about what the owner does.
 */
export class FoldedLog implements Disposable {
  readonly log: Log;
  readonly #kinds = new Map<string, Kind>();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @param every Time between two lines of a flood, in milliseconds. */
  constructor(log: Log, every = EVERY_MS) {
    this.log = (...line) => {
      const [level, event, text, fields] = line;
      if (level === "debug" || OWN.has(event)) return log(...line);
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
