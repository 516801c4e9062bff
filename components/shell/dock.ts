// The pill: a dot in a corner of the window that tells the connection's state, and opens a small menu.
import { html, nothing, type TemplateResult } from "lit";
import { codeText } from "../code_text.ts";
import type { TunnelState } from "../connection/connection_state.ts";
import { fill } from "../texts/texts.ts";
import { type Corner, cornerAfter, cornerAt, cornerByKey, parseCorner } from "./dock_place.ts";
import type { ShellTexts } from "./texts.ts";

/** What the pill tells, and what its controls do. */
export interface DockModel {
  state: TunnelState;
  texts: ShellTexts;
  /** The state's name, a sentence about it, and what the host calls this browser, in the page's language. */
  label: string;
  /** Whether the connection goes through the relay. */
  isRelayed: boolean;
  sentence: string | undefined;
  device: string | undefined;
  /** What helps. */
  actions: { text: string; act: () => void }[];
  /** Whether the site's files are newer than this page. */
  isOutdated: boolean;
  reload: () => void;
  pair: () => void;
  /** Undefined if the site has no start page, or shows it. */
  openStart: (() => void) | undefined;
}

/** Time for which news stay open by themselves, in milliseconds. */
const NEWS_MS = 8_000;

/** Pixels of a movement that begin a drag. */
const DRAG_PX = 6;

const KEPT_CORNER = "lighthouse-pill";

/** What the page gives the pill. */
export interface DockOptions {
  onChange: () => void;
  /** Where the corner is kept; undefined in windows that keep nothing. */
  storage: Pick<Storage, "getItem" | "setItem"> | undefined;
}

/** The pill and its place. */
export class Dock {
  readonly #options: DockOptions;
  #corner: Corner;
  #isOpen = false;
  /** The news that are shown beside the dot, and those that were shown. */
  #news: string | undefined;
  #told: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Where a press began, while it lasts. */
  #pressed: { x: number; y: number; isDrag: boolean } | undefined;
  #wasDragged = false;

  constructor(options: DockOptions) {
    this.#options = options;
    this.#corner = parseCorner(options.storage?.getItem(KEPT_CORNER));
  }

  /** Renders the pill. */
  render(model: DockModel): TemplateResult {
    const { state, texts, label, isOutdated } = model;
    this.#tell(newsOf(model));
    const title = fill(texts.pill, { state: label });
    return html`
      <div class="dock ${state}" data-corner=${this.#corner} @keydown=${this.#onKey}
        @focusout=${this.#onFocusOut}>
        <button type="button" class="pill" aria-expanded=${this.#isOpen ? "true" : "false"}
          aria-controls="dock-menu" aria-label="${title}${isOutdated
            ? `, ${texts["new-version"]}`
            : ""}"
          title=${title} @click=${this.#onClick} @pointerdown=${this.#onPress}
          @pointermove=${this.#onMove} @pointerup=${this.#onRelease} @pointercancel=${this
            .#onRelease}>
          <span class="dot" aria-hidden="true"></span>
          <span class="news" aria-hidden="true">${this.#isOpen ? nothing : this.#news}</span>
        </button>
        <span class="unseen" role="status">${this.#told}</span>
        <div id="dock-menu" class="menu" ?hidden=${!this.#isOpen}>
          ${this.#isOpen ? this.#renderMenu(model) : nothing}
        </div>
      </div>
    `;
  }

  #renderMenu(model: DockModel): TemplateResult {
    const { texts, label, sentence, device, actions } = model;
    const { isOutdated, openStart, reload, pair } = model;
    const act = (action: () => void) => () => {
      this.#close();
      action();
    };
    const button = (text: string, action: () => void) =>
      html`<button type="button" @click=${act(action)}>${text}</button>`;
    return html`
      <p><strong>${label}</strong> ${device}</p>
      ${sentence ? html`<p class="reason">${codeText(sentence)}</p>` : nothing}
      ${isOutdated ? html`<p>${texts["new-version-is"]}</p>` : nothing}
      ${actions.map(({ text, act }) => button(text, act))}
      ${button(isOutdated ? texts["reload-new"] : texts.reload, reload)}
      ${openStart ? button(texts.services, openStart) : nothing}
      ${button(texts["pair-again"], pair)}
      ${button(texts.move, () => this.#moveTo(cornerAfter(this.#corner)))}
    `;
  }

  /** Opens news beside the dot for a while. */
  #tell(news: string | undefined): void {
    if (news === this.#told) return;
    this.#told = this.#news = news;
    clearTimeout(this.#timer);
    if (news === undefined) return;
    this.#timer = setTimeout(() => {
      this.#news = undefined;
      this.#options.onChange();
    }, NEWS_MS);
  }

  #close(): void {
    this.#isOpen = false;
    this.#options.onChange();
  }

  #moveTo(corner: Corner): void {
    this.#corner = corner;
    try {
      this.#options.storage?.setItem(KEPT_CORNER, corner);
    } catch {
      // The storage is full: the corner is kept until the next load.
    }
    this.#options.onChange();
  }

  readonly #onClick = (): void => {
    if (this.#wasDragged) return;
    this.#isOpen = !this.#isOpen;
    this.#news = undefined;
    this.#options.onChange();
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key === "Escape" && this.#isOpen) {
      this.#close();
      (event.currentTarget as Element).querySelector<HTMLElement>(".pill")!.focus();
      return event.preventDefault();
    }
    const isPill = (event.target as Element).classList.contains("pill");
    const corner = isPill ? cornerByKey(this.#corner, event.key) : undefined;
    if (corner === undefined) return;
    this.#moveTo(corner);
    event.preventDefault();
  };

  /** A click into the app closes the menu, too: the frame then takes the focus. */
  readonly #onFocusOut = ({ currentTarget, relatedTarget }: FocusEvent): void => {
    if (relatedTarget && (currentTarget as Element).contains(relatedTarget as Node)) return;
    // Safari gives buttons no focus by a click, so a press of the pill must not close it before the click.
    if (this.#isOpen && !this.#pressed) this.#close();
  };

  readonly #onPress = (event: PointerEvent): void => {
    if (event.button !== 0) return;
    this.#pressed = { x: event.clientX, y: event.clientY, isDrag: false };
    this.#wasDragged = false;
    // The app's frame would take the pointer's events otherwise.
    (event.currentTarget as Element).setPointerCapture(event.pointerId);
  };

  readonly #onMove = ({ clientX, clientY, currentTarget }: PointerEvent): void => {
    const pressed = this.#pressed;
    if (!pressed) return;
    const [x, y] = [clientX - pressed.x, clientY - pressed.y];
    pressed.isDrag ||= Math.hypot(x, y) > DRAG_PX;
    if (pressed.isDrag) (currentTarget as HTMLElement).style.translate = `${x}px ${y}px`;
  };

  readonly #onRelease = ({ type, clientX, clientY, currentTarget }: PointerEvent): void => {
    const isDrag = this.#pressed?.isDrag === true;
    this.#pressed = undefined;
    (currentTarget as HTMLElement).style.translate = "";
    if (!isDrag) return;
    this.#wasDragged = true;
    if (type === "pointerup") this.#moveTo(cornerAt(clientX, clientY, innerWidth, innerHeight));
  };
}

/** What is worth a word beside the dot; undefined while all is well. */
function newsOf(
  { state, label, isRelayed, isOutdated, texts }: DockModel,
): string | undefined {
  if (state !== "connected" || isRelayed) return label;
  return isOutdated ? texts["new-version"] : undefined;
}
