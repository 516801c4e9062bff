// Shows the app's URL in the address bar.

/** Shortest time between two changes, in milliseconds: browsers refuse pages that change it too often. */
const PAUSE_MS = 200;

/** What is used of the window. */
export interface AddressWindow {
  location: Pick<Location, "href">;
  history: Pick<History, "state" | "replaceState" | "pushState">;
  setTimeout: (run: () => void, ms: number) => unknown;
}

/** The address bar of the page around the app. */
export class AddressBar {
  readonly #window: AddressWindow;
  #isPausing = false;
  #next: string | undefined;

  constructor(window: AddressWindow = globalThis.window) {
    this.#window = window;
  }

  /** Shows a URL of this origin in place of the shown one. Of changes in a row, the last one counts. */
  show(url: URL): void {
    this.#next = url.href;
    if (!this.#isPausing) this.#replace();
  }

  /** Adds a URL to the browser's history, so that Back leads to the shown one. */
  add(url: URL): void {
    this.#next = undefined;
    this.#window.history.pushState(null, "", url.href);
  }

  #replace(): void {
    const { location, history, setTimeout } = this.#window;
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined || next === location.href) return;
    history.replaceState(history.state, "", next);
    this.#isPausing = true;
    setTimeout(() => {
      this.#isPausing = false;
      this.#replace();
    }, PAUSE_MS);
  }
}
