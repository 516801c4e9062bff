// The daemon's log: lines for people, or JSON with --json.
import process from "node:process";
import { line, paint, type Painted, print } from "./terminal.ts";

/** The level of a line. */
export type Level = "debug" | "info" | "warn" | "error";

/** All levels, the lowest first. */
export const LEVELS: readonly Level[] = ["debug", "info", "warn", "error"];

/** Writes a line. */
export interface Log {
  /**
   * @param event A stable name for programs, such as `online`.
   * @param text One line for people.
   * @param fields Further members in JSON. No secrets.
   */
  (level: Level, event: string, text: string, fields?: Record<string, unknown>): void;
}

/** The journal's numbers of the levels: https://www.freedesktop.org/software/systemd/man/latest/sd-daemon.html */
const PRIORITY: Record<Level, number> = { debug: 7, info: 6, warn: 4, error: 3 };

/**
 * Returns a log on standard output: one JSON object a line, or text, coloured unless `NO_COLOR` is set.
 * systemd's journal adds the time itself, so its lines begin with the level.
 */
export function createLog(json: boolean): Log {
  const isJournal = Boolean(process.env.JOURNAL_STREAM);
  return function log(level, event, text, fields = {}) {
    const time = new Date().toISOString();
    if (json) print(JSON.stringify({ time, level, event, message: text, ...fields }));
    else if (isJournal) print(`<${PRIORITY[level]}>${text}`);
    else print(formatLine(time, level, text));
  };
}

/** Wraps a log, and drops lines below a level. @param least Returns the level; called for each line. */
export function atLeast(least: () => Level, log: Log): Log {
  return (level, ...line) => {
    if (isAtLeast(least(), level)) log(level, ...line);
  };
}

/** Whether a level is at least another one. */
export function isAtLeast(least: Level, level: Level): boolean {
  return LEVELS.indexOf(level) >= LEVELS.indexOf(least);
}

/** A line for people. @param time In ISO 8601. */
export function formatLine(time: string, level: Level, text: string): Painted {
  return line`${paint("dim", time.slice(11, 19))}  ${MARK[level]()} ${text}`;
}

const MARK: Record<Level, () => Painted> = {
  debug: () => paint("dim", "·"),
  info: () => paint("green", "●"),
  warn: () => paint("yellow", "▲"),
  error: () => paint("red", "✗"),
};
