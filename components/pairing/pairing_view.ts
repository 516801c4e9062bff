// The views in which this browser is paired: by pasting the link, or by a look of the camera at its code.
import { html, nothing, type TemplateResult } from "lit";
import { LighthouseError } from "../../wire/mod.ts";
import { codeText } from "../code_text.ts";
import { asSentence, nameOfError, type TextName, type Texts } from "../texts/texts.ts";
import { type CodeDetector, scan } from "./camera.ts";
import { fragmentIn } from "./pasted_link.ts";

/** Options of {@linkcode PairingView}. */
export interface PairingViewOptions {
  /** Called with the fragment of a pairing link. */
  onLink: (fragment: string) => void;
  /** Called when something has changed, so that the view is to be rendered again. May resolve after that. */
  onChange: () => unknown;
  /** Makes the detector of codes. */
  detector: () => Promise<CodeDetector>;
}

/** What {@linkcode PairingView} renders with. */
export interface PairingViewModel {
  texts: Texts;
  /** Whether codes can be scanned here. */
  canScan: boolean;
  /** Leaves the views; undefined if there is nothing to go back to. */
  cancel: (() => void) | undefined;
}

/** What the camera does. */
type Camera = "off" | "starting" | "on";

/** The pairing views and what they know. */
export class PairingView {
  readonly #options: PairingViewOptions;
  #camera: Camera = "off";
  #scanning: AbortController | undefined;
  /** Why a pasted text is no link. */
  #pasteError: TextName | undefined;
  /** Why the camera sees nothing, or what is wrong with the code that it sees. */
  #cameraError: TextName | undefined;

  constructor(options: PairingViewOptions) {
    this.#options = options;
  }

  /** Switches the camera off, and forgets what was wrong. */
  close(): void {
    this.#scanning?.abort();
    this.#pasteError = this.#cameraError = undefined;
  }

  /** Renders the views. */
  render({ texts, canScan, cancel }: PairingViewModel): TemplateResult {
    return html`
      ${canScan ? this.#renderCamera(texts) : nothing}
      <form part="form" @submit=${this.#paste}>
        <label for="link">${texts.link}</label>
        <input id="link" part="input" name="link" type="text" inputmode="url" autocomplete="off"
          autocapitalize="none" spellcheck="false" required placeholder="https://…#lighthouse=…" dir="ltr"
          aria-invalid=${this.#pasteError ? "true" : "false"}
          aria-describedby=${this.#pasteError ? "link-error" : nothing}>
        ${this.#pasteError
          ? html`<p class="problem" id="link-error" role="alert">${
            codeText(asSentence(texts[this.#pasteError]))
          }</p>`
          : nothing}
        <div class="actions">
          <button part="use-link">${texts["use-link"]}</button>
          ${cancel
            ? html`<button type="button" part="cancel" class="quiet" @click=${cancel}>${texts.cancel}</button>`
            : nothing}
        </div>
      </form>
    `;
  }

  #renderCamera(texts: Texts): TemplateResult {
    const isOff = this.#camera === "off";
    const hint = this.#camera === "starting" ? "scan-starting" : this.#cameraError ?? "scan-hold";
    return html`
      <div class="camera">
        ${isOff
          ? html`<button type="button" part="scan" class="scan" @click=${this.#scan}>
            ${texts.scan}</button>`
          : html`
            <video muted playsinline aria-label=${texts["scan-view"]}></video>
            <p role="status">${codeText(texts[hint])}</p>
            <button type="button" class="quiet stop" @click=${() => this.#scanning?.abort()}>
              ${texts["scan-stop"]}
            </button>
          `}
        ${isOff && this.#cameraError
          ? html`<p class="problem" role="alert">${codeText(texts[this.#cameraError])}</p>`
          : nothing}
      </div>
    `;
  }

  readonly #paste = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    let fragment: string;
    try {
      fragment = fragmentIn(String(new FormData(form).get("link")));
    } catch (error) {
      this.#pasteError = nameOfError(LighthouseError.from(error, "bad-link"));
      form.querySelector("input")!.focus();
      this.#options.onChange();
      return;
    }
    this.close();
    form.reset();
    this.#options.onLink(fragment);
    this.#options.onChange();
  };

  readonly #scan = async (event: Event): Promise<void> => {
    const view = (event.target as Element).closest(".camera")!;
    const { signal } = this.#scanning = new AbortController();
    this.#cameraError = undefined;
    await this.#change("starting");
    // The views were closed at once.
    if (signal.aborted) return await this.#change("off");
    const video = view.querySelector("video")!;
    video.addEventListener("playing", () => void this.#change("on"), { signal });
    view.querySelector<HTMLElement>(".stop")!.focus();
    try {
      const { detector } = this.#options;
      await scan({ video, signal, detector, onText: (text) => this.#see(text) });
    } catch (error) {
      if (!signal.aborted) this.#cameraError = whyNoCamera(error as Error);
    }
    this.#scanning.abort();
    const hadFocus = view.contains((view.getRootNode() as Document).activeElement);
    await this.#change("off");
    if (hadFocus) view.querySelector<HTMLElement>(".scan")?.focus();
  };

  /** Takes the text of a code. @returns Whether it is a pairing link. */
  #see(text: string): boolean {
    try {
      const fragment = fragmentIn(text);
      this.#cameraError = undefined;
      this.#options.onLink(fragment);
      return true;
    } catch {
      this.#cameraError = "scan-wrong";
      this.#options.onChange();
      return false;
    }
  }

  async #change(camera: Camera): Promise<void> {
    this.#camera = camera;
    await this.#options.onChange();
  }
}

function whyNoCamera({ name }: Error): TextName {
  if (name === "NotAllowedError") return "scan-forbidden";
  if (name === "NotFoundError" || name === "OverconstrainedError") return "scan-missing";
  return "scan-failed";
}
