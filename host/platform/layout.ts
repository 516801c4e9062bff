// Lays text out for a terminal: wraps it to the terminal's width, and puts it into columns. What goes to a
// file or to another program is not wrapped.
import process from "node:process";
import { stripVTControlCharacters } from "node:util";
import { line, paint, Painted } from "./terminal.ts";

/** Characters that take two columns: those of East Asia (Unicode's EastAsianWidth W and F), and emoji. */
const WIDE =
  /[\p{Emoji_Presentation}\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{20000}-\u{3fffd}]/u;

const GRAPHEMES = new Intl.Segmenter();

/** Fewest columns for a text beside others; with fewer, it gets lines of its own. */
const LEAST = 24;

/** The terminal's width in columns. @returns Infinity for output that does not go to a terminal. */
export function columnsOf(stream: { isTTY?: boolean; columns?: number } = process.stdout): number {
  // Some terminals say 0.
  return stream.isTTY ? stream.columns || 80 : Infinity;
}

/** The number of columns that a text takes. */
export function widthOf(text: string | Painted): number {
  let width = 0;
  for (const { segment } of GRAPHEMES.segment(stripVTControlCharacters(String(text)))) {
    width += WIDE.test(segment) ? 2 : 1;
  }
  return width;
}

/** Adds spaces up to a number of columns. */
export function pad(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - widthOf(text)));
}

/**
 * Breaks a text between words into lines. Longer words stay whole.
 *
 * @param indent Columns before each line but the first, whose beginning the caller writes.
 */
export function wrap(text: string | Painted, width: number, indent = 0): Painted {
  const whole = line`${text}`;
  const parts = String(whole).split("\n");
  if (parts.length > 1) {
    const wrapped = parts.map((part) => wrap(new Painted(part), width, indent));
    return new Painted(wrapped.join(`\n${" ".repeat(indent)}`));
  }
  if (indent + widthOf(whole) <= width) return whole;
  const lines: string[] = [];
  let current = "";
  let used = indent;
  for (const word of String(whole).split(" ")) {
    const more = widthOf(word) + (current === "" ? 0 : 1);
    if (used + more > width && current !== "") {
      lines.push(current);
      [current, used] = [word, indent + widthOf(word)];
    } else {
      current += current === "" ? word : ` ${word}`;
      used += more;
    }
  }
  return new Painted([...lines, current].join(`\n${" ".repeat(indent)}`));
}

/** A row of two columns, the right one wrapped; below the left one where the terminal is narrow. */
export function formatRow(
  left: string | Painted,
  right: string | Painted,
  { at, width = columnsOf() }: { at: number; width?: number },
): Painted {
  const isNarrow = width - at < Math.min(LEAST, widthOf(right));
  const indent = isNarrow ? Math.min(at, 6) : at;
  const text = wrap(right, width, indent);
  if (isNarrow) return line`${left}\n${" ".repeat(indent)}${text}`;
  return line`${left}${" ".repeat(Math.max(1, at - widthOf(left)))}${text}`;
}

/**
 * A table; where the terminal is too narrow for it, a block of lines for each row.
 *
 * @param rows The first has the columns' names.
 */
export function formatTable(rows: string[][], width: number = columnsOf()): Painted[] {
  const [names = [], ...others] = rows;
  const widths = names.map((_, at) => Math.max(...rows.map((row) => widthOf(row[at]!))));
  const lineOf = (row: string[]) =>
    row.map((text, at) => pad(text, widths[at]!)).join("  ").trimEnd();
  if (rows.every((row) => widthOf(lineOf(row)) <= width)) {
    return [paint("dim", lineOf(names)), ...others.map((row) => line`${lineOf(row)}`)];
  }
  const at = Math.max(...names.slice(1).map(widthOf)) + 4;
  return others.flatMap(([first, ...row]) => [
    paint("bold", first!),
    ...row.map((text, index) =>
      formatRow(line`  ${paint("dim", names[index + 1]!)}`, text, { at, width })
    ),
  ]);
}
