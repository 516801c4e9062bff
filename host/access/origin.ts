// Checks the origins that pages give for themselves: they reach terminals, logs and backends.

/**
 * Whether a text is the origin of a web site, as the browser writes it: `https://me.github.io`,
 * `http://localhost:5173`. Nothing else is, such as another spelling of an origin, `null`, or a text with
 * a path, a user's name, a control character or a letter beyond ASCII.
 */
export function isOrigin(text: string): boolean {
  return /^https?:/.test(text) && URL.parse(text)?.origin === text;
}
