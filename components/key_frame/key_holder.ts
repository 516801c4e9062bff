// In the key's frame: does what the app's page asks for on its port, and tells it how the connection stands.
import { LighthouseError, parsePairingFragment } from "../../wire/mod.ts";
import type { Connection } from "../connection/connection.ts";
import type { CurrentView } from "../connection/connection_view.ts";
import type { ConnectionSettings } from "../connection/dial_as_device.ts";
import { measure } from "../connection/stats.ts";
import {
  type Done,
  errorMessage,
  type FromKeyFrame,
  parseToKeyFrame,
  type ToKeyFrame,
} from "./key_messages.ts";
import { LentStreams } from "./lent_streams.ts";
import type { KeyApp } from "./policy.ts";

/** Options of {@linkcode KeyHolder}. */
export interface KeyHolderOptions {
  app: KeyApp;
  /** To the app's page. */
  port: MessagePort;
  /** The frame's own connection, which shows itself in `view`. */
  connection: Pick<
    Connection,
    "connect" | "renew" | "close" | "look" | "session" | "way" | "isResting"
  >;
  view: CurrentView;
  settings: ConnectionSettings;
}

/** Serves one page, until it is closed. */
export class KeyHolder {
  readonly #options: KeyHolderOptions;
  readonly #streams: LentStreams;
  readonly #closed = new AbortController();

  constructor(options: KeyHolderOptions) {
    this.#options = options;
    const { app, port, connection, view } = options;
    this.#streams = new LentStreams(app, () => connection.session);
    const { signal } = this.#closed;
    view.addEventListener("statechange", () => this.#tell(), { signal });
    view.addEventListener("devicechange", () => this.#tell(), { signal });
    view.addEventListener("networkchange", () => this.#tell(), { signal });
    port.onmessage = ({ data }) => this.#hear(data);
    this.#tell();
  }

  /** Closes the connection, and hears nothing more. */
  close(): void {
    const { port, connection } = this.#options;
    this.#closed.abort();
    port.close();
    this.#streams.close();
    connection.close();
  }

  #hear(data: unknown): void {
    let message: ToKeyFrame;
    try {
      message = parseToKeyFrame(data);
    } catch {
      return; // The page's code is of a newer build, or hostile.
    }
    const { connection, settings } = this.#options;
    switch (message.lighthouse) {
      case "connect":
        settings.name = message.name ?? settings.name;
        return connection.connect(settings);
      case "renew":
        return connection.renew();
      case "close":
        return connection.close();
      case "open":
        return this.#streams.open(message.head, message.port);
      case "link":
        settings.opening = this.#openLink(message.fragment);
        return void this.#answer(message.id, settings.opening);
      case "forget":
        return void this.#answer(message.id, settings.identities.forget());
      case "look":
        return void this.#answer(message.id, connection.look());
      case "stats":
        return void this.#answer(message.id, measure(connection));
    }
  }

  async #openLink(fragment: string): Promise<void> {
    const link = parsePairingFragment(fragment);
    if (!link) throw new LighthouseError("bad-link", "This is no pairing link");
    await this.#options.settings.identities.open(link);
  }

  async #answer(id: number, work: Promise<Done["stats"] | void>): Promise<void> {
    try {
      this.#post({ lighthouse: "done", id, stats: await work ?? undefined });
    } catch (error) {
      const reason = errorMessage(LighthouseError.from(error, "connection-failed"));
      this.#post({ lighthouse: "done", id, error: reason });
    }
  }

  #tell(): void {
    const { state, reason, error, device, networks } = this.#options.view.now;
    this.#post({ lighthouse: "state", state, reason, code: error?.code, device, networks });
  }

  #post(message: FromKeyFrame): void {
    if (!this.#closed.signal.aborted) this.#options.port.postMessage(message);
  }
}
