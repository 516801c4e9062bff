// Prepares all pictures of results: they are readable on light and dark pages, and by screen readers.

/** Placeholder for the text's colour, which the reader's theme chooses. */
export const INK = "#010203";

/**
 * Adds the texts for screen readers, and lets {@linkcode INK} follow the reader's theme.
 *
 * @param svg An SVG by echarts.
 */
export function dress(svg: string, title: string, description: string): string {
  const head = [
    `<title id="title">${escape(title)}</title>`,
    `<desc id="description">${escape(description)}</desc>`,
    "<style>svg { color: #1f2328; }",
    "@media (prefers-color-scheme: dark) { svg { color: #e6edf3; } }</style>",
  ];
  const attributes = 'role="img" aria-labelledby="title" aria-describedby="description"';
  return svg.replace(/^<svg ([^>]*)>/, `<svg $1 ${attributes}>\n${head.join("\n")}`)
    .replaceAll(INK, "currentColor") + "\n";
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
