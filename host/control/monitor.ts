// How the host is, as its log tells it; and the log's last lines.
import { isAtLeast, type Level, type Log } from "../platform/log.ts";

/** Lines that are remembered. */
export const MAX_LINES = 500;

/** Where the host stands with its relay. */
export type Phase = "connecting" | "registering" | "online" | "stopping";

/** A line of the log. */
export interface LogEntry {
  /** As ISO 8601 has it. */
  time: string;
  level: Level;
  event: string;
  message: string;
  [field: string]: unknown;
}

/** What the log has told so far. */
export interface Standing {
  phase: Phase;
  /** Since when. */
  since: string;
  /** Why it is not online; undefined where it is, or nothing has failed. */
  reason?: string;
  /** Pages that are connected. */
  pages: number;
  /** The last line that was a warning or worse. */
  trouble?: Pick<LogEntry, "time" | "message">;
}

/** The phase that an event begins. */
const PHASES: Record<string, Phase> = {
  "starting": "connecting",
  "relay-unreachable": "connecting",
  "relay-lost": "connecting",
  "registering": "registering",
  "registration-failed": "registering",
  "online": "online",
  "stopping": "stopping",
};

/** Listens to the log. Dispatches `line` events, whose `detail` is a {@linkcode LogEntry}. */
export class Monitor extends EventTarget {
  readonly lines: LogEntry[] = [];
  readonly #least: () => Level;
  standing: Standing = { phase: "connecting", since: new Date().toISOString(), pages: 0 };

  /** @param least The least level of lines that are remembered, asked each time. */
  constructor(least: () => Level = () => "info") {
    super();
    this.#least = least;
  }

  /** A log that is listened to, and goes on as it did. */
  watch(log: Log): Log {
    return (level, event, text, fields = {}) => {
      log(level, event, text, fields);
      this.#note({ time: new Date().toISOString(), level, event, message: text, ...fields });
    };
  }

  #note(line: LogEntry): void {
    this.#stand(line);
    if (!isAtLeast(this.#least(), line.level)) return;
    this.lines.push(line);
    if (this.lines.length > MAX_LINES) this.lines.shift();
    this.dispatchEvent(new CustomEvent("line", { detail: line }));
  }

  /** What it says of how the host is counts at any level. */
  #stand(line: LogEntry): void {
    const { time, level, event, message, pages } = line;
    const isFine = !isAtLeast("warn", level);
    const phase = PHASES[event];
    const before = this.standing;
    const next = { ...before };
    if (phase !== undefined) {
      if (phase !== before.phase) Object.assign(next, { phase, since: time });
      next.reason = phase === "online" || isFine ? undefined : message;
    }
    if (typeof pages === "number") next.pages = pages;
    if (!isFine) next.trouble = { time, message };
    this.standing = next;
  }
}
