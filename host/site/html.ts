// Text and attributes in HTML.

/** Escapes a text for HTML, also within double quotes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** Writes an element's attributes, without those that are undefined. */
export function formatAttributes(values: Readonly<Record<string, string | undefined>>): string {
  return Object.entries(values)
    .flatMap(([name, value]) => value === undefined ? [] : `${name}="${escapeHtml(value)}"`)
    .join(" ");
}
