// Formats a pairing link: a line of text, and a QR code for a phone's camera.
import { encode } from "uqr";
import { formatPairingFragment, type PairingLink } from "../../wire/mod.ts";

/** The link, or only its fragment if the page's address is not known. */
export function formatLink(page: URL | undefined, parts: PairingLink): string {
  return `${page?.href ?? ""}${formatPairingFragment(parts)}`;
}

/**
 * Formats a QR code for a terminal, with two rows of squares in a line.
 *
 * @param color Whether to set the colours. Without, the code is for a dark background.
 */
export function formatQrCode(text: string, color: boolean): string {
  // Draws the white squares, with the standard's margin of four.
  const { data, size } = encode(text, { border: 4 });
  const isWhite = (row: number, column: number) => !data[row]?.[column];
  const lines: string[] = [];
  for (let row = 0; row < size; row += 2) {
    let line = "";
    for (let column = 0; column < size; column++) {
      const upper = isWhite(row, column);
      const lower = row + 1 < size && isWhite(row + 1, column);
      line += upper ? (lower ? "█" : "▀") : lower ? "▄" : " ";
    }
    lines.push(color ? `\x1b[97;40m${line}\x1b[0m` : line);
  }
  return lines.join("\n");
}
