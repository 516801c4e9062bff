// What the tabs' code uses of the browser.

/** A window, as far as it is used here. */
export interface TabWindow {
  navigator: {
    /** Undefined in private windows of some browsers, and in pages that are not secure. */
    serviceWorker?: ServiceWorkerContainer;
    locks?: LockManager;
  };
  location: Pick<Location, "href">;
  BroadcastChannel: new (name: string) => BroadcastChannel;
  /** For `pagehide` and `pageshow`. */
  addEventListener(
    type: "pagehide" | "pageshow",
    listener: (event: { persisted: boolean }) => void,
    options: { signal: AbortSignal },
  ): void;
}
