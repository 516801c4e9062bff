// What all pictures of results share: they are readable on a light and on a dark page, and can be heard.

/** Stands for the text's colour until the SVG is made: the reader's theme chooses it. */
export const INK = "#010203";

/**
 * Adds what a screen reader reads, and lets what is drawn in {@linkcode INK} follow the reader's theme.
 *
 * @param svg As echarts makes it.
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
