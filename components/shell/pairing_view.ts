// The views in which this browser is paired: by pasting the link, or by a look of the camera at its code.
import { html, nothing, type TemplateResult } from "lit";
import { LighthouseError } from "../../wire/mod.ts";
import { codeText } from "../code_text.ts";
import { scan } from "./camera.ts";
import { fragmentIn } from "./pasted_link.ts";

/** Options of {@linkcode PairingView}. */
export interface PairingViewOptions {
  /** Called with the fragment of a pairing link. */
  onLink: (fragment: string) => void;
  /** Called when something has changed, so that the view is to be rendered again. */
  onChange: () => void;
}

/** What the camera does. */
type Camera = "off" | "starting" | "on";

/** The pairing views and what they know. */
export class PairingView {
  readonly #options: PairingViewOptions;
  #camera: Camera = "off";
  #scanning: AbortController | undefined;
  /** Why a pasted text is no link. */
  #pasteError: string | undefined;
  /** Why the camera sees nothing, or what is wrong with the code that it sees. */
  #cameraError: string | undefined;

  constructor(options: PairingViewOptions) {
    this.#options = options;
  }

  /** Switches the camera off, and forgets what was wrong. */
  close(): void {
    this.#scanning?.abort();
    this.#pasteError = this.#cameraError = undefined;
  }

  /**
   * Renders the views.
   *
   * @param problem Why the last link was refused.
   * @param cancel Leaves the views; undefined if there is nothing to go back to.
   */
  render(problem: string | undefined, cancel: (() => void) | undefined): TemplateResult {
    return html`
      <h1 tabindex="-1">Pair this browser</h1>
      ${problem ? html`<p class="problem" role="alert">${codeText(problem)}</p>` : nothing}
      <p>
        On your laptop, run <code>lighthouse-host pair</code>. It shows a code to scan, and a link to open
        in this browser.
      </p>
      ${this.#renderCamera()}
      <form @submit=${this.#paste}>
        <label for="link">Pairing link</label>
        <input id="link" name="link" type="text" inputmode="url" autocomplete="off" autocapitalize="none"
          spellcheck="false" required placeholder="https://…#lighthouse=…"
          aria-invalid=${this.#pasteError ? "true" : "false"}
          aria-describedby=${this.#pasteError ? "link-error" : nothing}>
        ${this.#pasteError
          ? html`<p class="problem" id="link-error" role="alert">${this.#pasteError}</p>`
          : nothing}
        <div class="actions">
          <button>Pair</button>
          ${cancel
            ? html`<button type="button" class="quiet" @click=${cancel}>Cancel</button>`
            : nothing}
        </div>
      </form>
    `;
  }

  #renderCamera(): TemplateResult {
    const isOff = this.#camera === "off";
    return html`
      <div class="camera">
        ${isOff
          ? html`<button type="button" class="scan" @click=${this.#scan}>Scan the code</button>`
          : html`
            <video muted playsinline aria-label="What the camera sees"></video>
            <p role="status">${this.#camera === "starting"
              ? "Starting the camera …"
              : this.#cameraError ?? "Hold the code on your laptop in front of the camera."}</p>
            <button type="button" class="quiet stop" @click=${() => this.#scanning?.abort()}>
              Stop the camera
            </button>
          `}
        ${isOff && this.#cameraError
          ? html`<p class="problem" role="alert">${this.#cameraError}</p>`
          : nothing}
      </div>
    `;
  }

  readonly #paste = (event: SubmitEvent): void => {
    event.preventDefault();
    const form = event.target as HTMLFormElement;
    try {
      const fragment = fragmentIn(String(new FormData(form).get("link")));
      this.close();
      form.reset();
      this.#options.onLink(fragment);
    } catch (error) {
      this.#pasteError = LighthouseError.from(error, "bad-link").message + ".";
      form.querySelector("input")!.focus();
    }
    this.#options.onChange();
  };

  readonly #scan = async (event: Event): Promise<void> => {
    const view = (event.target as Element).closest(".camera")!;
    const { signal } = this.#scanning = new AbortController();
    this.#cameraError = undefined;
    this.#change("starting");
    const video = view.querySelector("video")!;
    video.addEventListener("playing", () => this.#change("on"), { signal });
    view.querySelector<HTMLElement>(".stop")!.focus();
    try {
      await scan({ video, signal, onText: (text) => this.#see(text) });
    } catch (error) {
      if (!signal.aborted) this.#cameraError = whyNoCamera(error as Error);
    }
    this.#scanning.abort();
    const hadFocus = view.contains(document.activeElement);
    this.#change("off");
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
      this.#cameraError =
        "This code is no pairing link: scan the one that `lighthouse-host pair` shows."
          .replaceAll("`", "");
      this.#options.onChange();
      return false;
    }
  }

  #change(camera: Camera): void {
    this.#camera = camera;
    this.#options.onChange();
  }
}

function whyNoCamera({ name }: Error): string {
  if (name === "NotAllowedError") {
    return "This page may not use the camera. Allow it in the browser's settings, or paste the link.";
  }
  if (name === "NotFoundError" || name === "OverconstrainedError") {
    return "There is no camera. Paste the link, or open it in this browser.";
  }
  return "The camera does not start: does another program use it? Paste the link, or try again.";
}
