// Keeps the page connected: carries out the effects of connection_state.ts, and feeds it with events of
// the session, the attempts, the browser and the site's other pages.
import {
  backoff,
  Carrier,
  exchangeReports,
  type IceConfig,
  LighthouseError,
  type NetworkReport,
  PAGE_LIVENESS,
  Session,
} from "../../wire/mod.ts";
import type { DeviceName } from "../identity/device_store.ts";
import { Carriage } from "./carriage.ts";
import {
  type ConnectionEffect,
  type ConnectionEvent,
  IDLE,
  isFinal,
  isOfNetwork,
  stepConnection,
} from "./connection_state.ts";
import type { CurrentView } from "./connection_view.ts";
import { type ConnectionSettings, dialAsDevice } from "./dial_as_device.ts";
import { dialLane } from "./dial_lane.ts";
import { EarlyAttempts } from "./early_attempts.ts";
import type { Lanes } from "./lanes.ts";
import type { OpenedConnection, OpenedWay } from "./open_way.ts";
import { onPageEvents } from "./page_events.ts";
import { probeNetwork } from "./network_probe.ts";
import { PageNetwork } from "./page_network.ts";
import { openQuic } from "./quic_way.ts";
import { onPairing } from "./pairing_channel.ts";
import { sealedRefusal } from "./refusals.ts";
import { Rest } from "./rest.ts";
import { startTimer } from "./start_timer.ts";
import { Warmth } from "./warmth.ts";

/** Time after which a loss shows, in milliseconds: most are restored within a second. */
const UNSEEN_MS = 2_000;

/** Limit for the host to tell what it sees, in milliseconds: the relay is slow. */
const EXCHANGE_MS = 10_000;

/** Pauses between attempts, in milliseconds. */
const RETRY = { first: 250, longest: 30_000 };

/** Pauses after a failure that only people can mend: an attempt is a message that the relay bills. */
const SLOW_RETRY = { first: 60_000, longest: 600_000 };

/** The parts of the browser that a {@linkcode Connection} uses. */
export interface ConnectionPlatform {
  dial: typeof dialAsDevice;
  dialLane: typeof dialLane;
  openQuic: typeof openQuic;
  onPageEvents: typeof onPageEvents;
  onPairing: typeof onPairing;
  probeNetwork: typeof probeNetwork;
  startTimer: typeof startTimer;
  /** Monotonic, in milliseconds. */
  now: () => number;
}

const BROWSER: ConnectionPlatform = {
  dial: dialAsDevice,
  dialLane,
  openQuic,
  onPageEvents,
  onPairing,
  probeNetwork,
  startTimer,
  now: () => performance.now(),
};

/** A session with the host, and its connection, which is restored after a loss. */
export class Connection {
  readonly #view: CurrentView;
  readonly #platform: ConnectionPlatform;
  readonly #warmth = new Warmth();
  #now = IDLE;
  #settings: ConnectionSettings | undefined;
  #device: DeviceName | undefined;
  /** The host's clock minus this one, in milliseconds, from the host's refusals. */
  #skew = 0;
  #session: Session | undefined;
  #lanes: Lanes | undefined;
  readonly #carriage: Carriage;
  readonly #rest: Rest;
  readonly #network: PageNetwork;
  readonly #early = new EarlyAttempts({
    session: () => this.#session!,
    onReady: () => this.#show(),
  });
  #opened = 0;
  #attempt = new AbortController();
  #stopTimer = () => {};
  #listening: AbortController | undefined;

  /**
   * @param view Takes the connection's state, from `connect` to `close`.
   * @param platform @default the browser's
   */
  constructor(view: CurrentView, platform = BROWSER) {
    this.#view = view;
    this.#platform = platform;
    this.#carriage = new Carriage({
      session: () => this.#session,
      state: () => this.#now,
      ice: () => this.#ice(),
      step: (event) => this.#step(event),
      onTaken: (path) => void this.#noteWay(path),
      platform,
    });
    this.#rest = new Rest({
      onUnused: () => this.#step({ type: "unused" }),
      startTimer: platform.startTimer,
    });
    this.#network = new PageNetwork({
      ice: () => this.#ice(),
      exchange: async (report) => {
        if (this.#now.state !== "connected") return undefined;
        return await exchange(this.#session!, report, platform);
      },
      onChange: () => this.#show(),
      probe: platform.probeNetwork,
    });
  }

  /** Whether the page wants a connection: from `connect` to `close`. */
  get isWanted(): boolean {
    return this.#listening !== undefined;
  }

  /** Carries requests, from `connect` to `close`, whether connected at the moment or not. */
  get session(): Session | undefined {
    return this.#session;
  }

  /** Whether nothing carries it, since nobody used the way through the relay: the next request opens it. */
  get isResting(): boolean {
    return this.#now.resting;
  }

  /** What carries the session, or has carried it last. */
  get way(): OpenedWay | undefined {
    return this.#carriage.way;
  }

  /** Prepares the next attempt, while there is none and no connection. */
  warm(settings: ConnectionSettings): void {
    if (!this.isWanted) void this.#warmth.prepare(settings);
  }

  /** Connects, and stays connected until `close`. */
  connect(settings: ConnectionSettings): void {
    this.#settings = settings;
    this.#session ??= this.#createSession();
    this.#listen();
    this.#step({ type: "connect" });
  }

  /** Connects anew, with the identity that this browser has now. */
  renew(): void {
    const settings = this.#settings;
    this.#nameDevice(undefined);
    if (!settings || !this.isWanted) return;
    this.close();
    this.connect(settings);
  }

  /** Looks at the network, for what `view` shows of it. */
  async look(): Promise<void> {
    if (this.#settings) await this.#network.look();
  }

  /** Closes the session and stays unconnected. */
  close(): void {
    this.#listening?.abort();
    this.#listening = undefined;
    this.#step({ type: "close" });
  }

  /** Shows an error that rules out any attempt, such as a wrong setting. */
  refuse(error: LighthouseError): void {
    this.close();
    this.#step({ type: "refused", error });
  }

  #step(event: ConnectionEvent): void {
    const [now, effect] = stepConnection(this.#now, event);
    this.#now = now;
    const isRelayed = now.state === "connected" && now.relayed && !now.lost && !now.resting;
    if (isRelayed) this.#rest.start();
    else {
      this.#rest.stop();
      this.#carriage.upgrade.stop();
    }
    this.#perform(effect);
    this.#show();
  }

  #show({ isGreeted = false } = {}): void {
    const { state, reason, error } = this.#now;
    const [device, early] = [this.#device, error ? undefined : this.#early.requests];
    const session = early ?? this.#session;
    const { view: networks } = this.#network;
    isGreeted ||= early !== undefined;
    this.#view.show({ state, reason, error, device, session, isGreeted, networks });
  }

  #perform(effect: ConnectionEffect): void {
    if (effect.do === "nothing") return;
    this.#stopTimer();
    switch (effect.do) {
      case "dial":
        this.#dial();
        return;
      case "restore":
        this.#stepLater(UNSEEN_MS, { type: "overdue" });
        if (effect.dial) this.#dial();
        return;
      case "pause":
        this.#stepLater(backoff(effect.failures, effect.slow ? SLOW_RETRY : RETRY), {
          type: "retry",
        });
        return;
      case "rest":
        this.#lanes?.stop();
        this.#session?.close();
        this.#session = this.#createSession();
        return;
      case "stop":
        return this.#attempt.abort();
      case "hang-up":
        this.#attempt.abort();
        this.#lanes?.stop();
        this.#session?.close();
        this.#early.end();
        this.#lanes = this.#session = undefined;
        this.#carriage.clear();
        return;
    }
  }

  #stepLater(ms: number, event: ConnectionEvent): void {
    this.#stopTimer = this.#platform.startTimer(ms, () => this.#step(event));
  }

  #createSession(): Session {
    const session: Session = new Session({
      role: "page",
      liveness: PAGE_LIVENESS,
      onSilence: (silent) => {
        this.#carriage.noteSilence(silent);
        this.#step({ type: silent ? "silent" : "heard" });
      },
      onDetached: (reason) => {
        const error = isFinal(reason.code) ? sealedRefusal(reason) : reason;
        const lasted = this.#platform.now() - this.#opened;
        this.#step({ type: "lost", error, lasted });
        this.#endWaiting(error);
      },
      onOpen: (stream, head) => {
        this.#rest.note(stream, head);
        this.#step({ type: "wanted" });
      },
      whyLate: () => this.#now.error?.code === "relay-budget" ? this.#now.error : undefined,
      onBusy: () => this.#lanes?.watch(),
      onResumption: (secret) => {
        // A connection does not wait for the disk.
        this.#settings!.identities.keepResumption(secret).catch(() => {});
      },
    });
    this.#lanes = this.#carriage.lanesOf(session);
    return session;
  }

  /** The ICE servers of the settings, and those that the host's newest answer has brought. */
  #ice(): IceConfig {
    return this.#settings!.identities.withIceServers(this.#settings!.ice);
  }

  async #dial(): Promise<void> {
    // A direct connection of the attempt before may still be opening.
    this.#attempt.abort();
    const { signal } = this.#attempt = new AbortController();
    const early = this.#early.begin(this.#settings!, signal);
    let coolDown = () => {};
    try {
      const dialling = this.#platform.dial(this.#settings!, {
        skew: this.#skew,
        onSkew: (skew) => void (this.#skew = skew),
        isFirst: this.#opened === 0,
        platform: this.#warmth.platform,
        early,
        onDevice: (device) => this.#nameDevice(device),
        onAnswer: (answer) => {
          if (signal.aborted) return;
          this.#carriage.answered(answer);
          this.#step({ type: "answered" });
        },
        onDoubt: (error) => {
          if (!signal.aborted) this.#step({ type: "doubted", error });
        },
        report: (sdp) => this.#network.report(sdp),
        onReport: (report) => this.#network.heard(report),
        signal,
      });
      // The disk has been asked by now: browsers take milliseconds to make a peer.
      coolDown = this.#warmth.begin(this.#settings!);
      await this.#carry(await dialling, signal);
    } catch (error) {
      coolDown();
      early.failed(false);
      if (signal.aborted) return;
      this.#fail(LighthouseError.from(error, "connection-failed"));
    }
  }

  /** Goes on over what an attempt has opened. */
  async #carry(opened: OpenedConnection, signal: AbortSignal): Promise<void> {
    const { direct } = opened;
    try {
      await this.#join(opened, signal);
    } catch (error) {
      if (!direct) throw error;
      // The relay does not bring the HELLO, or the host's: the direct connection may still open.
      const better = await direct.catch(() => {
        throw error;
      });
      return await this.#carry(better, signal);
    }
    this.#opened = this.#platform.now();
    this.#early.end();
    this.#carriage.take(opened.way, { type: "opened", relayed: direct !== undefined });
    if (!direct) return;
    this.#carriage.upgrade.start(this.#awaitDirect(direct, signal));
    // The direct connection that is opening does without the servers that its answer has brought.
    if (this.#settings!.identities.hasNewIceServers) this.#carriage.upgrade.hurry();
  }

  /** Moves the session when the direct connection opens. */
  async #awaitDirect(direct: Promise<OpenedConnection>, signal: AbortSignal): Promise<void> {
    const opened = await direct;
    await this.#join(opened, signal);
    this.#carriage.move(opened.way);
  }

  /** Has the session go on over an open channel, and closes that if it cannot. */
  async #join({ channel, proof, way }: OpenedConnection, signal: AbortSignal): Promise<void> {
    try {
      signal.throwIfAborted();
      const greeted = this.#session!.connect(new Carrier(channel), { proof });
      this.#show({ isGreeted: true });
      await greeted;
    } catch (error) {
      way.close();
      throw error;
    }
  }

  /** Notes what carries the session now, for later attempts and for reports. */
  async #noteWay(path: Promise<string>): Promise<void> {
    const { way } = this;
    // The next attempt needs not wait for a direct connection where this one had none.
    this.#settings!.identities.keepWay(this.#now.relayed).catch(() => {});
    const type = await path;
    if (way !== this.way) return;
    this.#network.ended(this.#now.relayed ? "relayed" : type === "relay" ? "turn" : "direct");
  }

  #fail(error: LighthouseError): void {
    this.#early.fail(error);
    this.#step({ type: "failed", error });
    if (isOfNetwork(error.code)) this.#network.ended("none");
    this.#endWaiting(error);
  }

  /** Fails the requests that wait for a connection, if no attempt follows. */
  #endWaiting(error: LighthouseError): void {
    if (!isFinal(error.code) || this.#now.state === "connected") return;
    this.#lanes?.stop();
    this.#session?.close(error);
    this.#early.end();
    this.#session = this.#createSession();
  }

  #nameDevice(device: DeviceName | undefined): void {
    this.#device = device;
    this.#show();
  }

  #listen(): void {
    if (this.#listening) return;
    const { signal } = this.#listening = new AbortController();
    this.#platform.onPairing((relay) => {
      if (relay === this.#settings?.relay.href && this.#now.error) this.#step({ type: "connect" });
    }, { signal });
    this.#platform.onPageEvents({
      onWake: () => {
        this.#session?.probe();
        this.#carriage.upgrade.hurry();
        this.#step({ type: "woken" });
      },
      onOnline: () => this.#carriage.upgrade.forget(),
      // Close: otherwise the host notices only after half a minute.
      onHide: () => this.#step({ type: "close" }),
      onRestore: () => this.connect(this.#settings!),
      signal,
    });
  }
}

/** Tells the host what this page sees. @returns What the host sees. */
async function exchange(
  session: Session,
  report: NetworkReport,
  { startTimer }: Pick<ConnectionPlatform, "startTimer">,
): Promise<NetworkReport | undefined> {
  const end = new AbortController();
  const stopTimer = startTimer(EXCHANGE_MS, () => end.abort());
  return await exchangeReports(session, report, end.signal).finally(stopTimer);
}
