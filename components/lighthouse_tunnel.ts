// The custom element <lighthouse-tunnel>.
import { html, LitElement, nothing, type PropertyValues } from "lit";
import { LighthouseError, parsePairingFragment, type StreamOpener } from "../wire/mod.ts";
import type { TunnelState } from "./connection/connection_state.ts";
import { CurrentView } from "./connection/connection_view.ts";
import { diagnosisOf, type TunnelDiagnosis } from "./connection/diagnosis.ts";
import type { TunnelStats } from "./connection/stats.ts";
import { TabConnection, type TabSettings } from "./connection/tab_connection.ts";
import { DeviceChangeEvent, type LighthouseTunnelEventMap, StateChangeEvent } from "./events.ts";
import { fetchThrough } from "./fetch/fetch.ts";
import { toRequest } from "./fetch/request.ts";
import { openByStream } from "./fetch/opened_socket.ts";
import type { TunnelSocket } from "./fetch/socket.ts";
import { socketConstructor, type TunnelSocketConstructor } from "./fetch/socket_constructor.ts";
import type { DeviceName } from "./identity/device_store.ts";
import { checkPage } from "./identity/check_page.ts";
import { OpenedLink } from "./identity/opened_link.ts";
import { styles } from "./lighthouse_tunnel_styles.ts";
import { fragmentIn } from "./pairing/pasted_link.ts";
import { Pill } from "./pill.ts";
import { parseAttributes, parseKeySite } from "./settings.ts";
import { SharedConnection } from "./tabs/shared_connection.ts";
import type { Texts } from "./texts/network_texts.ts";

/** Attributes whose change makes the element connect anew. */
const SETTINGS = [
  "relay",
  "host",
  "registry",
  "hostKey",
  "stun",
  "iceServers",
  "worker",
  "keySite",
];

/**
 * Connects the page to its host, shows the connection's state, and carries requests to the host's backend.
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
 * @event {StateChangeEvent} statechange - The state or its reason has changed.
 * @event {Event} diagnosischange - More is known of why the connection goes the way it goes.
 * @event {DeviceChangeEvent} devicechange - The host has named or renamed this browser, or forgets it.
 * @slot - Replaces the status pill.
 * @slot NAME - Replaces one of the pill's texts: `idle`, `connected`, `retry`, an error's code, … (`Texts`).
 * @csspart pill - The status pill.
 * @csspart dot - Its coloured dot.
 * @csspart state - The state's name.
 * @csspart device - What the host calls this browser, while connected.
 * @csspart reason - The sentence after it.
 * @csspart cure - Each sentence about what makes the connection better.
 * @csspart retry - The button that tries again.
 * @csspart pair - The button that opens the pairing views.
 * @csspart accept - The button that accepts another host in place of the one that was paired.
 * @csspart keep - The button that stays with the paired host.
 * @csspart pairing - The pairing views.
 * @csspart scan - The button that starts the camera.
 * @csspart form - The form for a pairing link.
 * @csspart input - Its field.
 * @csspart use-link - Its button.
 * @csspart cancel - The button that leaves the pairing views.
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
  static override properties = {
    relay: {},
    host: {},
    registry: {},
    hostKey: { attribute: "host-key" },
    stun: {},
    iceServers: { attribute: "ice-servers" },
    worker: {},
    keySite: { attribute: "key-site" },
    deviceName: { attribute: "device-name" },
    texts: { type: Object },
  };

  /** The relay's WebSocket URL. Setting it connects. */
  declare relay: string | null;
  /** The host's name, if several share the relay. @default "laptop" */
  declare host: string | null;
  /**
   * The URL of the bucket in which hosts register, if pages may read it. The page looks there first, and
   * opens no socket while the host is offline.
   */
  declare registry: string | null;
  /**
   * The host's public key, from `lighthouse-host key`: the page dials no other host. Without this
   * attribute, the key comes with a pairing link.
   */
  declare hostKey: string | null;
  /**
   * STUN servers, `stun:host:port`, separated by spaces, or `none`.
   *
   * @default `stun:stun.l.google.com:19302`, of Google
   */
  declare stun: string | null;
  /**
   * Further servers, as JSON in the form of `RTCConfiguration.iceServers`:
   * `[{ "urls": "turn:…", "username": "…", "credential": "…" }]`. Whoever reads the page reads them, too. A
   * paired browser needs none of its own: it gets its host's, sealed.
   */
  declare iceServers: string | null;
  /**
   * The URL of the site's service worker, `lighthouse-worker.js` or one that imports it. With it, the
   * site's tabs share one connection, which also carries their requests under the worker's prefix.
   */
  declare worker: string | null;
  /**
   * The URL of a site of another origin, written by `lighthouse-host site --key`, which holds this browser's
   * key and the connection in a hidden frame: the scripts of this page's origin reach neither. It replaces
   * the attributes about the host.
   */
  declare keySite: string | null;
  /** The name that this browser proposes when it is paired. @default such as "Chrome on Android" */
  declare deviceName: string | null;
  /**
   * The page's own texts, in place of the pill's. As an attribute, JSON. The pill itself speaks English and
   * German, by the nearest `lang` attribute.
   */
  declare texts: Partial<Texts> | null;

  readonly #view = new CurrentView();
  readonly #own = new TabConnection(this.#view);
  readonly #connection = new SharedConnection({ own: this.#own, view: this.#view });
  readonly #link = new OpenedLink();
  readonly #pill = new Pill(this, {
    retry: () => this.connect(),
    pair: (link) => this.pair(link),
    accept: () => void this.forget(),
    keep: () => this.retry(),
  });
  #listening: AbortController | undefined;

  constructor() {
    super();
    this.relay = null;
    this.host = null;
    this.registry = null;
    this.hostKey = null;
    this.stun = null;
    this.iceServers = null;
    this.worker = null;
    this.keySite = null;
    this.deviceName = null;
    this.texts = null;
    this.#view.addEventListener("statechange", (event) => {
      const { state, previous, reason } = event as StateChangeEvent;
      this.requestUpdate();
      this.dispatchEvent(new StateChangeEvent(state, previous, reason));
    });
    this.#view.addEventListener("networkchange", () => {
      this.requestUpdate();
      this.dispatchEvent(new Event("diagnosischange"));
    });
    this.#view.addEventListener("devicechange", () => {
      this.requestUpdate();
      this.dispatchEvent(new DeviceChangeEvent(this.device));
    });
  }

  /** The connection's state. */
  get state(): TunnelState {
    return this.#view.now.state;
  }

  /** One English sentence about the state, for logs: the pill has its own texts for people. */
  get reason(): string {
    return this.#view.now.reason;
  }

  /** The reason for `offline` and `failed`. */
  get error(): LighthouseError | undefined {
    return this.#view.now.error;
  }

  /** This browser as the host knows it; undefined if the host does not know it, or has not said so yet. */
  get device(): DeviceName | undefined {
    return this.#view.now.device;
  }

  /**
   * The reason for which there is no service worker: it cannot be loaded, or the window is private and the
   * browser has no workers there. `fetch` works all the same.
   */
  get workerError(): LighthouseError | undefined {
    return this.#connection.workerError;
  }

  /**
   * Resolves when the tunnel is connected, however long that takes. After the connection is lost, it is a
   * new promise.
   */
  get ready(): Promise<void> {
    return this.#view.ready;
  }

  /**
   * Sends a request to the host's backend. Takes what the global `fetch` takes, and can be given to a
   * library as it is: `{ fetch: tunnel.fetch }`. While the tunnel is connecting, it waits for the outcome.
   *
   * The URL is a path from the backend's root: `/api/notes`, `api/notes` and `../api/notes` are the same,
   * and an empty one is the root. The page's own origin stands for the backend, since libraries make paths
   * absolute: `new Request("/api/notes")` works, and `location.origin` is the base for `new URL()`. A page
   * without an origin (`file:`) has the base `http://lighthouse.invalid`. A fragment is not sent.
   *
   * The backend gets a body with its length, which many need. Only a stream has none: up to 1 MiB the host
   * reads it first, and sends a longer one in chunks.
   *
   * A request survives the loss of the connection, and goes on over the next one. If the host was restarted
   * meanwhile, the tunnel repeats a GET or HEAD without an answer, and any request that the host has not
   * looked at. Other requests fail, because the backend may have acted on them.
   *
   * @throws {TypeError} As `fetch` does, with a LighthouseError as its `cause`; the signal's reason
   * when aborted. A body that breaks off fails with a LighthouseError. Without a cause for any other URL,
   * such as the backend's own address, another site's, `data:` and `blob:`: it says which path to give.
   */
  readonly fetch: typeof globalThis.fetch = async (input, init) => {
    const request = toRequest(input, init);
    try {
      return await fetchThrough(request, (signal) => this.#connected(signal));
    } catch (error) {
      if (request.signal?.aborted) throw request.signal.reason;
      const cause = LighthouseError.from(error, "connection-failed");
      throw new TypeError(`Cannot fetch through the tunnel: ${cause.message}`, { cause });
    }
  };

  /**
   * WebSockets to the host's backend: a constructor as the global `WebSocket`, for libraries that take one.
   * The URL is a path as for `fetch`, or one with the page's own host, of any of the schemes `ws:`, `wss:`,
   * `http:` and `https:`. While the tunnel is connecting, a socket waits for the outcome. If the connection
   * fails, or the backend refuses, it fires `error`, which has the cause, and `close`.
   *
   * Throws a SyntaxError (DOMException) for a URL with a fragment, for any other URL (it says which path to
   * give), and for invalid subprotocols.
   *
   * @example
   * ```ts
   * const tunnel = document.querySelector("lighthouse-tunnel")!;
   * const socket = new tunnel.WebSocket("/live");
   * socket.onmessage = ({ data }) => console.log(data);
   * ```
   */
  readonly WebSocket: TunnelSocketConstructor = socketConstructor({
    open: openByStream((signal) => this.#connected(signal)),
  });

  /** The same as `new tunnel.WebSocket(url, protocols)`. */
  readonly socket: (url: string | URL, protocols?: string | string[]) => TunnelSocket = (
    url,
    protocols,
  ) => new this.WebSocket(url, protocols);

  /**
   * Measures the connection.
   *
   * @throws {LighthouseError} `closed` while not connected, or while another tab leads.
   */
  async stats(): Promise<TunnelStats> {
    return await this.#own.stats();
  }

  /** What is known now of the ways between page and host: {@linkcode diagnose} looks anew. */
  get diagnosis(): TunnelDiagnosis {
    return diagnosisOf(this.#view.now);
  }

  /**
   * Finds out why the connection goes the way it goes, or why there is none: looks at this browser's
   * network, which takes up to three seconds, exchanges what it sees with the host if it is connected, and
   * names cause and cures. The host's log and `lighthouse-host doctor` name the same ones. Where another tab
   * leads, the result is what that tab knows.
   */
  async diagnose(): Promise<TunnelDiagnosis> {
    await this.#own.look();
    return this.diagnosis;
  }

  /** Connects, or tries again at once. The element does so itself when it enters a document. */
  connect(): void {
    try {
      checkPage(globalThis);
      const worker = this.worker === null ? undefined : new URL(this.worker, document.baseURI);
      const settings = this.#settings();
      settings.opening = this.#link.use(settings.identities);
      this.#connection.connect(settings, worker);
    } catch (error) {
      this.#connection.refuse(LighthouseError.from(error, "bad-config"));
    }
  }

  /**
   * Prepares a connect, so that it begins with its offer: opens the WebSocket to the relay, and gathers this
   * browser's addresses. Call it when a connect is likely, such as when the pointer comes near a button that
   * connects. It also works before the element is in a document.
   *
   * It sends no message, and the host hears nothing. A connect that follows within 30 s uses what is prepared,
   * and costs no more than without; after that, the WebSocket is closed. While the tunnel is connected or
   * connecting, and with a key's site, it does nothing.
   *
   * @example
   * ```ts
   * const tunnel = document.createElement("lighthouse-tunnel");
   * tunnel.setAttribute("relay", "wss://abc123.execute-api.us-east-1.amazonaws.com/prod");
   * const button = document.querySelector("button")!;
   * button.addEventListener("pointerenter", () => tunnel.warm());
   * button.addEventListener("click", () => document.body.append(tunnel));
   * ```
   */
  warm(): void {
    try {
      this.#own.warm(this.#settings());
    } catch {
      // connect() names the wrong attribute.
    }
  }

  /**
   * Uses a pairing link, as if the page had been opened with it.
   *
   * @param text The link, with words around it or without, or its fragment.
   * @throws {LighthouseError} `bad-link` if there is none, or a damaged one.
   */
  pair(text: string): void {
    this.#link.hold(parsePairingFragment(fragmentIn(text))!);
    this.connect();
  }

  /** Tries again at once, without a pairing link of another host that was refused. */
  retry(): void {
    if (this.error?.code === "host-key-changed") this.#link.drop();
    this.connect();
  }

  /**
   * Forgets the paired host and this browser's device key, and ends the connection. Then it uses a pairing
   * link of another host, if one was refused before. The host lists this device until it is revoked there.
   *
   * @throws {LighthouseError} `unsupported` if the browser has no storage for the site.
   */
  async forget(): Promise<void> {
    await this.#settings().identities.forget();
    if (this.#link.isHeld) return this.connect();
    this.#connection.renew();
  }

  /** Closes the connection until `connect` is called. */
  close(): void {
    this.#connection.close();
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // Do this first, so that nobody copies the secret from the address bar.
    this.#link.take(globalThis);
    this.#listening = new AbortController();
    addEventListener("hashchange", () => {
      if (this.#link.take(globalThis) && this.#isSet) this.connect();
    }, { signal: this.#listening.signal });
    if (this.hasUpdated && this.#isSet) this.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#listening?.abort();
    this.close();
  }

  protected override updated(changed: PropertyValues): void {
    if (!SETTINGS.some((name) => changed.has(name))) return;
    if (this.state !== "idle") this.close();
    if (this.#isSet) this.connect();
  }

  protected override render(): unknown {
    const isPinned = this.hostKey !== null || this.keySite !== null;
    const pill = this.#pill.render(this.#view.now, isPinned);
    return html`${this.#isReplaced ? nothing : pill}<slot @slotchange=${() =>
      this.requestUpdate()}></slot>`;
  }

  /** Whether the page has put something in place of the pill. */
  get #isReplaced(): boolean {
    return [...this.childNodes].some((node) =>
      node instanceof Element ? !node.slot : node instanceof Text && node.data.trim() !== ""
    );
  }

  /** Waits until the tunnel is connected. @returns The session. */
  async #connected(signal?: AbortSignal): Promise<StreamOpener> {
    // A new element connects with its first update.
    if (this.isUpdatePending) await this.updateComplete;
    return await this.#view.session(signal);
  }

  /** Whether the attributes say what to connect to. */
  get #isSet(): boolean {
    return this.relay !== null || this.keySite !== null;
  }

  #settings(): TabSettings {
    if (this.keySite === null) return parseAttributes(this);
    const site = parseKeySite(this.keySite, globalThis.location);
    return this.#own.remote.settings(site, this.deviceName ?? undefined);
  }
}

/** Listeners with the types of its events. */
export interface LighthouseTunnel {
  addEventListener<name extends keyof LighthouseTunnelEventMap>(
    type: name,
    listener: (this: LighthouseTunnel, event: LighthouseTunnelEventMap[name]) => unknown,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
  removeEventListener<name extends keyof LighthouseTunnelEventMap>(
    type: name,
    listener: (this: LighthouseTunnel, event: LighthouseTunnelEventMap[name]) => unknown,
    options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | EventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    "lighthouse-tunnel": LighthouseTunnel;
  }
}
