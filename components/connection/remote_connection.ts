// The connection of a page whose element has a `key-site`: the frame of that site keeps the key and the
// connection, and this page opens streams of it. It is used as connection.ts is.
import {
  backoff,
  formatPairingFragment,
  LighthouseError,
  MAX_NAME,
  type PairingLink,
} from "../../wire/mod.ts";
import type { Identities } from "../identity/identity.ts";
import type { KeyState } from "../key_frame/key_messages.ts";
import { FollowerSession } from "../tabs/follower_session.ts";
import { PortStream } from "../tabs/port_stream.ts";
import { isFinal } from "./connection_state.ts";
import type { CurrentView } from "./connection_view.ts";
import { openFrame } from "./hidden_frame.ts";
import { KeyFrame, type KeyFramePlatform } from "./key_frame.ts";
import { onPageEvents } from "./page_events.ts";
import { startTimer } from "./start_timer.ts";
import type { TunnelStats } from "./stats.ts";

/** Pauses between attempts to load the frame, in milliseconds. */
const RETRY = { first: 1_000, longest: 30_000 };

/** Limit for the frame to look at the network, in milliseconds. */
const LOOK_MS = 15_000;

/** The settings of a {@linkcode RemoteConnection}. */
export interface RemoteSettings {
  /** The page of the key's site. */
  keySite: URL;
  /** What this browser proposes to be called. @default the frame's choice */
  name?: string;
  /** This browser's, which the frame keeps. */
  identities: Pick<Identities, "open" | "forget">;
  /** Resolves when an opened pairing link is kept. */
  opening?: Promise<void>;
}

/** The parts of the browser that a {@linkcode RemoteConnection} uses. */
export interface RemotePlatform extends KeyFramePlatform {
  onPageEvents: typeof onPageEvents;
}

const BROWSER: RemotePlatform = { openFrame, startTimer, onPageEvents };

/** A connection that the frame of a key's site holds. */
export class RemoteConnection {
  readonly #view: CurrentView;
  readonly #platform: RemotePlatform;
  #settings: RemoteSettings | undefined;
  #frame: KeyFrame | undefined;
  #site: URL | undefined;
  #session: FollowerSession | undefined;
  #failures = 0;
  #stopTimer = () => {};
  #listening: AbortController | undefined;

  /**
   * @param view Takes the connection's state, from `connect` to `close`.
   * @param platform @default the browser's
   */
  constructor(view: CurrentView, platform = BROWSER) {
    this.#view = view;
    this.#platform = platform;
  }

  /** Whether the page wants a connection: from `connect` to `close`. */
  get isWanted(): boolean {
    return this.#listening !== undefined;
  }

  /** Carries requests, from `connect` to `close`, whether connected at the moment or not. */
  get session(): FollowerSession | undefined {
    return this.#session;
  }

  /** The settings for {@linkcode connect}, and for links before it. */
  settings(keySite: URL, name?: string): RemoteSettings {
    const frame = () => this.#openFrame(keySite);
    return {
      keySite,
      name: name?.trim().slice(0, MAX_NAME) || undefined,
      identities: {
        async open(link: PairingLink) {
          await frame().request({ lighthouse: "link", fragment: formatPairingFragment(link) });
        },
        async forget() {
          await frame().request({ lighthouse: "forget" });
        },
      },
    };
  }

  /** Connects, or tries again at once, and stays connected until `close`. */
  connect(settings: RemoteSettings): void {
    this.#settings = settings;
    this.#session ??= this.#createSession();
    if (!this.isWanted || !this.#frame) {
      this.#view.show({ state: "signalling", reason: "Opening the key's site …" });
    }
    this.#listen();
    this.#ask();
  }

  /** Connects anew, with the identity that this browser has now. */
  renew(): void {
    if (!this.isWanted) return;
    if (this.#frame) this.#frame.post({ lighthouse: "renew" });
    else this.#ask();
  }

  /** Closes the connection and stays unconnected. */
  close(): void {
    const wasWanted = this.isWanted;
    this.#listening?.abort();
    this.#listening = undefined;
    this.#stopTimer();
    // The frame's page says goodbye to the host when it ends.
    this.#frame?.close();
    this.#frame = undefined;
    this.#endSession(new LighthouseError("closed", "The tunnel is closed"));
    this.#failures = 0;
    if (wasWanted) this.#view.show({ state: "idle", reason: "Closed" });
  }

  /** Shows an error that rules out any attempt, such as a wrong setting. */
  refuse(error: LighthouseError): void {
    this.close();
    this.#view.show({ state: "failed", reason: error.message, error });
  }

  /** Has the frame look at the network. It tells what it sees as a state. */
  async look(): Promise<void> {
    const late = Promise.withResolvers<void>();
    // A frame of an earlier version does not answer.
    const stopTimer = this.#platform.startTimer(LOOK_MS, late.resolve);
    await Promise.race([this.#frame?.request({ lighthouse: "look" }), late.promise])
      .finally(stopTimer);
  }

  /** Measures the connection. @throws {LighthouseError} `closed` while not connected. */
  async stats(): Promise<TunnelStats> {
    const stats = await this.#frame?.request({ lighthouse: "stats" });
    if (!stats) throw new LighthouseError("closed", "Cannot read statistics: not connected");
    return stats;
  }

  /** The frame of the site, which it keeps until that fails, or `close`. */
  #openFrame(site: URL): KeyFrame {
    if (this.#frame && this.#site?.href !== site.href) {
      this.#frame.close();
      this.#frame = undefined;
    }
    this.#site = site;
    return this.#frame ??= new KeyFrame({
      site,
      onState: (state) => this.#show(state),
      onTrouble: (error) => this.#retryAfter(error),
      platform: this.#platform,
    });
  }

  /** Has the frame connect. */
  #ask(): void {
    this.#stopTimer();
    const { keySite, name } = this.#settings!;
    this.#openFrame(keySite).post({ lighthouse: "connect", name });
  }

  #listen(): void {
    if (this.#listening) return;
    const { signal } = this.#listening = new AbortController();
    this.#platform.onPageEvents({
      onWake: () => {
        if (!this.#frame) this.#ask();
      },
      // The frame hears the same events, and does what they are for.
      onHide: () => {},
      onRestore: () => {},
      signal,
    });
  }

  #createSession(): FollowerSession {
    // The frame ends with this page, so it needs no lock to learn that this page is gone.
    return new FollowerSession("", ({ head, port }, transfer) => {
      if (this.#frame) return this.#frame.post({ lighthouse: "open", head, port }, transfer);
      const error = new LighthouseError("connection-lost", "The key's site does not answer");
      new PortStream(port, "leader").reset(error);
    });
  }

  #endSession(error: LighthouseError): void {
    this.#session?.end(error);
    this.#session = undefined;
  }

  #show({ state, reason, code, device, networks }: KeyState): void {
    this.#failures = 0;
    if (!this.isWanted) return;
    const error = code && new LighthouseError(code, reason);
    this.#view.show({ state, reason, error, device, session: this.#session, networks });
  }

  /** The frame cannot be used: tries again after a pause, if that can help. */
  #retryAfter(error: LighthouseError): void {
    this.#frame = undefined;
    if (!this.isWanted) return;
    this.#endSession(new LighthouseError("connection-lost", error.message));
    this.#session = this.#createSession();
    this.#view.show({ state: "failed", reason: error.message, error, session: this.#session });
    if (isFinal(error.code)) return;
    const pause = backoff(++this.#failures, RETRY);
    this.#stopTimer = this.#platform.startTimer(pause, () => this.#ask());
  }
}
