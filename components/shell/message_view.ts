// A message in place of the app.
import { html, nothing, type TemplateResult } from "lit";
import { codeText } from "../code_text.ts";
import type { MessageScreen, ScreenAction } from "./screen.ts";

const LABELS: Record<ScreenAction, string> = {
  retry: "Try again",
  pair: "Pair this browser again",
  forget: "Use the other laptop",
  again: "Load the app again",
};

/** Renders the message. */
export function renderMessage(
  { title, texts, isBusy, actions, code }: MessageScreen,
  act: (action: ScreenAction) => void,
): TemplateResult {
  return html`
    <div role="status">
      <h1 tabindex="-1">${title}</h1>
      ${texts.map((text) => html`<p>${codeText(text)}</p>`)}
    </div>
    ${isBusy ? html`<div class="progress" aria-hidden="true"></div>` : nothing}
    ${actions.length > 0
      ? html`<div class="actions">${
        actions.map((action, index) =>
          html`<button type="button" class=${index > 0 ? "quiet" : ""} @click=${() => act(action)}>
            ${LABELS[action]}</button>`
        )
      }</div>`
      : nothing}
    ${code ? html`<p class="code">Code: ${code}</p>` : nothing}
  `;
}
