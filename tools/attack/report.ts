// Formats the results of attacks for people.
import type { Result } from "./attack.ts";

const MiB = 1024 * 1024;

/** Columns: title, width, and figure. */
const COLUMNS: [title: string, width: number, figure: (result: Result) => string][] = [
  ["attack", 18, ({ name }) => name],
  ["loop p99", 9, ({ delay }) => `${delay.p99.toFixed(0)} ms`],
  ["(usual)", 8, ({ delay }) => `${delay.usual.p99.toFixed(0)} ms`],
  ["most", 8, ({ delay }) => `${delay.most.toFixed(0)} ms`],
  ["memory", 9, ({ growth }) => `+${(growth / MiB).toFixed(0)} MiB`],
  ["after", 9, ({ left }) => `${(left / MiB).toFixed(0)} MiB`],
  ["GET p50", 8, ({ get }) => `× ${(get.meanwhile / get.usual).toFixed(1)}`],
  ["(usual)", 8, ({ get }) => `${get.usual.toFixed(1)} ms`],
  ["status", 9, ({ status }) => `${status.toFixed(0)} ms`],
  ["lines", 6, ({ lines }) => String(lines)],
];

/** The head of the table. */
export function formatHead(): string {
  return COLUMNS.map(([title, width], at) => at === 0 ? title.padEnd(width) : title.padStart(width))
    .join("  ");
}

/** A row, and under it what the guest did and which goals were missed. */
export function formatResult(result: Result): string {
  const row = COLUMNS.map(([, width, figure], at) =>
    at === 0 ? figure(result).padEnd(width) : figure(result).padStart(width)
  ).join("  ");
  const counts = Object.entries(result.counts)
    .map(([what, number]) => `${number.toLocaleString("en")} ${what}`).join(", ");
  return [row, `  ${counts}`, ...result.missed.map((goal) => `  ✗ ${goal}`)].join("\n");
}
