// What happens to the machine that the host runs on: it sleeps and wakes, and changes its network.
import { networkInterfaces } from "node:os";

/** Options of {@linkcode watchNetwork}. */
export interface NetworkMonitorOptions {
  /** The machine has slept, or its clock was set. */
  onJump: () => void;
  /** Addresses have come or gone. @param addresses All of this machine's, but loopback's. */
  onNetwork: (addresses: ReadonlySet<string>) => void;
}

/** Time between looks, in milliseconds. */
const INTERVAL = 1_000;

/** The clock has jumped when it is this far from where it should be, in milliseconds. */
const CLOCK_SLACK = 5_000;

/**
 * Looks about. No platform tells Node of such things, so it is looked at: the clock and a list that the
 * kernel keeps.
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
