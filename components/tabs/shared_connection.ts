// Decides whether this tab connects on its own, or shares one connection with the site's other tabs.
import { LighthouseError } from "../../wire/mod.ts";
import type { CurrentView } from "../connection/connection_view.ts";
import type { TabConnection, TabSettings } from "../connection/tab_connection.ts";
import { ENGLISH } from "../texts/english.ts";
import type { TabWindow } from "./tab_window.ts";
import { Tabs } from "./tabs.ts";

/** Options of {@linkcode SharedConnection}. */
export interface SharedConnectionOptions {
  /** This tab's own connection, which shows itself in `view`. */
  own: Pick<TabConnection, "connect" | "renew" | "close" | "refuse" | "isWanted" | "session">;
  /** Shows the connection that this tab uses. */
  view: CurrentView;
  /** @default globalThis */
  window?: TabWindow;
}

/** A connection to the host, which other tabs and the service worker use too where there is a worker. */
export class SharedConnection {
  readonly #own: SharedConnectionOptions["own"];
  readonly #view: CurrentView;
  readonly #window: TabWindow;
  #tabs: Tabs | undefined;
  #listening: AbortController | undefined;
  #workerError: LighthouseError | undefined;

  constructor({ own, view, window = globalThis }: SharedConnectionOptions) {
    this.#own = own;
    this.#view = view;
    this.#window = window;
  }

  /** Why the worker cannot be used, where one was wanted. */
  get workerError(): LighthouseError | undefined {
    return this.#workerError;
  }

  /**
   * Connects, or tries again at once, and stays connected until `close`.
   *
   * @param worker The service worker's URL: with it, the connection is shared.
   */
  connect(settings: TabSettings, worker?: URL): void {
    if (settings.opening) this.#useLink(settings.opening);
    // Requests under way go on until the link is kept.
    if (settings.opening && this.#own.isWanted) return;
    if (this.#tabs) return this.#tabs.retry();
    if (!worker || this.#workerError) return this.#own.connect(settings);
    const { serviceWorker, locks } = this.#window.navigator;
    if (!serviceWorker || !locks) {
      return this.#goAlone(settings, new LighthouseError("unsupported", ENGLISH["no-worker"]));
    }
    try {
      this.#tabs = new Tabs({
        worker,
        settings,
        own: this.#own,
        view: this.#view,
        onTrouble: (error) => this.#goAlone(settings, error),
        serviceWorker,
        locks,
        window: this.#window,
      });
    } catch (error) {
      // A browser that keeps nothing for the site lets its tabs say nothing to each other either.
      return this.#goAlone(settings, LighthouseError.from(error, "unsupported"));
    }
    const { signal } = this.#listening = new AbortController();
    // A page that the browser keeps for its Back button must not keep the lock.
    this.#window.addEventListener("pagehide", () => this.#leave(), { signal });
    this.#window.addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.connect(settings, worker);
    }, { signal });
  }

  /** Says goodbye to the host and stays unconnected. Where this tab leads, another takes over. */
  close(): void {
    this.#listening?.abort();
    this.#workerError = undefined;
    this.#leave();
  }

  /** Shows why nothing is attempted at all, such as a setting that is wrong. */
  refuse(error: LighthouseError): void {
    this.close();
    this.#own.refuse(error);
  }

  /** Connects anew, as whom this browser is now. */
  renew(): void {
    if (this.#follows) this.#tabs!.renew();
    else this.#own.renew();
  }

  get #follows(): boolean {
    return this.#tabs?.leads === false;
  }

  /** Has the connection use a pairing link once it is kept. */
  #useLink(opening: Promise<void>): void {
    // A connection that begins now waits for the link by itself.
    const isBeginning = !this.#own.isWanted;
    opening.then(
      () => {
        if (!isBeginning || this.#follows) this.renew();
      },
      (error) => this.refuse(LighthouseError.from(error, "unsupported")),
    );
  }

  #leave(): void {
    this.#tabs?.leave();
    this.#tabs = undefined;
    this.#own.close();
    this.#view.delay(undefined);
  }

  #goAlone(settings: TabSettings, error: LighthouseError): void {
    console.warn("lighthouse-tunnel does without its service worker:", error);
    this.#workerError = error;
    this.#tabs = undefined;
    this.#own.connect(settings);
    this.#view.delay(undefined);
  }
}
