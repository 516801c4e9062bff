// Messages mark commands by backticks, for terminals. Pages show them as code.
import { html } from "lit";

/** A message as a page shows it. */
export function codeText(message: string): unknown[] {
  return message.split("`").map((part, index) =>
    index % 2 === 1 ? html`<code>${part}</code>` : part
  );
}
