// A pairing link as people get it: a line of text, and a QR code for a phone's camera.
import { encode } from "uqr";
import { formatPairingFragment } from "../../wire/mod.ts";

/** What a link is made of. */
export interface LinkParts {
  hostKey: Uint8Array<ArrayBuffer>;
  secret: Uint8Array<ArrayBuffer>;
}

/** The link, or its fragment alone where the page's address is not known. */
export function formatLink(page: URL | undefined, parts: LinkParts): string {
  return `${page?.href ?? ""}${formatPairingFragment(parts)}`;
}

/**
 * A QR code for a terminal: two rows of squares a line.
 *
 * @param color Whether to say which colours they have. Without, it is for a dark background.
 */
export function formatQrCode(text: string, color: boolean): string {
  // White squares are drawn, and black ones left: with a margin of four, as the standard wants it.
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
