// What carries a connection's session: the way that an attempt has opened, lanes beside it, a direct connection
// that takes the relay's place, and a channel over QUIC that takes the place of all.
import type { Acceptance, IceConfig, Proven, Session } from "../../wire/mod.ts";
import type { ConnectionEvent, ConnectionState } from "./connection_state.ts";
import type { dialLane } from "./dial_lane.ts";
import { Lanes } from "./lanes.ts";
import type { OpenedWay } from "./open_way.ts";
import { QuicLink } from "./quic_link.ts";
import type { openQuic } from "./quic_way.ts";
import type { StartTimer } from "./start_timer.ts";
import { Upgrade } from "./upgrade.ts";
import { Ways } from "./ways.ts";

/** The parts of the browser that a {@linkcode Carriage} uses. */
export interface CarriagePlatform {
  dialLane: typeof dialLane;
  openQuic: typeof openQuic;
  startTimer: StartTimer;
}

/** Options of {@linkcode Carriage}. */
export interface CarriageOptions {
  session: () => Session | undefined;
  state: () => ConnectionState;
  ice: () => IceConfig;
  step: (event: ConnectionEvent) => void;
  /** Something else carries the session. @param path Its candidates' type, once it is known. */
  onTaken: (path: Promise<string>) => void;
  platform: CarriagePlatform;
}

/** The ways of a connection's sessions. */
export class Carriage {
  readonly upgrade: Upgrade;
  readonly #options: CarriageOptions;
  readonly #ways = new Ways();
  readonly #quic: QuicLink;

  constructor(options: CarriageOptions) {
    this.#options = options;
    const { session, platform: { startTimer, openQuic } } = options;
    this.upgrade = new Upgrade({
      dial: async (signal) => this.move(await this.#dialLane(signal)),
      bytes: () => session()?.bytes ?? 0,
      startTimer,
    });
    this.#quic = new QuicLink({
      session,
      onOpen: (way) => {
        const { relayed, lost } = options.state();
        if (relayed) this.move(way);
        else if (lost) this.take(way, { type: "opened", relayed: false });
        else this.#ways.lead(way);
      },
      open: openQuic,
      startTimer,
    });
  }

  /** What carries the session, or has carried it last. */
  get way(): OpenedWay | undefined {
    return this.#ways.current;
  }

  /** Adds lanes to a session, where it gains by them. */
  lanesOf(session: Session): Lanes {
    return new Lanes(session, {
      dial: (signal) => this.#addLane(signal),
      isRelayed: () => this.#options.state().relayed,
    });
  }

  /** The host has answered. */
  answered({ quic, proof }: Pick<Acceptance & Proven, "quic" | "proof">): void {
    this.#quic.begin(quic && { way: quic, proof });
  }

  /** A way carries the session in place of all others. */
  take(way: OpenedWay, event: ConnectionEvent): void {
    this.#ways.replace(way);
    this.#options.step(event);
    this.#quic.carried();
    this.#options.onTaken(way.stats().then(({ path }) => path, () => "unknown"));
  }

  /** A direct connection carries the session in place of the relay. */
  move(way: OpenedWay): void {
    this.take(way, { type: "moved" });
  }

  /** Nothing is heard of the host, or something is again. */
  noteSilence(silent: boolean): void {
    if (silent) this.#quic.hurry();
    else this.#quic.rest();
  }

  /** The session has ended. */
  clear(): void {
    this.#quic.stop();
    this.#ways.clear();
  }

  /** Adds a connection to the session. */
  async #addLane(signal: AbortSignal): Promise<OpenedWay> {
    if (!this.#quic.isOpen) return await this.#dialLane(signal);
    return this.#ways.add(await this.#quic.add(signal));
  }

  /** Adds a direct connection to the session. */
  async #dialLane(signal: AbortSignal): Promise<OpenedWay> {
    const { session, ice, platform: { dialLane } } = this.#options;
    return this.#ways.add(await dialLane(session()!, { ice: ice(), signal }));
  }
}
