// Decides who may connect: checks the signals that arrive through the relay, and opens offers.
//
//   tag of a device or pairing ─▶ in time, new, within its own limit? ─▶ one decapsulation
//   the same above its limit ─▶ a plain refusal within another limit of its own, else no answer
//   no tag ─▶ a public host? ─▶ within the limit of strangers? ─▶ one decapsulation
//   another tag, or malformed ─▶ within the limit of refusals? ─▶ a plain refusal, else no answer
//
// An uninvited page costs a few hashes and no decapsulation, and takes nothing from the limits of
// devices and pairings.
import {
  type Acceptance,
  type EarlyMessages,
  type ErrorCode,
  fingerprintOf,
  fromBase64url,
  type IceServer,
  importResumptionSecret,
  LighthouseError,
  type NetworkReport,
  type OpenedOffer,
  openOffer,
  parseSignal,
  type Proven,
  type SealedOffer,
  type Signal,
  ticketOf,
} from "../../wire/mod.ts";
import type { Log } from "../platform/log.ts";
import { type AccessList, deviceRevoked } from "./access_list.ts";
import type { Device } from "./devices.ts";
import type { FreshSecret } from "./fresh_secrets.ts";
import type { Identity } from "./host_key.ts";
import { OfferLimits, WINDOW_MS } from "./offer_limits.ts";
import { isOrigin } from "./origin.ts";
import type { Pairing } from "./pairings.ts";
import type { Principal } from "./principal.ts";
import { findSender, type TaggedOffer } from "./tags.ts";

/** Options of {@linkcode Gate}. */
export interface GateOptions {
  identity: Pick<Identity, "keys" | "fingerprint">;
  accessList: AccessList;
  /** `public`: current prefixes of the services for anonymous pages; if empty, the gate refuses such pages. */
  settings: () => { readonly public: readonly string[] };
  /** What devices show to the relay from now on. @default nothing */
  admission?: (deviceId: string) => Promise<string | undefined>;
  /** Returns what the host tells of its network. @param sdp The answer's. @default nothing */
  report?: (principal: Principal, sdp: string) => NetworkReport;
  /** Called with what an admitted page sees of its network; a page of an earlier version tells nothing. */
  onReport?: (principal: Principal, report: NetworkReport | undefined) => void;
  /** ICE servers for devices. Strangers get none: their owner pays for them. @default none */
  iceServers?: () => IceServer[] | undefined;
  log: Log;
  /** Milliseconds since 1970. @default Date.now */
  clock?: () => number;
  /** Monotonic clock, in milliseconds. @default performance.now */
  steady?: () => number;
}

/** What an answer has besides. */
export interface AnswerParts {
  /** The host's first messages. */
  early?: EarlyMessages | Promise<EarlyMessages | undefined>;
  /** What the page is told about sessions through the relay. */
  relayed?: Acceptance["relayed"];
  /** Where the page reaches the host by WebTransport. */
  quic?: Acceptance["quic"];
}

/** First messages that may count: their secret, and how to open them with it. */
export type EarlyAdmission =
  & Pick<OpenedOffer, "openEarly">
  & ({ ticket: string } | {
    /** Made by the page. */
    fresh: FreshSecret;
  });

/** An offer that the host may answer. */
export interface Admission {
  /** Who offers. */
  principal: Principal;
  sdp: string;
  /** The first messages of its session. */
  early?: EarlyAdmission;
  /** Whether the page would have a session through the relay. */
  takesRelayed: boolean;
  /** Seals the answer, and prepares that before the promises are settled. The page's HELLO must show `proof`. */
  answer(sdp: string | Promise<string>, parts?: AnswerParts): Promise<{ signal: Signal } & Proven>;
  /** Seals a refusal with its reason. */
  refuse(error: LighthouseError): Promise<Signal>;
}

/** Admits devices, pairings and, if the host is public, strangers. */
export class Gate {
  readonly #options: GateOptions;
  readonly #clock: () => number;
  readonly #limits: OfferLimits;
  #decapsulations = 0;
  #ignored = 0;

  constructor(options: GateOptions) {
    const { accessList, clock = Date.now, steady = () => performance.now() } = options;
    this.#options = options;
    this.#clock = clock;
    this.#limits = new OfferLimits({
      senders: () => [...accessList.devices, ...accessList.pairings],
      clock,
      steady,
      answered: accessList.answered,
    });
  }

  /** Numbers of opened offers and of offers remembered against replays: for tests. */
  get costs(): { decapsulations: number; remembered: number } {
    return { decapsulations: this.#decapsulations, remembered: this.#limits.remembered };
  }

  /**
   * Checks a signal from the relay.
   *
   * @param data Anything.
   * @returns An admission; or a refusal to send; or undefined if the host sends no answer.
   */
  async admit(data: unknown): Promise<Admission | Signal | undefined> {
    let signal: Signal;
    try {
      signal = parseSignal(data);
    } catch (error) {
      return this.#refuse(LighthouseError.from(error, "bad-message"));
    }
    // Another host sends a probe if it does not know yet that it is not registered.
    if (signal.type !== "sealed-offer") return undefined;
    const { tag } = signal;
    if (tag === undefined) return await this.#admitStranger(signal);
    return await this.#admitKnown({ ...signal, tag });
  }

  async #admitKnown(signal: TaggedOffer): Promise<Admission | Signal | undefined> {
    const sender = findSender(signal, this.#options.accessList);
    if (!sender) return this.#refuse(notPaired("This host does not know this device. Pair it"));
    const { device, pairing } = sender;
    const key = device?.key ?? (signal.device && fromBase64url(signal.device));
    if (!key || (device && signal.device)) {
      return this.#refuse(new LighthouseError("bad-message", "The offer must name one device"));
    }
    const verdict = this.#limits.judge((device ?? pairing).id, signal);
    if (verdict === "ignore") return undefined;
    if (verdict === "busy") return this.#sayPlainly(tooOften());

    const opened = await this.#open(signal, key, pairing?.psk);
    if (!opened) return this.#refuse(sealBroken());
    if (verdict === "skewed") return await this.#seal(opened, clockSkew());
    if (!isOrigin(opened.offer.origin)) return await this.#seal(opened, noOrigin());
    // Who has seen a used link, and has the host's key, can seal in the name of the device that used it.
    const isUsed = pairing?.usedBy !== undefined;
    // First: a device that is revoked from here on is not let in.
    const early = device ? givenEarly(opened) : await this.#freshEarly(opened, isUsed);
    try {
      const principal = device ?? await this.#redeem(pairing!, key, opened);
      checkDevice(principal, opened.offer.origin);
      return this.#admission(principal, opened, {
        device: { id: principal.id, name: principal.name },
        ...pairing && { tagKey: principal.tagKey },
      }, early);
    } catch (error) {
      return await this.#seal(opened, this.#shownToPage(error));
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
        "This pairing link has expired. Make another: lighthouse-host pair",
      );
    }
    throw new LighthouseError(
      "pairing-used",
      "Another device has used this pairing link. Make another: lighthouse-host pair",
    );
  }

  async #admitStranger(signal: SealedOffer): Promise<Admission | Signal | undefined> {
    const { settings } = this.#options;
    if (settings().public.length === 0 || !signal.device) {
      return this.#refuse(notPaired("This host accepts only paired devices. Pair this one"));
    }
    if (!this.#limits.takeStranger()) return this.#ignore();
    const key = fromBase64url(signal.device);
    const opened = await this.#open(signal, key);
    if (!opened) return this.#refuse(sealBroken());
    if (!this.#limits.isInTime(signal.time)) return await this.#seal(opened, clockSkew());
    if (!this.#limits.isNew(signal)) return undefined;
    if (!isOrigin(opened.offer.origin)) return await this.#seal(opened, noOrigin());
    const principal: Principal = {
      id: await fingerprintOf(key),
      origin: opened.offer.origin,
      // Each request reads it, since the settings may change while the page is connected.
      get services() {
        return settings().public;
      },
    };
    return this.#admission(principal, opened, {}, await this.#freshEarly(opened));
  }

  /** First messages under a secret of the page's own. @param isUsed Whether they begin no session. */
  async #freshEarly(
    { offer: { early }, openEarly }: OpenedOffer,
    isUsed = false,
  ): Promise<EarlyAdmission | undefined> {
    if (!early || !("secret" in early)) return undefined;
    const secret = await importResumptionSecret(fromBase64url(early.secret));
    const ticket = await ticketOf(secret);
    const isSure = early.since !== undefined && this.#limits.isInTime(early.since);
    return {
      openEarly,
      fresh: { ticket, secret, begins: isUsed ? "none" : isSure ? "any" : "new" },
    };
  }

  #admission(
    principal: Principal,
    opened: OpenedOffer,
    rest: Pick<Acceptance, "device" | "tagKey">,
    early: EarlyAdmission | undefined,
  ): Admission {
    const { admission: admissionOf, iceServers, report, onReport } = this.#options;
    const { sdp, report: reported, ephemeral } = opened.offer;
    onReport?.(principal, reported);
    return {
      principal,
      sdp,
      early,
      takesRelayed: ephemeral !== undefined,
      answer: async (described, { early, relayed, quic } = {}) => {
        const accept = async (): Promise<Acceptance> => {
          const [sdp, admission] = await Promise.all([
            described,
            rest.device && admissionOf?.(rest.device.id),
          ]);
          return {
            sdp,
            time: this.#limits.now(),
            ...rest,
            admission,
            relayed,
            quic,
            iceServers: rest.device && iceServers?.(),
            report: report?.(principal, sdp),
          };
        };
        return await opened.sealAnswer(accept(), { early });
      },
      refuse: (error) => this.#seal(opened, error),
    };
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
    return await opened.sealRefusal({ refused: membersOf(error), time: this.#limits.now() });
  }

  /** Refuses a sender to whom the host cannot seal, or does not answer if that happens too often. */
  #refuse(error: LighthouseError): Signal | undefined {
    return this.#limits.takeRefusal() ? this.#sayPlainly(error) : this.#ignore();
  }

  #sayPlainly(error: LighthouseError): Signal {
    this.#log(error);
    return { type: "refused", ...membersOf(error), hostKey: this.#options.identity.fingerprint };
  }

  #ignore(): undefined {
    this.#ignored++;
    return undefined;
  }

  /** The error to send for one thrown while a device was admitted. */
  #shownToPage(error: unknown): LighthouseError {
    if (error instanceof LighthouseError) return error;
    // Such as a full disk: the system's message contains paths, which only the owner may see.
    this.#options.log("error", "pairing-failed", `cannot write the device: ${error}`);
    const hidden = "The host cannot write the device down: its log says why. Try again later";
    return new LighthouseError("host-busy", hidden);
  }

  #log({ code, message }: LighthouseError): void {
    const ignored = this.#ignored;
    this.#ignored = 0;
    const more = ignored > 0 ? ` (and has ignored ${ignored} others since the last time)` : "";
    this.#options.log("warn", "signal-refused", `refused a page's signal: ${message}${more}`, {
      code,
      ...ignored > 0 && { ignored },
    });
  }
}

/** A paired device's first messages: whoever has the host's key can write the rest of its offer. */
function givenEarly({ offer: { early }, openEarly }: OpenedOffer): EarlyAdmission | undefined {
  return early && "ticket" in early ? { ticket: early.ticket, openEarly } : undefined;
}

/** @throws {LighthouseError} If the device is revoked, or was paired by a page of another origin. */
function checkDevice(device: Device, origin: string): void {
  if (device.revoked !== undefined) throw deviceRevoked();
  if (device.origin !== origin) {
    throw new LighthouseError(
      "wrong-origin",
      `A page of ${device.origin} paired this device, and this page is of ${origin}`,
    );
  }
}

/** The members of an error that a page may see. */
function membersOf({ code, message }: LighthouseError): { code: ErrorCode; message: string } {
  return { code, message: message.slice(0, 1024) };
}

function notPaired(message: string): LighthouseError {
  return new LighthouseError("not-paired", `${message}: lighthouse-host pair`);
}

/** Without the page's text, which may be anything. */
function noOrigin(): LighthouseError {
  return new LighthouseError(
    "wrong-origin",
    "The page gives no web site as its origin: expected such as https://me.github.io",
  );
}

function sealBroken(): LighthouseError {
  return new LighthouseError(
    "bad-seal",
    "Cannot open the offer: it was changed on its way, or sealed for another host",
  );
}

function tooOften(): LighthouseError {
  return new LighthouseError("host-busy", "This device connects too often now. Try again later");
}

function clockSkew(): LighthouseError {
  const minutes = WINDOW_MS / 60_000;
  return new LighthouseError(
    "clock-skew",
    `The offer's time is over ${minutes} minutes from the host's, or before the host's start`,
  );
}
