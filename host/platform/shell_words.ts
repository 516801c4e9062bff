// Words of command lines for a shell.

/** A text in single quotes: POSIX shells, zsh and fish take it as one word, and act on nothing in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** A text as one word: in single quotes where it needs them. */
export function shellWord(text: string): string {
  return /^[\w./:=@%+,-]+$/.test(text) ? text : quoted(text);
}
