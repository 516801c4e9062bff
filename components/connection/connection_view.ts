// What the page sees of its connection, in one place: connection.ts fills it while this tab leads or
// stands on its own, tabs.ts while this tab follows another, and the element reads it.
import { LighthouseError, type StreamOpener } from "../../wire/mod.ts";
import { StateChangeEvent } from "../events.ts";
import type { DeviceName } from "../identity/device_store.ts";
import type { TunnelState } from "./connection_state.ts";
import type { NetworkView } from "./page_network.ts";

/** The state of the page's connection, whichever tab keeps it. */
export interface ConnectionView {
  state: TunnelState;
  /** One English sentence. */
  reason: string;
  /** Why it is `offline` or `failed`. */
  error?: LighthouseError;
  /** This browser as the host knows it; undefined if the host does not know it, or has not said so yet. */
  device?: DeviceName;
  /** Carries requests while `connected`, and from `isGreeted` on. */
  session?: StreamOpener;
  /** Whether the session has said HELLO: requests follow at once, without a wait for the host's. */
  isGreeted?: boolean;
  /** What the page and the host see of their networks. */
  networks?: NetworkView;
}

/**
 * The current view.
 *
 * @event statechange - see {@linkcode StateChangeEvent}.
 * @event greet - The session has said HELLO.
 * @event devicechange - The host has named this device, or knows it no longer.
 * @event networkchange - More is known of the networks.
 */
export class CurrentView extends EventTarget {
  #actual: ConnectionView = { state: "idle", reason: "Not connected" };
  #shown = this.#actual;
  #pending: string | undefined;
  #setReady = () => {};
  #ready = this.#nextReady();

  /** The view now. */
  get now(): ConnectionView {
    return this.#shown;
  }

  /** Resolves when the state is `connected`. After a loss, it is a new promise. */
  get ready(): Promise<void> {
    return this.#ready;
  }

  /** Replaces the view. */
  show(view: ConnectionView): void {
    this.#actual = view;
    this.#update();
  }

  /** Until called with undefined: `connected` shows as `connecting`, with this reason. */
  delay(reason: string | undefined): void {
    this.#pending = reason;
    this.#update();
  }

  /**
   * Waits until requests can be sent: at the latest, until the state is `connected`.
   *
   * @returns The session, which carries requests.
   * @throws {LighthouseError} The reason for `offline` or `failed`; `closed` when it is `idle`; the signal's
   * reason when aborted.
   */
  session(signal?: AbortSignal): Promise<StreamOpener> {
    const done = new AbortController();
    const session = new Promise<StreamOpener>((resolve, reject) => {
      if (signal?.aborted) reject(signal.reason);
      const look = () => {
        const { state, error, session, isGreeted } = this.#shown;
        if (state === "connected" || isGreeted) resolve(session!);
        else if (error) reject(error);
        else if (state === "idle") {
          reject(new LighthouseError("closed", "The tunnel is closed, or has no relay attribute"));
        }
      };
      this.addEventListener("statechange", look, { signal: done.signal });
      this.addEventListener("greet", look, { signal: done.signal });
      signal?.addEventListener("abort", () => reject(signal.reason), { signal: done.signal });
      look();
    });
    return session.finally(() => done.abort());
  }

  // Not Promise.withResolvers(): in older browsers too, there is a view that says why.
  #nextReady(): Promise<void> {
    return new Promise((resolve) => {
      this.#setReady = resolve;
    });
  }

  #update(): void {
    const before = this.#shown;
    const isDelayed = this.#actual.state === "connected" && this.#pending !== undefined;
    const now = this.#shown = isDelayed
      ? { ...this.#actual, state: "connecting", reason: this.#pending! }
      : this.#actual;
    if (now.state === "connected" && before.state !== "connected") this.#setReady();
    if (now.state !== "connected" && before.state === "connected") {
      this.#ready = this.#nextReady();
    }
    if (now.state !== before.state || now.reason !== before.reason) {
      this.dispatchEvent(new StateChangeEvent(now.state, before.state, now.reason));
    }
    if (now.isGreeted) this.dispatchEvent(new Event("greet"));
    if (now.device?.id !== before.device?.id || now.device?.name !== before.device?.name) {
      this.dispatchEvent(new Event("devicechange"));
    }
    if (JSON.stringify(now.networks) !== JSON.stringify(before.networks)) {
      this.dispatchEvent(new Event("networkchange"));
    }
  }
}
