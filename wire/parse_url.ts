// Reads a URL that may be none.

/**
 * Does what `URL.parse()` does, which is newer than the browsers that pages must run in (docs/browsers.md).
 *
 * @param base What a relative URL starts at.
 * @returns Null if the text is no URL.
 */
export function parseUrl(text: string | URL, base?: string | URL): URL | null {
  try {
    return new URL(text, base);
  } catch {
    return null;
  }
}
