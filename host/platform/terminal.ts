// What goes to a terminal. Texts of guests, backends and the relay reach it in the log, in errors and in
// lists, so it gets none of their signs that a terminal acts on, or that turn the text around.
import process from "node:process";
import { styleText } from "node:util";

/**
 * Control characters, among them those of bidirectional text and of no width, line and paragraph
 * separators, and halves of surrogate pairs.
 */
export const UNSAFE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

/**
 * Replaces characters that a terminal may act on, or that change how the text around them reads, by
 * escapes: U+001B becomes `\u001b`. In JSON these are JSON's own escapes, and the value stays the same.
 */
export function escapeControls(text: string): string {
  return text.replace(UNSAFE, (sign) => {
    let escapes = "";
    // By UTF-16 units, as in JSON.
    for (let at = 0; at < sign.length; at++) {
      escapes += `\\u${sign.charCodeAt(at).toString(16).padStart(4, "0")}`;
    }
    return escapes;
  });
}

/** JSON of a value, which a terminal may show as it is. */
export function formatJson(value: unknown): string {
  return escapeControls(JSON.stringify(value));
}

/** Text for a terminal, with its colours. */
export class Painted {
  readonly #text: string;

  /** @param text Goes to the terminal as it is. */
  constructor(text: string) {
    this.#text = text;
  }

  toString(): string {
    return this.#text;
  }
}

/** Colours text, whose other control characters are escaped. */
export function paint(
  format: Parameters<typeof styleText>[0],
  text: string,
  stream: NodeJS.WriteStream = process.stdout,
): Painted {
  return new Painted(styleText(format, escapeControls(text), { stream }));
}

/**
 * A line with painted parts. Its other values are escaped.
 *
 * @example
 * ```ts
 * import { line, paint, print } from "./terminal.ts";
 *
 * print(line`${paint("green", "●")} online: ${"\x1b[2J"}`);
 * ```
 */
export function line(texts: TemplateStringsArray, ...values: unknown[]): Painted {
  let all = texts[0]!;
  for (const [at, value] of values.entries()) all += shown(value) + texts[at + 1];
  return new Painted(all);
}

/** Prints a line: JSON, or text for people. */
export function print(text: string | Painted, stream: NodeJS.WriteStream = process.stdout): void {
  stream.write(`${shown(text)}\n`);
}

function shown(value: unknown): string {
  return value instanceof Painted ? value.toString() : escapeControls(String(value));
}
