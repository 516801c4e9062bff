// A message in place of the app.
import { html, nothing, type TemplateResult } from "lit";
import { codeText } from "../code_text.ts";
import type { MessageScreen, ScreenAction } from "./screen.ts";

/** Renders the message. @param labels The buttons' texts. */
export function renderMessage(
  { title, texts, isBusy, actions, code }: MessageScreen,
  labels: Record<ScreenAction, string>,
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
            ${labels[action]}</button>`
        )
      }</div>`
      : nothing}
    ${code ? html`<p class="code">${code}</p>` : nothing}
  `;
}
