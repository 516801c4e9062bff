// The status pill of <lighthouse-tunnel>: the connection's state in words, what helps, and the pairing views.
import { html, type LitElement, nothing, type ReactiveController, type TemplateResult } from "lit";
import { codeText } from "./code_text.ts";
import type { ConnectionView } from "./connection/connection_view.ts";
import { diagnosisOf } from "./connection/diagnosis.ts";
import { nativeDetector } from "./pairing/camera.ts";
import { PairingView } from "./pairing/pairing_view.ts";
import { languageOf, watchLanguage } from "./texts/language.ts";
import { tell, type TunnelAction } from "./texts/telling.ts";
import { pillTextsIn, tellNetwork, type TextName, type Texts } from "./texts/network_texts.ts";
import { asSentence, fill, valuesOf } from "./texts/texts.ts";

/** The element. `texts`: the page's own, in place of some or all. */
type PillHost = LitElement & { texts: Partial<Texts> | null };

/** What the pill's buttons do; `pair` takes the fragment of a pairing link. */
export type PillActions = Record<Exclude<TunnelAction, "pair">, () => void> & {
  pair: (fragment: string) => void;
};

/** The pill. */
export class Pill implements ReactiveController {
  readonly #host: PillHost;
  readonly #actions: PillActions;
  readonly #pairing: PairingView;
  #listening: AbortController | undefined;
  /** Whether the pairing views are open. */
  #isPairing = false;
  /** Whether the browser can read QR codes. */
  #canScan = false;

  constructor(host: PillHost, actions: PillActions) {
    this.#host = host;
    this.#actions = actions;
    const onChange = () => {
      host.requestUpdate();
      return host.updateComplete;
    };
    this.#pairing = new PairingView({
      onLink: (fragment) => {
        this.#open(false);
        actions.pair(fragment);
      },
      onChange,
      detector: async () => (await nativeDetector())!,
    });
    host.addController(this);
  }

  hostConnected(): void {
    this.#listening = new AbortController();
    watchLanguage(this.#host, () => this.#host.requestUpdate(), this.#listening.signal);
  }

  hostDisconnected(): void {
    this.#listening?.abort();
    this.#pairing.close();
  }

  /** Renders the pill. */
  render(view: ConnectionView, isPinned: boolean): TemplateResult {
    const { state, device, error } = view;
    const { label, sentence, cures, actions } = tellNetwork(
      tell(view, isPinned),
      diagnosisOf(view),
    );
    const texts = pillTextsIn(languageOf(this.#host), this.#host.texts);
    const values = valuesOf(error, device);
    const say = (name: TextName, finish = (text: string) => text) =>
      html`<slot name=${name}>${codeText(finish(fill(texts[name], values)))}</slot>`;
    if (!actions.includes("pair")) this.#isPairing = false;
    return html`
      <div class="pill ${state}" part="pill">
        <span class="said">
          <span class="dot" part="dot" aria-hidden="true"></span>
          <span role="status">
            <span class="state" part="state">${say(label)}</span>
            ${label === "connected" && device
              ? html`<span class="device" part="device">${say("as")}</span>`
              : nothing}
            ${sentence
              ? html`<span class="reason" part="reason">${
                say(sentence, error || cures.length > 0 ? asSentence : undefined)
              }</span>`
              : nothing}
            ${cures.map((cure) =>
              html`
                <span class="cure" part="cure">${say(cure, asSentence)}</span>
              `
            )}
          </span>
        </span>
        ${this.#isPairing
          ? html`<div class="pairing" part="pairing">${
            this.#pairing.render({
              texts,
              canScan: this.#canScan,
              cancel: () => this.#open(false, "[part=pair]"),
            })
          }</div>`
          : actions.map((action) =>
            html`<button type="button" part=${action} @click=${() => this.#act(action)}>${
              say(action)
            }</button>`
          )}
      </div>
    `;
  }

  #act(action: TunnelAction): void {
    if (action !== "pair") return this.#actions[action]();
    void nativeDetector().then((detector) => {
      this.#canScan = detector !== undefined && navigator.mediaDevices !== undefined;
      this.#host.requestUpdate();
    });
    this.#open(true, "input");
  }

  /** Opens or closes the pairing views. @param focus Selects what then has the focus. */
  #open(isPairing: boolean, focus?: string): void {
    this.#isPairing = isPairing;
    if (!isPairing) this.#pairing.close();
    this.#host.requestUpdate();
    if (focus === undefined) return;
    void this.#host.updateComplete.then(() =>
      this.#host.renderRoot.querySelector<HTMLElement>(focus)?.focus()
    );
  }
}
