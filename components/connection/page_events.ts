// Listens to the browser's events that matter to a connection.

/** The parts of window and document that are used here. */
export interface PageWindow {
  /** Fires `online`, `pagehide` and `pageshow`. */
  addEventListener: EventTarget["addEventListener"];
  document: Pick<Document, "visibilityState"> & Pick<EventTarget, "addEventListener">;
}

/** Options of {@linkcode onPageEvents}. */
export interface PageEventsOptions {
  /** Called when the network is back, or the user looks at the page again. */
  onWake: () => void;
  /** Called before that when the network is back: it may be another one. */
  onOnline?: () => void;
  /** Called when the page is left, for good or into the back/forward cache. */
  onHide: () => void;
  /** Called when the page comes back from the back/forward cache. */
  onRestore: () => void;
  /** Stops listening. */
  signal: AbortSignal;
  /** @default globalThis */
  window?: PageWindow;
}

/** Listens to the browser. */
export function onPageEvents(options: PageEventsOptions): void {
  const { onWake, onOnline, onHide, onRestore, signal, window = globalThis as PageWindow } =
    options;
  const { document } = window;
  window.addEventListener("online", () => {
    onOnline?.();
    onWake();
  }, { signal });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") onWake();
  }, { signal });
  window.addEventListener("pagehide", onHide, { signal });
  window.addEventListener("pageshow", (event) => {
    if ((event as PageTransitionEvent).persisted) onRestore();
  }, { signal });
}
