// Who may have a connection: opens what pages send through the relay, and decides.
//
//   a tag that a device or a pairing has made ─▶ its own bucket, new?, in time? ─▶ one decapsulation
//   no tag ─▶ a --public host? ─▶ the strangers' bucket ─▶ one decapsulation
//   any other tag, or what is malformed ─▶ a bucket for refusals ─▶ a plain refusal, or nothing
//
// So whoever was not invited costs some hashes and never a decapsulation, and takes nothing from those
// who were.
import {
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import {
  type Acceptance,
  type ErrorCode,
  fingerprintOf,
  fromBase64url,
  LighthouseError,
  type OpenedOffer,
  openOffer,
  parseSignal,
  type Proven,
  type SealedOffer,
  type Signal,
  taggedBytes,
} from "../../wire/mod.ts";
import type { Log } from "../platform/log.ts";
import type { AccessList } from "./access_list.ts";
import type { Device } from "./devices.ts";
import type { Identity } from "./host_key.ts";
import type { Pairing } from "./pairings.ts";
import type { Principal } from "./principal.ts";
import { ReplayCache } from "./replay_cache.ts";
import { TokenBucket } from "./token_bucket.ts";

/** Farthest that a page's clock may be from the host's, in milliseconds. */
export const WINDOW_MS = 120_000;

/** Offers of one device or pairing, with times in the window, and others: at once, a second. */
const OFFERS = [20, 2] as const;
const SKEWED = [4, 0.2] as const;

/** Offers of all strangers at a --public host; plain refusals. */
const STRANGERS = [40, 20] as const;
const REFUSALS = [10, 5] as const;

/** Options of {@linkcode Gate}. */
export interface GateOptions {
  identity: Pick<Identity, "keys" | "fingerprint">;
  accessList: AccessList;
  /** `public`: prefixes of the services that anonymous pages reach now; empty refuses such pages. */
  settings: () => { readonly public: readonly string[] };
  log: Log;
  /** Milliseconds since 1970. @default Date.now */
  clock?: () => number;
  /** A clock that is never set, in milliseconds. @default performance.now */
  steady?: () => number;
}

/** An offer that is to be answered. */
export interface Admission {
  /** Who offers. */
  principal: Principal;
  sdp: string;
  /** Seals the answer. `proof` is what the page's HELLO has to show. */
  answer(sdp: string): Promise<{ signal: Signal } & Proven>;
  /** Seals why there is none. */
  refuse(error: LighthouseError): Promise<Signal>;
}

/** A device or a pairing that has made a tag. */
type Known = { device: Device; pairing?: undefined } | { pairing: Pairing; device?: undefined };

/** What each known sender has of its own. */
interface Allowance {
  offers: TokenBucket;
  skewed: TokenBucket;
}

/** Lets in who may come in. */
export class Gate {
  readonly #options: GateOptions;
  readonly #clock: () => number;
  readonly #steady: () => number;
  /** Offers from before it are refused: those that were answered then are not known any more. */
  readonly #startedAt: number;
  readonly #allowances = new Map<string, Allowance>();
  readonly #strangers: TokenBucket;
  readonly #refusals: TokenBucket;
  readonly #replays: ReplayCache;
  #decapsulations = 0;
  #ignored = 0;

  constructor(options: GateOptions) {
    this.#options = options;
    this.#clock = options.clock ?? Date.now;
    this.#steady = options.steady ?? (() => performance.now());
    this.#startedAt = this.#clock();
    this.#strangers = new TokenBucket(...STRANGERS, this.#steady);
    this.#refusals = new TokenBucket(...REFUSALS, this.#steady);
    // An offer from two minutes ahead is in time for four.
    this.#replays = new ReplayCache(2 * WINDOW_MS);
  }

  /** Offers that were opened so far, and what is remembered to know replays: for tests. */
  get costs(): { decapsulations: number; remembered: number } {
    return { decapsulations: this.#decapsulations, remembered: this.#replays.size };
  }

  /**
   * Looks at what came from the relay.
   *
   * @param data Anything.
   * @returns Who may come in; or the signal that says why not; or undefined if nothing is said.
   */
  async admit(data: unknown): Promise<Admission | Signal | undefined> {
    let signal: Signal;
    try {
      signal = parseSignal(data);
    } catch (error) {
      return this.#refuse(LighthouseError.from(error, "bad-message"));
    }
    // A probe is another host's, which does not know yet that it is not registered.
    if (signal.type !== "sealed-offer") return undefined;
    if (signal.tag === undefined) return await this.#admitStranger(signal);
    const known = this.#find(signal);
    if (!known) {
      return this.#refuse(
        new LighthouseError(
          "not-paired",
          "This host does not know this device. Pair it: lighthouse-host pair",
        ),
      );
    }
    return await this.#admitKnown(signal, known);
  }

  async #admitKnown(signal: SealedOffer, known: Known): Promise<Admission | Signal | undefined> {
    const { device, pairing } = known;
    const key = device?.key ?? (signal.device && fromBase64url(signal.device));
    if (!key || (device && signal.device)) {
      return this.#refuse(new LighthouseError("bad-message", "The offer names no one device"));
    }
    const allowance = this.#allowanceOf((device ?? pairing).id);
    const isInTime = this.#isInTime(signal.time);
    if (!isInTime) {
      if (!allowance.skewed.take()) return undefined;
    } else if (!this.#isNew(signal.tag!) || !allowance.offers.take()) return undefined;

    const opened = await this.#open(signal, key, pairing?.psk);
    if (!opened) return this.#refuse(sealBroken());
    if (!isInTime) return await this.#seal(opened, clockSkew());
    try {
      const principal = device ?? await this.#redeem(pairing!, key, opened);
      if (principal.revoked !== undefined) {
        throw new LighthouseError("device-revoked", "The host's owner has revoked this device");
      }
      if (principal.origin !== opened.offer.origin) {
        throw new LighthouseError(
          "wrong-origin",
          `This device was paired by ${principal.origin}, and this page is of ${opened.offer.origin}`,
        );
      }
      return this.#admission(principal, opened, {
        device: { id: principal.id, name: principal.name },
        ...pairing && { tagKey: principal.tagKey },
      });
    } catch (error) {
      if (error instanceof LighthouseError) return await this.#seal(opened, error);
      // A disk that is full, for one: what the system says of it has paths in it.
      this.#options.log("error", "pairing-failed", `cannot write the device: ${error}`);
      const hidden = "The host cannot write the device down: its log says why. Try again later";
      return await this.#seal(opened, new LighthouseError("host-busy", hidden));
    }
  }

  async #redeem(
    pairing: Pairing,
    key: Uint8Array<ArrayBuffer>,
    { offer: { origin, name } }: OpenedOffer,
  ): Promise<Device> {
    if (pairing.expires > this.#clock()) {
      const device = await this.#options.accessList.redeem(pairing, { key, origin, name });
      if (device) return device;
    } else if (pairing.usedBy === undefined) {
      throw new LighthouseError(
        "pairing-expired",
        "This pairing link is over. Make another: lighthouse-host pair",
      );
    }
    throw new LighthouseError(
      "pairing-used",
      "This pairing link has let a device in already. Make another: lighthouse-host pair",
    );
  }

  async #admitStranger(signal: SealedOffer): Promise<Admission | Signal | undefined> {
    const { settings } = this.#options;
    if (settings().public.length === 0 || !signal.device) {
      return this.#refuse(
        new LighthouseError(
          "not-paired",
          "This host lets in paired devices alone. Pair this one: lighthouse-host pair",
        ),
      );
    }
    if (!this.#strangers.take()) return this.#ignore();
    const key = fromBase64url(signal.device);
    const opened = await this.#open(signal, key);
    if (!opened) return this.#refuse(sealBroken());
    if (!this.#isInTime(signal.time)) return await this.#seal(opened, clockSkew());
    if (!this.#isNew(signal.enc)) return undefined;
    const principal: Principal = {
      id: await fingerprintOf(key),
      // Read at each request, since the settings change while the page is connected.
      get services() {
        return settings().public;
      },
    };
    return this.#admission(principal, opened);
  }

  #admission(
    principal: Principal,
    opened: OpenedOffer,
    rest: Pick<Acceptance, "device" | "tagKey"> = {},
  ): Admission {
    return {
      principal,
      sdp: opened.offer.sdp,
      answer: (sdp) => opened.sealAnswer({ sdp, time: this.#clock(), ...rest }),
      refuse: (error) => this.#seal(opened, error),
    };
  }

  /** Who has made the offer's tag. */
  #find(signal: SealedOffer): Known | undefined {
    const digest = createHash("sha256").update(taggedBytes(signal)).digest();
    const tag = fromBase64url(signal.tag!);
    const { accessList } = this.#options;
    const find = (): Known | undefined => {
      for (const device of accessList.devices) {
        if (isTagOf(device.tagKey, digest, tag)) return { device };
      }
      for (const pairing of accessList.pairings) {
        if (isTagOf(pairing.tagKey, digest, tag)) return { pairing };
      }
      return undefined;
    };
    // A pairing may be younger than the last look at its folder.
    return find() ?? (accessList.refresh() ? find() : undefined);
  }

  async #open(
    signal: SealedOffer,
    device: Uint8Array<ArrayBuffer>,
    psk?: Uint8Array<ArrayBuffer>,
  ): Promise<OpenedOffer | undefined> {
    this.#decapsulations++;
    const { keys: host } = this.#options.identity;
    return await openOffer(signal, { host, device, psk }).catch(() => undefined);
  }

  async #seal(opened: OpenedOffer, error: LighthouseError): Promise<Signal> {
    this.#log(error);
    return await opened.sealRefusal({ refused: shown(error), time: this.#clock() });
  }

  /** Refuses, to whom nothing can be sealed; or says nothing, where that happens too often. */
  #refuse(error: LighthouseError): Signal | undefined {
    if (!this.#refusals.take()) return this.#ignore();
    this.#log(error);
    return { type: "refused", ...shown(error), hostKey: this.#options.identity.fingerprint };
  }

  #ignore(): undefined {
    this.#ignored++;
    return undefined;
  }

  #log({ code, message }: LighthouseError): void {
    const ignored = this.#ignored;
    this.#ignored = 0;
    const more = ignored > 0 ? ` (and has ignored ${ignored} others since the last time)` : "";
    this.#options.log("warn", "signal-refused", `refused what a page sent: ${message}${more}`, {
      code,
      ...ignored > 0 && { ignored },
    });
  }

  #isInTime(time: number): boolean {
    return time >= this.#startedAt && Math.abs(time - this.#clock()) <= WINDOW_MS;
  }

  #isNew(key: string): boolean {
    return this.#replays.add(key, this.#steady());
  }

  /** By the id of a device or a pairing, of which there is a bounded number at a time. */
  #allowanceOf(id: string): Allowance {
    let allowance = this.#allowances.get(id);
    if (!allowance) {
      this.#forget();
      allowance = {
        offers: new TokenBucket(...OFFERS, this.#steady),
        skewed: new TokenBucket(...SKEWED, this.#steady),
      };
      this.#allowances.set(id, allowance);
    }
    return allowance;
  }

  /** Forgets those that have gone. */
  #forget(): void {
    const { devices, pairings } = this.#options.accessList;
    const present = new Set([...devices, ...pairings].map(({ id }) => id));
    for (const id of this.#allowances.keys()) if (!present.has(id)) this.#allowances.delete(id);
  }
}

/** Keys as OpenSSL has them: to make one takes ten times as long as to use it. */
const prepared = new WeakMap<Uint8Array, KeyObject>();

function isTagOf(bytes: Uint8Array, digest: Uint8Array, tag: Uint8Array): boolean {
  let key = prepared.get(bytes);
  if (!key) prepared.set(bytes, key = createSecretKey(bytes));
  const mac = createHmac("sha256", key).update(digest).digest();
  return timingSafeEqual(mac.subarray(0, tag.length), tag);
}

/** What a page gets of an error: nothing that is only for the host's owner. */
function shown({ code, message }: LighthouseError): { code: ErrorCode; message: string } {
  return { code, message: message.slice(0, 1024) };
}

function sealBroken(): LighthouseError {
  return new LighthouseError(
    "bad-seal",
    "The offer cannot be opened: it was changed on its way, or sealed for another host",
  );
}

function clockSkew(): LighthouseError {
  return new LighthouseError(
    "clock-skew",
    `The offer's time is not within ${WINDOW_MS / 60_000} minutes of the host's, or it is old`,
  );
}
