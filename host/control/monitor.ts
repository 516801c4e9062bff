// Derives the host's status from its log, and keeps the log's last lines.
import { isAtLeast, type Level, type Log } from "../platform/log.ts";

/** Most lines that are kept. */
export const MAX_LINES = 500;

/** The state of the host's registration with the relay. */
export type Phase = "connecting" | "registering" | "online" | "stopping";

/** One entry of the log. */
export interface LogEntry {
  /** In ISO 8601. */
  time: string;
  level: Level;
  event: string;
  message: string;
  [field: string]: unknown;
}

/** The host's status up to now. */
export interface Standing {
  phase: Phase;
  /** Start of the phase, in ISO 8601. */
  since: string;
  /** Why the host is not online; undefined if it is, or nothing has failed. */
  reason?: string;
  /** Number of connected pages. */
  pages: number;
  /** The last warning or error. */
  trouble?: Pick<LogEntry, "time" | "message">;
}

/** The phase that each event begins. */
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

  /** @param least Returns the lowest level of lines that are kept; called for each line. */
  constructor(least: () => Level = () => "info") {
    super();
    this.#least = least;
  }

  /** Wraps a log, and derives the status from all of its lines. */
  watch(log: Log): Log {
    return (level, event, text, fields) => {
      log(level, event, text, fields);
      this.#stand(entryOf(level, event, text, fields));
    };
  }

  /** Wraps a log, and keeps its lines. */
  keep(log: Log): Log {
    return (level, event, text, fields) => {
      log(level, event, text, fields);
      if (!isAtLeast(this.#least(), level)) return;
      const line = entryOf(level, event, text, fields);
      this.lines.push(line);
      if (this.lines.length > MAX_LINES) this.lines.shift();
      this.dispatchEvent(new CustomEvent("line", { detail: line }));
    };
  }

  /** Lines about the status count at any level. */
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

function entryOf(...[level, event, message, fields]: Parameters<Log>): LogEntry {
  return { time: new Date().toISOString(), level, event, message, ...fields };
}
