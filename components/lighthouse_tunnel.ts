// <lighthouse-tunnel>: what a page embeds.
import { html, LitElement, nothing, type PropertyValues } from "lit";
import { LighthouseError, parseStunServers } from "../wire/mod.ts";
import { Connection } from "./connection.ts";
import type { DialSettings } from "./dial.ts";
import type { TunnelState } from "./dialler.ts";
import { StateChangeEvent } from "./events.ts";
import { fetchThrough, toRequest } from "./fetch.ts";
import { styles } from "./lighthouse_tunnel_styles.ts";
import type { PeerStats } from "./peer.ts";

/** What {@linkcode LighthouseTunnel.stats} tells. */
export interface TunnelStats extends PeerStats {
  /** The newest measured round-trip time in milliseconds; undefined before the first. */
  roundTripTime: number | undefined;
}

/** The states' names as people read them. */
const LABELS: Record<TunnelState, string> = {
  idle: "Not connected",
  signalling: "Connecting",
  connecting: "Connecting",
  connected: "Connected",
  offline: "Offline",
  failed: "No connection",
};

/**
 * Connects the page to its host, shows how that stands, and carries requests to the host's backend.
 *
 * @example
 * ```html
 * <script type="module" src="lighthouse-tunnel.js"></script>
 * <lighthouse-tunnel relay="wss://abc123.execute-api.us-east-1.amazonaws.com/prod"></lighthouse-tunnel>
 * <script type="module">
 *   const tunnel = document.querySelector("lighthouse-tunnel");
 *   await tunnel.ready;
 *   const notes = await (await tunnel.fetch("/api/notes")).json();
 * </script>
 * ```
 *
 * @event statechange - The state or its reason has changed (StateChangeEvent).
 * @slot - Replaces the status pill.
 * @csspart pill - The status pill.
 * @csspart dot - Its coloured dot.
 * @csspart state - The state's name.
 * @csspart reason - The sentence after it.
 * @csspart retry - The button that tries again.
 * @cssproperty --lighthouse-font - Font of the pill.
 * @cssproperty --lighthouse-ink - Text colour.
 * @cssproperty --lighthouse-surface - Background.
 * @cssproperty --lighthouse-line - Border.
 * @cssproperty --lighthouse-idle - Dot while idle.
 * @cssproperty --lighthouse-busy - Dot while connecting.
 * @cssproperty --lighthouse-good - Dot while connected.
 * @cssproperty --lighthouse-bad - Dot while offline or failed.
 */
export class LighthouseTunnel extends LitElement {
  static override styles = styles;
  static override properties = { relay: {}, stun: {} };

  /** The relay's WebSocket URL. Setting it connects. */
  declare relay: string | null;
  /** STUN servers, `stun:host:port`, separated by spaces, or `none`. @default a public server */
  declare stun: string | null;

  readonly #connection = new Connection();

  constructor() {
    super();
    this.relay = null;
    this.stun = null;
    this.#connection.addEventListener("statechange", (event) => {
      const { state, previous, reason } = event as StateChangeEvent;
      this.requestUpdate();
      this.dispatchEvent(new StateChangeEvent(state, previous, reason));
    });
  }

  /** How the connection stands. */
  get state(): TunnelState {
    return this.#connection.state;
  }

  /** One sentence for people about the state. */
  get reason(): string {
    return this.#connection.reason;
  }

  /** What went wrong, in the states `offline` and `failed`. */
  get error(): LighthouseError | undefined {
    return this.#connection.error;
  }

  /**
   * Resolves as soon as the tunnel is connected, however long that takes. After a connection was
   * lost, it is a new promise.
   */
  get ready(): Promise<void> {
    return this.#connection.ready;
  }

  /**
   * Sends a request to the host's backend. Takes what the global `fetch` takes; the URL is a path
   * from the backend's root. While the tunnel is connecting, it waits for the outcome.
   *
   * A request is sent once: when the connection is lost on the way, it fails, since nobody knows
   * whether the backend has acted on it.
   *
   * @throws {TypeError} as `fetch` does, with a LighthouseError as its `cause`; the signal's reason
   * when aborted. A body that breaks off fails with a LighthouseError.
   */
  async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
    const request = toRequest(input, init);
    try {
      request.signal.throwIfAborted();
      // An element that was just made connects with its first update.
      await this.updateComplete;
      await this.#settled(request.signal);
      return await fetchThrough(this.#connection.line!.session, request);
    } catch (error) {
      if (request.signal.aborted) throw request.signal.reason;
      const cause = LighthouseError.from(error, "connection-failed");
      throw new TypeError(`Cannot fetch through the tunnel: ${cause.message}`, { cause });
    }
  }

  /**
   * How the connection does.
   *
   * @throws {LighthouseError} `closed` while not connected.
   */
  async stats(): Promise<TunnelStats> {
    const line = this.#connection.line;
    if (!line) throw new LighthouseError("closed", "Cannot read statistics: not connected");
    const { roundTripTime } = line.session;
    return { ...await line.peer.stats(), roundTripTime };
  }

  /** Connects, or tries again at once. Done by itself when the element enters a document. */
  connect(): void {
    try {
      this.#connection.connect(this.#settings());
    } catch (error) {
      this.#connection.refuse(LighthouseError.from(error, "bad-config"));
    }
  }

  /** Closes the connection until `connect` is called. */
  close(): void {
    this.#connection.close();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    if (this.hasUpdated && this.relay !== null) this.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.close();
  }

  protected override updated(changed: PropertyValues): void {
    if (!changed.has("relay") && !changed.has("stun")) return;
    if (this.state !== "idle") this.close();
    if (this.relay !== null) this.connect();
  }

  protected override render(): unknown {
    const { state, reason } = this;
    const canRetry = state === "offline" || state === "failed";
    // Said once: a reason that is no more than the state's name adds nothing.
    const hasReason = reason !== LABELS[state];
    return html`
      <slot>
        <span class="pill ${state}" part="pill">
          <span class="dot" part="dot" aria-hidden="true"></span>
          <span role="status">
            <span class="state" part="state">${LABELS[state]}</span>
            ${hasReason ? html`<span class="reason" part="reason">${reason}</span>` : nothing}
          </span>
          ${canRetry
            ? html`<button type="button" part="retry" @click=${() =>
              this.connect()}>Try again</button>`
            : nothing}
        </span>
      </slot>
    `;
  }

  #settings(): DialSettings {
    const relay = URL.parse(this.relay ?? "");
    if (!relay || (relay.protocol !== "wss:" && relay.protocol !== "ws:")) {
      throw new LighthouseError(
        "bad-config",
        `The relay attribute is not a URL such as wss://…/prod: "${this.relay ?? ""}"`,
      );
    }
    return { relay, stun: parseStunServers(this.stun ?? "") };
  }

  /** Resolves when connected; rejects with the reason when it turns out not to be, or is not to be. */
  #settled(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const done = new AbortController();
    const look = () => {
      if (this.state === "connected") resolve();
      else if (this.error) reject(this.error);
      else if (this.state === "idle") {
        reject(new LighthouseError("closed", "The tunnel is closed, or has no relay attribute"));
      }
    };
    this.addEventListener("statechange", look, { signal: done.signal });
    signal.addEventListener("abort", () => reject(signal.reason), { signal: done.signal });
    look();
    return promise.finally(() => done.abort());
  }
}

declare global {
  interface HTMLElementTagNameMap {
    "lighthouse-tunnel": LighthouseTunnel;
  }
}
