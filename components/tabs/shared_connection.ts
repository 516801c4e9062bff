// The connection as the element sees it: its own, or one that the site's tabs share.
import { LighthouseError } from "../../wire/mod.ts";
import { Connection } from "../connection/connection.ts";
import type { CurrentView } from "../connection/connection_view.ts";
import type { ConnectionSettings } from "../connection/dial_as_device.ts";
import { Tabs } from "./tabs.ts";

/** A connection to the host, which other tabs and the service worker use too where there is a worker. */
export class SharedConnection {
  readonly #view: CurrentView;
  readonly #own: Connection;
  #tabs: Tabs | undefined;
  #listening: AbortController | undefined;
  #workerError: LighthouseError | undefined;

  /** @param view Where the connection shows how it stands, this tab's own or another's. */
  constructor(view: CurrentView) {
    this.#view = view;
    this.#own = new Connection(view);
  }

  /** This tab's own connection; not connected while another tab's is used. */
  get own(): Connection {
    return this.#own;
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
  connect(settings: ConnectionSettings, worker?: URL): void {
    if (settings.opening) this.#useLink(settings.opening);
    // What is under way goes on until the link is kept.
    if (settings.opening && this.#own.isWanted) return;
    if (this.#tabs) return this.#tabs.retry();
    if (!worker || this.#workerError) return this.#own.connect(settings);
    if (!navigator.serviceWorker || !navigator.locks) {
      const why = "There are no service workers in this window: is it private, or not secure?";
      return this.#goAlone(settings, new LighthouseError("unsupported", why));
    }
    try {
      this.#tabs = new Tabs({
        worker,
        settings,
        own: this.#own,
        view: this.#view,
        onTrouble: (error) => this.#goAlone(settings, error),
      });
    } catch (error) {
      // A browser that keeps nothing for the site lets its tabs say nothing to each other either.
      return this.#goAlone(settings, LighthouseError.from(error, "unsupported"));
    }
    const { signal } = this.#listening = new AbortController();
    // A page that the browser keeps for its Back button must not keep the lock.
    addEventListener("pagehide", () => this.#leave(), { signal });
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.connect(settings, worker);
    }, { signal });
  }

  /** Says goodbye to the host and stays unconnected; of the tabs, another takes over. */
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

  /** Uses what is kept of this browser as it is now. */
  renew(): void {
    if (this.#tabs && !this.#tabs.holds) this.#tabs.renew();
    else this.#own.renew();
  }

  /** Once a pairing link is kept, whoever holds the connection uses it. */
  #useLink(opening: Promise<void>): void {
    // One that begins now waits for the link by itself.
    const isBeginning = !this.#own.isWanted;
    opening.then(
      () => {
        if (!isBeginning || (this.#tabs && !this.#tabs.holds)) this.renew();
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

  #goAlone(settings: ConnectionSettings, error: LighthouseError): void {
    console.warn("lighthouse-tunnel does without its service worker:", error);
    this.#workerError = error;
    this.#tabs = undefined;
    this.#own.connect(settings);
    this.#view.delay(undefined);
  }
}
