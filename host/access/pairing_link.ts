// Formats a pairing link: a line of text, and a QR code for a phone's camera.
import qrcode from "qrcode-generator";
import { formatPairingFragment, type PairingLink } from "../../wire/mod.ts";

/** The link, or only its fragment if the page's address is not known. */
export function formatLink(page: URL | undefined, parts: PairingLink): string {
  return `${page?.href ?? ""}${formatPairingFragment(parts)}`;
}

/** A terminal, as far as a code depends on it. */
export interface Screen {
  /** In characters. A code has two rows of squares in a line. */
  columns: number;
  rows: number;
  /** How many colours it shows; 0 for none. The code is then for a dark background. */
  colors: number;
}

/** The space that a code takes in a terminal, in characters. */
export interface CodeSize {
  columns: number;
  rows: number;
}

/** White squares around a code: the standard's four take lines that small windows do not have. */
const BORDERS = [2, 1] as const;

/** White on black, whatever the theme says; the second for terminals of 16 colours. */
const COLORS = ["\x1b[38;5;231;48;5;16m", "\x1b[97;40m"] as const;

/**
 * Formats a QR code for a terminal.
 *
 * @returns The lines, or the space that the smallest code takes, if it does not fit.
 */
export function formatQrCode(text: string, { columns, rows, colors }: Screen): string | CodeSize {
  const { size, isDark } = encode(text);
  const border = BORDERS.find((border) => {
    const needed = sizeWith(size, border);
    return needed.columns <= columns && needed.rows <= rows;
  });
  if (border === undefined) return sizeWith(size, BORDERS.at(-1)!);
  // Draws the white squares.
  const isWhite = (row: number, column: number) => row < size + border && !isDark(row, column);
  const lines: string[] = [];
  for (let row = -border; row < size + border; row += 2) {
    let line = "";
    for (let column = -border; column < size + border; column++) {
      const [upper, lower] = [isWhite(row, column), isWhite(row + 1, column)];
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    const color = COLORS[colors >= 256 ? 0 : 1];
    lines.push(colors > 0 ? `${color}${line}\x1b[0m` : line);
  }
  return lines.join("\n");
}

function sizeWith(size: number, border: number): CodeSize {
  const columns = size + 2 * border;
  return { columns, rows: Math.ceil(columns / 2) };
}

/** Encodes a link, whose digits take less than half of the space if they are encoded as digits. */
function encode(text: string) {
  const [, start, digits] = /^(.*?)(\d*)$/s.exec(text)!;
  const code = qrcode(0, "L");
  if (start) code.addData(start, "Byte");
  if (digits) code.addData(digits, "Numeric");
  code.make();
  const size = code.getModuleCount();
  const isInside = (at: number) => at >= 0 && at < size;
  return {
    size,
    isDark: (row: number, column: number) =>
      isInside(row) && isInside(column) && code.isDark(row, column),
  };
}
