// For tests: two relayed channels, joined by a relay in memory that does what a test says.
import { fromBase64url, toBase64url } from "../base64url.ts";
import { generateKeyPair, rawPublicKey } from "../signal/keys.ts";
import { relayedKeysOf } from "../signal/relayed_keys.ts";
import { type Clock, RelayedChannel, type RelayedKeys } from "../session/relayed_channel.ts";
import type { RelayedPace } from "../session/relayed_pace.ts";

/** A pace that holds up no test. */
const FREE: RelayedPace = { rate: 10_000, burst: 10_000 };

/** Options of {@linkcode relayedPair}. */
export interface RelayedPairOptions {
  /** @default without bounds */
  pace?: RelayedPace;
  /**
   * What the relay does with a message: it returns what arrives instead.
   * @default the message itself
   */
  relay?: (ct: string, from: "page" | "host") => string[];
  /** Time from end to end in milliseconds. @default 0 */
  delay?: number;
  /** @default the real one */
  clock?: Clock;
}

/** A clock on which time passes faster than in reality. */
export function fastClock(factor: number): Clock {
  return {
    now: () => performance.now() * factor,
    startTimer: (ms, callback) => {
      const timer = setTimeout(callback, ms / factor);
      return () => clearTimeout(timer);
    },
  };
}

/** Both ends. */
export interface RelayedPair {
  page: RelayedChannel;
  host: RelayedChannel;
  /** Messages that each end has sent. */
  sent: { page: number; host: number };
}

/** The keys of both ends, fresh. */
export async function relayedKeys(): Promise<{ page: RelayedKeys; host: RelayedKeys }> {
  const [page, host] = await Promise.all([generateKeyPair(), generateKeyPair()]);
  const proof = crypto.getRandomValues(new Uint8Array(32));
  const keysOf = async (role: "page" | "host", own: CryptoKeyPair, other: CryptoKeyPair) =>
    relayedKeysOf({ own: own.privateKey, other: await rawPublicKey(other), proof, role });
  return { page: await keysOf("page", page, host), host: await keysOf("host", host, page) };
}

/** A relay that loses and copies a part of the messages, and changes a bit of some. */
export function badRelay(random: () => number, percent: number): RelayedPairOptions["relay"] {
  const chance = () => random() * 100 < percent;
  return (ct) => {
    if (chance()) return [];
    const copies = [chance() ? flip(ct, random) : ct];
    return chance() ? [...copies, ct] : copies;
  };
}

/** Makes both ends and starts them. */
export async function relayedPair(options: RelayedPairOptions = {}): Promise<RelayedPair> {
  const { pace = FREE, relay = (ct) => [ct], delay = 0, clock } = options;
  const keys = await relayedKeys();
  const sent = { page: 0, host: 0 };
  const carry = (from: "page" | "host", to: () => RelayedChannel) => (ct: string) => {
    sent[from]++;
    for (const text of relay(ct, from)) setTimeout(() => to().receive(text), delay);
  };
  const page: RelayedChannel = new RelayedChannel({ send: carry("page", () => host), clock });
  const host: RelayedChannel = new RelayedChannel({
    send: carry("host", () => page),
    waits: true,
    clock,
  });
  host.start(keys.host, pace);
  page.start(keys.page, pace);
  return { page, host, sent };
}

/** Changes one bit of a sealed text. */
export function flip(ct: string, random: () => number): string {
  const bytes = fromBase64url(ct);
  const at = Math.floor(random() * bytes.length);
  bytes[at]! ^= 1 << Math.floor(random() * 8);
  return toBase64url(bytes);
}
