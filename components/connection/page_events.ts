// What the browser tells a page that keeps a connection.

/** The window and document, as far as they are used here. */
export interface PageWindow {
  /** Fires `online`, `pagehide` and `pageshow`. */
  addEventListener: EventTarget["addEventListener"];
  document: Pick<Document, "visibilityState"> & Pick<EventTarget, "addEventListener">;
}

/** Options of {@linkcode onPageEvents}. */
export interface PageEventsOptions {
  /** Called when the network is back, or the user looks at the page again. */
  onWake: () => void;
  /** Called when the page goes, for good or into the browser's cache for its Back button. */
  onHide: () => void;
  /** Called when the page comes back from that cache. */
  onRestore: () => void;
  /** Stops listening. */
  signal: AbortSignal;
  /** @default globalThis */
  window?: PageWindow;
}

/** Listens to the browser. */
export function onPageEvents(options: PageEventsOptions): void {
  const { onWake, onHide, onRestore, signal, window = globalThis as PageWindow } = options;
  const { document } = window;
  window.addEventListener("online", onWake, { signal });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "visible") onWake();
  }, { signal });
  window.addEventListener("pagehide", onHide, { signal });
  window.addEventListener("pageshow", (event) => {
    if ((event as PageTransitionEvent).persisted) onRestore();
  }, { signal });
}
