// Quotes for shells.

/** A word in single quotes, which all three shells understand. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
