// Keeps the page connected: carries out what connection_state.ts asks for, and listens to what the browser
// says about the network and the page.
import { backoff, Carrier, LighthouseError, PAGE_LIVENESS, Session } from "../../wire/mod.ts";
import type { DeviceName } from "../identity/device_store.ts";
import {
  type ConnectionEffect,
  type ConnectionEvent,
  IDLE,
  isFinal,
  stepConnection,
} from "./connection_state.ts";
import type { CurrentView } from "./connection_view.ts";
import { type ConnectionSettings, dialAsDevice, onPairing } from "./dial_as_device.ts";
import { dialLane } from "./dial_lane.ts";
import { Lanes } from "./lanes.ts";
import type { Peer } from "./peer.ts";
import { sealedRefusal } from "./refusals.ts";

/** A loss that takes longer to restore is shown, in milliseconds: most take less than one second. */
const UNSEEN_MS = 2_000;

/** Pauses between attempts, in milliseconds. */
const RETRY = { first: 250, longest: 30_000 };

/** Pauses where only people can change what is wrong: an attempt is a message that the relay bills. */
const SLOW_RETRY = { first: 60_000, longest: 600_000 };

/** A session with the host, and a connection for it that comes back when it is lost. */
export class Connection {
  readonly #view: CurrentView;
  #now = IDLE;
  #settings: ConnectionSettings | undefined;
  #device: DeviceName | undefined;
  /** How far this clock is behind the host's, as it has said, in milliseconds. */
  #skew = 0;
  #session: Session | undefined;
  #lanes: Lanes | undefined;
  #peer: Peer | undefined;
  #opened = 0;
  #attempt = new AbortController();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #listening: AbortController | undefined;

  /** @param view Where the connection shows how it stands, from `connect` to `close`. */
  constructor(view: CurrentView) {
    this.#view = view;
  }

  /** Whether there is to be a connection: from `connect` to `close`. */
  get isWanted(): boolean {
    return this.#listening !== undefined;
  }

  /** What carries requests, from `connect` to `close`, whether connected at the moment or not. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** The newest WebRTC connection. */
  get peer(): Peer | undefined {
    return this.#peer;
  }

  /** Connects, and stays connected until `close`. */
  connect(settings: ConnectionSettings): void {
    this.#settings = settings;
    this.#session ??= this.#createSession();
    this.#listen();
    this.#step({ type: "connect" });
  }

  /** Connects anew, as whom this browser is now. */
  renew(): void {
    const settings = this.#settings;
    this.#nameDevice(undefined);
    if (!settings || !this.isWanted) return;
    this.close();
    this.connect(settings);
  }

  /** Says goodbye to the host and stays unconnected. */
  close(): void {
    this.#listening?.abort();
    this.#listening = undefined;
    this.#step({ type: "close" });
  }

  /** Shows why nothing is attempted at all, such as a setting that is wrong. */
  refuse(error: LighthouseError): void {
    this.close();
    this.#step({ type: "refused", error });
  }

  #step(event: ConnectionEvent): void {
    const [now, effect] = stepConnection(this.#now, event);
    this.#now = now;
    this.#perform(effect);
    this.#show();
  }

  #show(): void {
    const { state, reason, error } = this.#now;
    this.#view.show({ state, reason, error, device: this.#device, session: this.#session });
  }

  #perform(effect: ConnectionEffect): void {
    if (effect.do === "nothing") return;
    clearTimeout(this.#timer);
    switch (effect.do) {
      case "dial":
        this.#dial();
        return;
      case "restore":
        this.#timer = setTimeout(() => this.#step({ type: "overdue" }), UNSEEN_MS);
        if (effect.dial) this.#dial();
        return;
      case "pause": {
        const ms = backoff(effect.failures, effect.slow ? SLOW_RETRY : RETRY);
        this.#timer = setTimeout(() => this.#step({ type: "retry" }), ms);
        return;
      }
      case "stop":
        this.#attempt.abort();
        return;
      case "hang-up":
        this.#attempt.abort();
        this.#lanes?.stop();
        this.#session?.close();
        this.#lanes = this.#session = undefined;
        this.#peer = undefined;
        return;
    }
  }

  #createSession(): Session {
    const session: Session = new Session({
      role: "page",
      liveness: PAGE_LIVENESS,
      onSilence: (silent) => this.#step({ type: silent ? "silent" : "heard" }),
      onDetached: (reason) => {
        const error = isFinal(reason.code) ? sealedRefusal(reason) : reason;
        this.#step({ type: "lost", error, lasted: performance.now() - this.#opened });
        this.#endWaiting(error);
      },
      onBusy: () => this.#lanes?.watch(),
    });
    this.#lanes = new Lanes(session, (signal) => {
      return dialLane(session, { ice: this.#settings!.ice, signal });
    });
    return session;
  }

  async #dial(): Promise<void> {
    const { signal } = this.#attempt = new AbortController();
    let peer: Peer | undefined;
    try {
      const line = await dialAsDevice(this.#settings!, {
        skew: this.#skew,
        onSkew: (skew) => {
          this.#skew = skew;
        },
        onDevice: (device) => this.#nameDevice(device),
        onAnswer: () => {
          if (!signal.aborted) this.#step({ type: "answered" });
        },
        signal,
      });
      peer = line.peer;
      signal.throwIfAborted();
      await this.#session!.connect(new Carrier(line.channel), { proof: line.proof });
    } catch (error) {
      peer?.close();
      if (signal.aborted) return;
      this.#fail(LighthouseError.from(error, "connection-failed"));
      return;
    }
    this.#peer = peer;
    this.#opened = performance.now();
    this.#step({ type: "opened" });
  }

  #fail(error: LighthouseError): void {
    this.#step({ type: "failed", error });
    this.#endWaiting(error);
  }

  /** Where no attempt follows, nothing is to wait for one. */
  #endWaiting(error: LighthouseError): void {
    if (!isFinal(error.code) || this.#now.state === "connected") return;
    this.#lanes?.stop();
    this.#session?.close(error);
    this.#session = this.#createSession();
  }

  #nameDevice(device: DeviceName | undefined): void {
    this.#device = device;
    this.#show();
  }

  /** What the browser tells: a network that is back, a page that is looked at, a page that goes. */
  #listen(): void {
    if (this.#listening) return;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    const retry = () => {
      this.#session?.probe();
      this.#step({ type: "woken" });
    };
    onPairing((relay) => {
      if (relay === this.#settings?.relay.href && this.#now.error) this.#step({ type: "connect" });
    }, signal);
    addEventListener("online", retry, { signal });
    document.addEventListener("visibilitychange", () => {
      if (document.visibilityState === "visible") retry();
    }, { signal });
    // The host would notice only after half a minute that the page is gone.
    addEventListener("pagehide", () => this.#step({ type: "close" }), { signal });
    addEventListener("pageshow", ({ persisted }) => {
      if (persisted) this.#step({ type: "connect" });
    }, { signal });
  }
}
