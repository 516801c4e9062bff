// The carriers of a session: which there are, whether the other end is heard over them, and when the
// last one is lost.
import type { LighthouseError } from "../error.ts";
import type { Carrier, CarrierOwner, SessionFrame } from "./carrier.ts";
import { PathWindow } from "./congestion_window.ts";
import { Liveness, type LivenessRules } from "./liveness.ts";

/**
 * Time for which a carrier through the relay stays open after a better one has come, in milliseconds: what
 * is on its way over it arrives, and the other end, which hears of the better one later, does not find
 * itself without any.
 */
const RETIRED_MS = 1000;

/** Options of {@linkcode Carriers}. */
export interface CarriersOptions {
  liveness: LivenessRules;
  /** Whether bytes of streams have moved lately. */
  isBusy(): boolean;
  /** Whether a transfer may have come to a halt: bytes have moved not long ago, and a stream is open. */
  isUnsettled(): boolean;
  /** Whether streams have been opened beside others lately. */
  isShared(): boolean;
  /** Takes frames of one message. `isCurrent` says whether their carrier still belongs to the session. */
  receive(frames: SessionFrame[], isCurrent: () => boolean): void;
  /** Something is to be sent, or there is room for it again. */
  wake(): void;
  /** The other end broke the protocol. */
  onBroken(error: LighthouseError): void;
  /** What a carrier has on its way may be lost: it was closed, or is silent. */
  onLost(): void;
  /** Called when nothing is heard where something should be (true), and when it is again (false). */
  onSilence(silent: boolean): void;
}

/** The carriers that belong to a session, the oldest first. */
export class Carriers {
  readonly #options: CarriersOptions;
  readonly #carriers = new Map<Carrier, Liveness>();
  /** Those over which nothing more is sent. */
  readonly #retired = new Set<Carrier>();
  #path = new PathWindow();
  #isSilent = false;

  constructor(options: CarriersOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#carriers.size;
  }

  /** Those that do not stand by. */
  get active(): Carrier[] {
    return [...this].filter(({ isStandby }) => !isStandby);
  }

  /** How many of them have a transport that paces itself. */
  get paced(): number {
    return [...this].filter(({ isPaced }) => isPaced).length;
  }

  /** Whether all of them are such that each message costs money. */
  get isMetered(): boolean {
    return this.size > 0 && [...this].every((carrier) => carrier.isMetered);
  }

  /** The newest measured round-trip time, in milliseconds; undefined before the first. */
  get roundTripTime(): number | undefined {
    const all = [...this.active, ...this];
    return all.find(({ roundTripTime }) => roundTripTime !== undefined)?.roundTripTime;
  }

  /** The shortest time that any of them has taken there and back, in ms; Infinity before the first. */
  get shortestRoundTrip(): number {
    return Math.min(...[...this].map((carrier) => carrier.shortestRoundTrip));
  }

  [Symbol.iterator](): IterableIterator<Carrier> {
    return this.#carriers.keys();
  }

  /** Takes a carrier whose HELLOs have been exchanged, or are about to be. */
  adopt(carrier: Carrier): void {
    const { liveness, isBusy, isUnsettled } = this.#options;
    const rules = carrier.isMetered ? liveness.metered ?? liveness : liveness;
    // After others than these, the path may be another one.
    if (this.size === 0) this.#path = new PathWindow();
    this.#carriers.set(
      carrier,
      new Liveness(rules, {
        isBusy: carrier.isMetered ? isUnsettled : isBusy,
        takeHeard: () => carrier.takeHeard(),
        roundTripTime: () => carrier.roundTripTime,
        ping: () => carrier.ping(),
        onSilence: (silent) => this.#noteSilenceOf(carrier, silent),
        onDeath: () => carrier.close(),
      }),
    );
    carrier.adopt(this.#ownerOf(carrier));
    this.#noteSilence(false);
    this.#choose();
    for (const [other, { isSilent }] of [...this.#carriers]) if (isSilent) other.close();
    // A metered channel measures the round trip by itself.
    if (carrier.isMetered) return;
    carrier.ping();
    for (const other of [...this]) {
      if (!other.isMetered) continue;
      this.#remove(other);
      this.#retired.add(other);
      closeLater(other);
    }
  }

  /** Closes all carriers but the one given; the session does not hear of it. */
  discard(kept?: Carrier): void {
    this.#retired.clear();
    for (const carrier of [...this]) {
      if (carrier === kept) continue;
      if (!kept || !carrier.isMetered) {
        this.drop(carrier);
        continue;
      }
      this.#remove(carrier);
      closeLater(carrier);
    }
  }

  /** Closes a carrier; the session does not hear of it. */
  drop(carrier: Carrier): void {
    this.#remove(carrier);
    carrier.close();
  }

  /** Closes all carriers but the oldest, and the oldest one whose transport paces itself. */
  shed(): void {
    for (const kind of [true, false]) {
      for (const carrier of [...this].filter(({ isPaced }) => isPaced === kind).slice(1)) {
        carrier.close();
      }
    }
  }

  /** Says CLOSE on all carriers, which closes them. */
  leave(reason: LighthouseError): void {
    for (const carrier of [...this]) {
      this.#remove(carrier);
      carrier.leave(reason);
    }
  }

  /** The last carrier is gone: says nothing more about silence until the next. */
  forgetSilence(): void {
    this.#isSilent = false;
  }

  /** Finds out at once whether the other end is there. */
  probe(): void {
    for (const liveness of this.#carriers.values()) liveness.probe();
  }

  /** Bytes of streams have moved: watches more closely. */
  nudge(): void {
    for (const liveness of this.#carriers.values()) liveness.nudge();
  }

  #ownerOf(carrier: Carrier): CarrierOwner {
    const { isShared, receive, wake, onBroken } = this.#options;
    const isCurrent = () => this.#carriers.has(carrier) || this.#retired.has(carrier);
    return {
      path: this.#path,
      get isShared() {
        return isShared();
      },
      receive: (frames) => receive(frames, isCurrent),
      wake,
      broken: (error) => {
        if (isCurrent()) onBroken(error);
      },
      closed: () => {
        if (!isCurrent()) return;
        const isRetired = this.#retired.delete(carrier);
        this.#remove(carrier);
        if (this.size > 0) this.#noteSilence(this.#areSilent);
        if (!isRetired || this.size > 0) this.#options.onLost();
      },
    };
  }

  #remove(carrier: Carrier): void {
    this.#carriers.get(carrier)?.stop();
    this.#carriers.delete(carrier);
    this.#choose();
  }

  get #areSilent(): boolean {
    return [...this.#carriers.values()].every(({ isSilent }) => isSilent);
  }

  /**
   * One of several that is silent stands by: after a blackout, SCTP repeats what was lost over each at a time
   * of its own. The others repeat it meanwhile, and after a silence of all, the first that is heard does.
   */
  #noteSilenceOf(carrier: Carrier, silent: boolean): void {
    // The page replaces it.
    if (silent && carrier.isPaced && this.size > 1) return carrier.close();
    const wereSilent = this.#isSilent;
    carrier.isSilent = silent;
    this.#noteSilence(this.#areSilent);
    this.#choose();
    const areLost = silent ? !this.#isSilent : wereSilent && this.size > 1;
    if (areLost) this.#options.onLost();
    if (!silent) this.#options.wake();
  }

  /** Has those stand by that are silent while others are not, and all but QUIC's while one of them is heard. */
  #choose(): void {
    const all = [...this.#carriers];
    const heard = all.filter(([, { isSilent }]) => !isSilent);
    const hasPaced = heard.some(([{ isPaced }]) => isPaced);
    for (const [carrier, { isSilent }] of all) {
      carrier.isStandby = (isSilent && heard.length > 0) || (hasPaced && !carrier.isPaced);
    }
  }

  #noteSilence(silent: boolean): void {
    if (this.#isSilent === silent) return;
    this.#isSilent = silent;
    this.#options.onSilence(silent);
  }
}

function closeLater(carrier: Carrier): void {
  setTimeout(() => carrier.close(), RETIRED_MS);
}
