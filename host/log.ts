// What the daemon says: lines for people, or JSON with --json.
import process from "node:process";
import { styleText } from "node:util";

/** How much a line matters. */
export type Level = "info" | "warn" | "error";

/** Says what happens. */
export interface Log {
  /**
   * @param event A stable name for programs, such as `online`.
   * @param text One line for people.
   * @param fields What JSON readers get besides. No secrets.
   */
  (level: Level, event: string, text: string, fields?: Record<string, unknown>): void;
}

/** A log on standard output: one JSON object a line, or text, coloured unless `NO_COLOR` is set. */
export function createLog(json: boolean): Log {
  return function log(level, event, text, fields = {}) {
    const time = new Date().toISOString();
    const line = json
      ? JSON.stringify({ time, level, event, message: text, ...fields })
      : `${dim(time.slice(11, 19))}  ${mark(level)} ${text}`;
    process.stdout.write(`${line}\n`);
  };
}

function mark(level: Level): string {
  if (level === "info") return styleText("green", "●");
  return level === "warn" ? styleText("yellow", "▲") : styleText("red", "✗");
}

function dim(text: string): string {
  return styleText("dim", text);
}
