// Notices that the machine has slept, or that its network has changed.
import { networkInterfaces } from "node:os";

/** Options of {@linkcode watchNetwork}. */
export interface NetworkMonitorOptions {
  /** Called after the machine has slept, or its clock was set. */
  onJump: () => void;
  /** Called when addresses come or go. @param addresses All addresses except loopback. */
  onNetwork: (addresses: ReadonlySet<string>) => void;
}

/** Time between checks, in milliseconds. */
const INTERVAL = 1_000;

/** Difference from the expected time that counts as a jump of the clock, in milliseconds. */
const CLOCK_SLACK = 5_000;

/**
 * Watches the clock and the list of addresses. Node.js reports neither sleep nor network changes, so it
 * polls both.
 */
export function watchNetwork({ onJump, onNetwork }: NetworkMonitorOptions): Disposable {
  let last = Date.now();
  let before = addressesOf();
  const timer = setInterval(() => {
    const now = Date.now();
    if (Math.abs(now - last - INTERVAL) > CLOCK_SLACK) onJump();
    last = now;
    const addresses = addressesOf();
    const isSame = addresses.size === before.size &&
      [...addresses].every((each) => before.has(each));
    before = addresses;
    if (!isSame) onNetwork(addresses);
  }, INTERVAL);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

function addressesOf(): Set<string> {
  const all = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return new Set(all.filter(({ internal }) => !internal).map(({ address }) => address));
}
