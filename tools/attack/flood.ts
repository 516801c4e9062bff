// Sends messages as fast as a carrier takes them.
import { setImmediate } from "node:timers/promises";
import type { Guest } from "./guest.ts";
import type { RawCarrier } from "./raw_carrier.ts";

/** Most messages between looks at what arrives. */
const BURST = 64;

/** Options of {@linkcode flood}. */
export interface FloodOptions {
  /** Whether the guest waits for the host's ACKs, as the protocol wants it. @default true */
  isInPace?: boolean;
}

/** Sends messages and counts them, until the attack or the carrier ends. */
export async function flood(
  guest: Guest,
  carrier: RawCarrier,
  next: () => Uint8Array<ArrayBuffer>,
  { isInPace = true }: FloodOptions = {},
): Promise<void> {
  while (!guest.ending.aborted && carrier.isOpen) {
    for (let sent = 0; sent < BURST; sent++) {
      if (!carrier.hasRoom || (isInPace && !carrier.isInPace)) break;
      const message = next();
      carrier.sendBytes(message);
      guest.count("messages");
      guest.count("bytes", message.length);
    }
    await setImmediate();
  }
}
