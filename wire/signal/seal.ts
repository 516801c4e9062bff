// Seals and opens offers and answers, so that the relay learns nothing and can change nothing
// (docs/security.md has the bytes). HPKE, RFC 9180: DHKEM(P-256, HKDF-SHA256), HKDF-SHA256,
// AES-128-GCM, in the modes Auth and, while pairing, AuthPSK. The key of the answer is exported from the
// offer's context (RFC 9180 §9.8 shows the pattern), so only a host that can open the offer can write
// the answer.
import { fromBase64url, toBase64url } from "../base64url.ts";
import { concat } from "../bytes.ts";
import { type ErrorCode, LighthouseError } from "../error.ts";
import { type IceServer, parseIceServers } from "../ice.ts";
import { asRecord, asString, parseJson } from "../parse.ts";
import type { RelayedKeys } from "../session/relayed_channel.ts";
import type { RelayedPace } from "../session/relayed_pace.ts";
import { RESUMPTION_BYTES } from "../session/hello.ts";
import { ADMISSION_BYTES } from "./admission.ts";
import {
  EARLY_OVERHEAD,
  type EarlyOffer,
  type EarlySecret,
  openEarlyAnswer,
  openEarlyOffer,
  sealEarlyAnswer,
  sealEarlyOffer,
  TICKET_BYTES,
} from "./early.ts";
import { setupRecipient, setupSender } from "./hpke.ts";
import {
  generateKeyPair,
  importPublicKey,
  importTagKey,
  rawPublicKey,
  TAG_KEY_BYTES,
} from "./keys.ts";
import { derivePairingKeys } from "./pairing.ts";
import { proofOf } from "./proof.ts";
import { relayedKeysOf } from "./relayed_keys.ts";
import { parseQuicWay, type QuicWay } from "./quic_way.ts";
import { type NetworkReport, parseReport } from "./report.ts";
import {
  asBytes,
  asTime,
  KEY_BYTES,
  MAX_SDP,
  MAX_SIGNAL_BYTES,
  NONCE_BYTES,
  parseRefusal,
  type SealedAnswer,
  type SealedOffer,
  TAG_BYTES,
} from "./signal.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const utf8 = (text: string) => new TextEncoder().encode(text);

const OFFER = /* @__PURE__ */ utf8("lighthouse-signal/1 offer");
const ANSWER = /* @__PURE__ */ utf8("lighthouse-signal/1 answer");
const PSK_ID = /* @__PURE__ */ utf8("lighthouse-pairing/1");

/** Lengths for AES-GCM, in bytes. */
const IV_BYTES = 12;
const ANSWER_KEY_BYTES = 16;

/** Most bytes of the JSON around an offer and around an answer, without their contents. */
const OFFER_FRAME = 320;
const ANSWER_FRAME = 64;

/** Most bytes of the member that brings first messages, without them. */
const EARLY_FRAME = 96;

/** Longest name of a device, in UTF-16 code units, and longest origin. */
export const MAX_NAME = 64;
const MAX_ORIGIN = 512;

/** The contents of a sealed offer. */
export interface Offer {
  /** The session description. Empty if the browser has no WebRTC: then only the relay is left. */
  sdp: string;
  /** `location.origin` of the page. */
  origin: string;
  /** While pairing: the device's name for itself. */
  name?: string;
  /** What the page sees of its network. */
  report?: NetworkReport;
  /** The page's raw public key for a session through the relay, 65 bytes, if it would use one. */
  ephemeral?: Bytes;
  /** The first messages of the session, sealed once more. */
  early?: EarlyOffer;
}

/** The contents of a sealed answer that accepts, as page and host see them. */
export interface Acceptance {
  /** The host's clock, in milliseconds since 1970. */
  time: number;
  /** The host's session description, empty if the offer's is. */
  sdp: string;
  /** The host's id and name of this device, where it is paired. */
  device?: { id: string; name: string };
  /** After a pairing: 32 bytes, for {@linkcode importTagKey}. */
  tagKey?: Bytes;
  /** For a device: what it shows to the relay from now on (wire/signal/admission.ts). */
  admission?: string;
  /** What the host sees of its network. */
  report?: NetworkReport;
  /**
   * What a page may send through the relay to a host that takes sessions there; otherwise why the host
   * takes none: it is set so, or today's budget is spent. Older hosts leave it out.
   */
  relayed?: RelayedPace | { off: "off" | "spent" };
  /** For a device: servers that help it to connect, from the next offer on. */
  iceServers?: IceServer[];
  /** Where the host is reached by WebTransport, if it is. Older hosts leave it out. */
  quic?: QuicWay;
}

/** The contents of a sealed answer that refuses. */
export interface Refusal {
  /** The host's clock, in milliseconds since 1970. */
  time: number;
  refused: { code: ErrorCode; message: string };
}

/** Adds what both ends derive from an offer and its answer. */
export interface Proven {
  /** 32 bytes, which the page's HELLO shows (wire/signal/proof.ts). */
  proof: Bytes;
  /**
   * Derives this end's keys for a session through the relay (wire/signal/relayed_keys.ts). Only where
   * the offer brought an ephemeral key.
   *
   * @throws {LighthouseError} `bad-message` if that key, or the answer's, is no point of the curve.
   */
  relayedKeys?: () => Promise<RelayedKeys>;
}

/**
 * As sealed: adds the host's per-connection public key, which the proof is made with, and its first
 * messages.
 */
type Challenge = Acceptance & { challenge: Bytes; early?: string };

/** An answer as the page gets it. `early`: the host's first messages, if it has taken the page's. */
export type Answer = (Acceptance & Proven & { early?: Bytes }) | Refusal;

/** The host's first messages. */
export interface EarlyMessages {
  /** The secret of the page's, see {@linkcode importResumptionSecret}. */
  secret: CryptoKey;
  /** Takes the messages, of at most `room` bytes. */
  take(room: number): Promise<Bytes | undefined> | Bytes | undefined;
}

/** The page's first messages. */
export interface PageMessages {
  /** Their secret, once they were taken. */
  readonly secret: EarlySecret;
  /**
   * Takes the messages, of at most `room` bytes: the same at each call.
   *
   * @param offer Who sends it, and its time.
   * @returns Undefined if there are none, or if their secret is not for such a sender.
   */
  take(room: number, offer: EarlySender): Promise<Bytes | undefined> | Bytes | undefined;
}

/** The sender of an offer with first messages, and the offer's time. */
export interface EarlySender {
  kind: Sender["kind"];
  /** By the host's clock, in milliseconds since 1970. */
  time: number;
}

/** The sender of an offer, as it says itself. */
export type Sender =
  /** A paired device. `tagKey` comes from {@linkcode importTagKey}. */
  | { kind: "paired"; tagKey: CryptoKey }
  /** The holder of a pairing link. */
  | { kind: "pairing"; secret: Bytes }
  /** A page that the host does not know: for hosts with `--public`. */
  | { kind: "stranger" };

/** Options of {@linkcode sealOffer}. */
export interface SealOfferOptions {
  /** The host's raw public key, 65 bytes. */
  hostKey: Bytes;
  /** The device's ECDH P-256 key pair; the private key may be non-extractable. */
  device: CryptoKeyPair;
  sender: Sender;
  /** The time by the host's clock, as far as the page knows it, in milliseconds since 1970. */
  time: number;
  /** The page's key pair for a session through the relay, made for this offer. @default none */
  ephemeral?: CryptoKeyPair;
  /** The page's first messages: beside an ephemeral key, with which the host's are sealed. */
  early?: PageMessages;
  /** HPKE's ephemeral key pair and the nonce, only for test vectors. @default random */
  random?: { ephemeral: CryptoKeyPair; nonce: Bytes };
}

/** An offer on its way. */
export interface SentOffer {
  signal: SealedOffer;
  /**
   * Opens the host's answer to this offer.
   *
   * @throws {LighthouseError} `bad-seal` if the host has not sealed it, or sealed it to another
   * offer: drop it and go on waiting, since anybody at the relay can send such a signal.
   */
  openAnswer(signal: SealedAnswer): Promise<Answer>;
}

/** Options of {@linkcode openOffer}. */
export interface OpenOfferOptions {
  /** The host's key pair. */
  host: CryptoKeyPair;
  /** The raw public key of the offer's sender, 65 bytes. */
  device: Bytes;
  /** While pairing: see {@linkcode derivePairingKeys}. */
  psk?: Bytes;
}

/** An offer that a host has opened. */
export interface OpenedOffer {
  offer: Offer;
  /**
   * Opens the page's first messages, where the offer has some.
   *
   * @throws {LighthouseError} `bad-seal` if they were sealed by another secret, or for another offer.
   */
  openEarly(secret: CryptoKey): Promise<Bytes>;
  /**
   * Seals an answer that accepts.
   *
   * @param answer May be a promise, so that a key pair is made meanwhile.
   * @param options `early`: the host's first messages, where it has taken the page's. `random`: only for
   * test vectors.
   */
  sealAnswer(
    answer: Acceptance | Promise<Acceptance>,
    options?: {
      early?: EarlyMessages | Promise<EarlyMessages | undefined>;
      random?: { iv: Bytes; challenge: CryptoKeyPair };
    },
  ): Promise<{ signal: SealedAnswer } & Proven>;
  /** Seals an answer that refuses. @param iv Only for test vectors. @default random */
  sealRefusal(refusal: Refusal, iv?: Bytes): Promise<SealedAnswer>;
}

/**
 * Seals an offer for the host.
 *
 * @param offer A promise is awaited last, so that the slow operations run meanwhile.
 * @throws {LighthouseError} `too-large` if the signal would exceed 8 KiB; `bad-link` if the
 * host's key is no point of the curve.
 */
export async function sealOffer(
  offer: Offer | Promise<Offer>,
  options: SealOfferOptions,
): Promise<SentOffer> {
  const { hostKey, device, sender, time, ephemeral, early, random } = options;
  const nonce = random?.nonce ?? crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const pairing = sender.kind === "pairing" ? await derivePairingKeys(sender.secret) : undefined;
  const context = await setupSender({
    sender: device,
    recipient: await importPublicKey(hostKey, "bad-link"),
    ephemeral: random?.ephemeral,
    info: OFFER,
    psk: pairing && { id: PSK_ID, key: pairing.psk },
    // Deno imports any 65 bytes, and fails here.
  }).catch((cause) => {
    throw LighthouseError.from(cause, "bad-link");
  });
  const answerOpener = await answerKey(context, "decrypt");
  let content = await offer;
  if (ephemeral) content = { ...content, ephemeral: await rawPublicKey(ephemeral) };
  const { kind } = sender;
  const messages = ephemeral && await early?.take(roomIn(content, OFFER_FRAME), { kind, time });
  if (early && messages) {
    const context = { nonce, sdp: content.sdp };
    content = { ...content, early: await sealEarlyOffer(early.secret, context, messages) };
  }
  const ct = await context.seal(utf8(format(content)), offerAad(time, nonce));
  const signal: SealedOffer = {
    type: "sealed-offer",
    v: 1,
    time,
    nonce: toBase64url(nonce),
    enc: toBase64url(context.enc),
    ct: toBase64url(ct),
  };
  if (sender.kind !== "paired") signal.device = toBase64url(await rawPublicKey(device));
  if (sender.kind !== "stranger") {
    const key = pairing
      ? await importTagKey(pairing.tagKey)
      : (sender as { tagKey: CryptoKey }).tagKey;
    const digest = await crypto.subtle.digest("SHA-256", taggedBytes(signal));
    const mac = await crypto.subtle.sign("HMAC", key, digest);
    signal.tag = toBase64url(new Uint8Array(mac, 0, TAG_BYTES));
  }
  const size = JSON.stringify(signal).length;
  if (size > MAX_SIGNAL_BYTES) {
    throw new LighthouseError(
      "too-large",
      `Cannot send the offer: ${size} bytes are more than ${MAX_SIGNAL_BYTES}`,
    );
  }
  return {
    signal,
    openAnswer: async ({ ct }) => {
      const sealed = fromBase64url(ct);
      const text = await opening(() =>
        crypto.subtle.decrypt(
          { name: "AES-GCM", iv: sealed.slice(0, IV_BYTES), additionalData: answerAad(nonce) },
          answerOpener,
          sealed.slice(IV_BYTES),
        )
      );
      const answer = parseAnswer(text);
      if ("refused" in answer) return answer;
      const { challenge, early: sealedEarly, ...acceptance } = answer;
      const keys = { own: device.privateKey, other: challenge, code: "bad-message" } as const;
      const proof = await proofOf(keys, content.sdp, acceptance.sdp);
      if (!ephemeral) return { ...acceptance, proof };
      const agreed = { own: ephemeral.privateKey, other: challenge };
      const secrets = { ...agreed, proof, role: "page" } as const;
      const opened = { ...acceptance, proof, relayedKeys: () => relayedKeysOf(secrets) };
      if (!messages || sealedEarly === undefined) return opened;
      const { secret } = early!;
      return { ...opened, early: await openEarlyAnswer(secret.key, nonce, agreed, sealedEarly) };
    },
  };
}

/**
 * Opens an offer: one decapsulation.
 *
 * @throws {LighthouseError} `bad-seal` if the device has not sealed it for this host, or not with
 * this pairing; `bad-message` where the contents are malformed.
 */
export async function openOffer(
  signal: SealedOffer,
  options: OpenOfferOptions,
): Promise<OpenedOffer> {
  const { host, device, psk } = options;
  const nonce = fromBase64url(signal.nonce);
  const sender = await importPublicKey(device, "bad-seal");
  const context = await opening(() =>
    setupRecipient({
      recipient: host,
      sender,
      enc: fromBase64url(signal.enc),
      info: OFFER,
      psk: psk && { id: PSK_ID, key: psk },
    })
  );
  const aad = offerAad(signal.time, nonce);
  const text = await opening(() => context.open(fromBase64url(signal.ct), aad));
  const offer = parseOfferContent(text);
  /** A promise is awaited last, so that the slow operations run meanwhile. */
  const seal = async (
    content: Challenge | Refusal | Promise<Challenge>,
    iv = crypto.getRandomValues(new Uint8Array(IV_BYTES)),
  ): Promise<SealedAnswer> => {
    const [key, text] = await Promise.all([answerKey(context, "encrypt"), content]);
    const sealed = await crypto.subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: answerAad(nonce) },
      key,
      utf8(format(text)),
    );
    return { type: "sealed-answer", v: 1, ct: toBase64url(concat(iv, new Uint8Array(sealed))) };
  };
  return {
    offer,
    openEarly: (secret) =>
      opening(() => openEarlyOffer(secret, { nonce, sdp: offer.sdp }, offer.early!)),
    sealRefusal: seal,
    sealAnswer: async (answer, { early, random } = {}) => {
      const [acceptance, pair, taken] = await Promise.all([
        answer,
        random?.challenge ?? generateKeyPair(),
        early,
      ]);
      const own = pair.privateKey;
      const { ephemeral } = offer;
      const complete = async (): Promise<Challenge> => {
        const content: Challenge = { ...acceptance, challenge: await rawPublicKey(pair) };
        if (!taken || !ephemeral) return content;
        const messages = taken.take(roomIn(content, ANSWER_FRAME));
        const agreed = { own, other: ephemeral };
        return { ...content, early: await sealEarlyAnswer(taken.secret, nonce, agreed, messages) };
      };
      const keys = { own, other: device, code: "bad-seal" } as const;
      const [signal, proof] = await Promise.all([
        seal(complete(), random?.iv),
        proofOf(keys, offer.sdp, acceptance.sdp),
      ]);
      if (!ephemeral) return { signal, proof };
      const secrets = { own, other: ephemeral, proof, role: "host" } as const;
      return { signal, proof, relayedKeys: () => relayedKeysOf(secrets) };
    },
  };
}

/**
 * The bytes that an offer's tag covers. The tag is the first 16 bytes of HMAC-SHA-256 of the SHA-256 of
 * these bytes, so that a host with many devices hashes an offer once.
 */
export function taggedBytes(signal: SealedOffer): Bytes {
  const device = signal.device === undefined ? new Uint8Array() : fromBase64url(signal.device);
  return concat(
    offerAad(signal.time, fromBase64url(signal.nonce)),
    fromBase64url(signal.enc),
    Uint8Array.of(device.length),
    device,
    fromBase64url(signal.ct),
  );
}

async function answerKey(
  context: {
    export(exporterContext: Bytes, length: number): Promise<Bytes>;
  },
  usage: "encrypt" | "decrypt",
): Promise<CryptoKey> {
  const raw = await context.export(ANSWER, ANSWER_KEY_BYTES);
  return await crypto.subtle.importKey("raw", raw, "AES-GCM", false, [usage]);
}

/** Name, version and direction, time (8, big endian), nonce (16). */
function offerAad(time: number, nonce: Bytes): Bytes {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(time));
  return concat(OFFER, bytes, nonce);
}

/** Name, version and direction, the offer's nonce (16). */
function answerAad(nonce: Bytes): Bytes {
  return concat(ANSWER, nonce);
}

/** @throws {LighthouseError} `bad-seal` with the library's reason as its cause. */
async function opening<T>(open: () => Promise<T>): Promise<T> {
  try {
    return await open();
  } catch (cause) {
    throw new LighthouseError(
      "bad-seal",
      "Cannot open a sealed message: it was changed on its way, or sealed by another key",
      { cause },
    );
  }
}

/** Bytes of first messages for which a sealed signal has room beside its contents. */
function roomIn(content: Offer | Challenge, frame: number): number {
  const sealed = Math.floor((MAX_SIGNAL_BYTES - frame) * 3 / 4) - IV_BYTES - EARLY_OVERHEAD;
  const left = sealed - utf8(format(content)).length - EARLY_FRAME;
  return Math.floor(left * 3 / 4) - EARLY_OVERHEAD;
}

function contentOf(text: BufferSource, path: string): Record<string, unknown> {
  return asRecord(parseJson(new TextDecoder().decode(text)), path);
}

function parseOfferContent(text: BufferSource): Offer {
  try {
    const { sdp, origin, name, report, ephemeral, early } = contentOf(text, "the offer");
    return {
      sdp: asSdp(sdp, "offer.sdp"),
      origin: asString(origin, "offer.origin", MAX_ORIGIN),
      ...name !== undefined && { name: asString(name, "offer.name", MAX_NAME) },
      ...report !== undefined && { report: parseReport(report) },
      ...ephemeral !== undefined &&
        { ephemeral: fromBase64url(asBytes(ephemeral, "offer.ephemeral", KEY_BYTES)) },
      ...early !== undefined && { early: parseEarly(early) },
    };
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

function parseEarly(value: unknown): EarlyOffer {
  const { ticket, secret, since, ct: sealed } = asRecord(value, "offer.early");
  const ct = asBytes(sealed, "offer.early.ct");
  if (secret === undefined) {
    return { ticket: asBytes(ticket, "offer.early.ticket", TICKET_BYTES), ct };
  }
  if (ticket !== undefined) {
    throw new TypeError("Cannot parse offer.early: expected a ticket or a secret, and not both");
  }
  return {
    secret: asBytes(secret, "offer.early.secret", RESUMPTION_BYTES),
    ...since !== undefined && { since: asTime(since, "offer.early.since") },
    ct,
  };
}

function format(content: Offer | Challenge | Refusal): string {
  return JSON.stringify(
    content,
    (_key, value) => value instanceof Uint8Array ? toBase64url(value) : value,
  );
}

function parseAnswer(text: BufferSource): Challenge | Refusal {
  try {
    const answer = contentOf(text, "the answer");
    const time = asTime(answer.time, "answer.time");
    if (answer.refused !== undefined) {
      return { time, refused: parseRefusal(answer.refused, "answer.refused") };
    }
    const parsed: Challenge = {
      time,
      sdp: asSdp(answer.sdp, "answer.sdp"),
      challenge: fromBase64url(asBytes(answer.challenge, "answer.challenge", KEY_BYTES)),
    };
    if (answer.early !== undefined) parsed.early = asBytes(answer.early, "answer.early");
    if (answer.device !== undefined) {
      const { id, name } = asRecord(answer.device, "answer.device");
      parsed.device = {
        id: asString(id, "answer.device.id", MAX_NAME),
        name: asString(name, "answer.device.name", MAX_NAME),
      };
    }
    if (answer.tagKey !== undefined) {
      parsed.tagKey = fromBase64url(asBytes(answer.tagKey, "answer.tagKey", TAG_KEY_BYTES));
    }
    if (answer.admission !== undefined) {
      parsed.admission = asBytes(answer.admission, "answer.admission", ADMISSION_BYTES);
    }
    if (answer.relayed !== undefined) parsed.relayed = parseRelayed(answer.relayed);
    if (answer.report !== undefined) parsed.report = parseReport(answer.report);
    if (answer.iceServers !== undefined) {
      parsed.iceServers = parseIceServers(answer.iceServers, "answer.iceServers");
    }
    if (answer.quic !== undefined) parsed.quic = parseQuicWay(answer.quic, "answer.quic");
    return parsed;
  } catch (error) {
    throw LighthouseError.from(error, "bad-message");
  }
}

/** Reads a session description. */
function asSdp(value: unknown, path: string): string {
  return value === "" ? value : asString(value, path, MAX_SDP);
}

/** Most messages a second or at once that a page takes a host's word for. */
const MAX_RATE = 10_000;

/** Reads whether a host takes sessions through the relay. An unknown reason of a later version is `off`. */
function parseRelayed(value: unknown): Acceptance["relayed"] {
  const { off, rate, burst } = asRecord(value, "answer.relayed");
  if (off !== undefined) return { off: off === "spent" ? off : "off" };
  return { rate: asRate(rate, "rate"), burst: Math.max(1, asRate(burst, "burst")) };
}

function asRate(value: unknown, name: string): number {
  if (typeof value === "number" && value > 0) return Math.min(value, MAX_RATE);
  throw new TypeError(`Cannot parse answer.relayed.${name}: expected a number above 0`);
}
