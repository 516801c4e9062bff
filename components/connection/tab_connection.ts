// A tab's own connection: this page holds it, or the frame of a key's site does.
import type { LighthouseError } from "../../wire/mod.ts";
import { Connection } from "./connection.ts";
import type { CurrentView } from "./connection_view.ts";
import type { ConnectionSettings } from "./dial_as_device.ts";
import { RemoteConnection, type RemoteSettings } from "./remote_connection.ts";
import { measure, type TunnelStats } from "./stats.ts";

/** The settings of a {@linkcode TabConnection}: with a `keySite`, those of its frame. */
export type TabSettings = ConnectionSettings | RemoteSettings;

/** Connects as the newest settings say. */
export class TabConnection {
  /** Connects by way of a key's site. */
  readonly remote: RemoteConnection;
  readonly #direct: Connection;
  #now: Connection | RemoteConnection;

  /** @param view Takes the connection's state, from `connect` to `close`. */
  constructor(view: CurrentView) {
    this.#direct = this.#now = new Connection(view);
    this.remote = new RemoteConnection(view);
  }

  /** Whether the page wants a connection: from `connect` to `close`. */
  get isWanted(): boolean {
    return this.#now.isWanted;
  }

  /** Carries requests, from `connect` to `close`, whether connected at the moment or not. */
  get session(): Connection["session"] | RemoteConnection["session"] {
    return this.#now.session;
  }

  /** Prepares a connect: only where this page holds the connection. */
  warm(settings: TabSettings): void {
    if (!this.isWanted && !("keySite" in settings)) this.#direct.warm(settings);
  }

  /** Connects, and stays connected until `close`. */
  connect(settings: TabSettings): void {
    if ("keySite" in settings) {
      this.#take(this.remote);
      this.remote.connect(settings);
    } else {
      this.#take(this.#direct);
      this.#direct.connect(settings);
    }
  }

  /** Connects anew, with the identity that this browser has now. */
  renew(): void {
    this.#now.renew();
  }

  /** Closes the session and stays unconnected. */
  close(): void {
    this.#now.close();
  }

  /** Shows an error that rules out any attempt, such as a wrong setting. */
  refuse(error: LighthouseError): void {
    this.#now.refuse(error);
  }

  /** Looks at the network, where this tab has the connection. */
  async look(): Promise<void> {
    await this.#now.look();
  }

  /** Measures the connection. @throws {LighthouseError} `closed` while this tab holds none. */
  async stats(): Promise<TunnelStats> {
    return await (this.#now === this.remote ? this.remote.stats() : measure(this.#direct));
  }

  #take(next: Connection | RemoteConnection): void {
    if (next === this.#now) return;
    this.#now.close();
    this.#now = next;
  }
}
