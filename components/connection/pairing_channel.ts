// Tells the other pages of a site that one of them has paired.

/** The channel's name. */
const CHANNEL = "lighthouse paired";

/** Options of the functions here. */
export interface PairingChannelOptions {
  /** @default the browser's BroadcastChannel */
  openChannel?: (name: string) => BroadcastChannel;
}

/**
 * Calls back with the relay's URL when another page of the site has paired there.
 *
 * @param options `signal` stops listening.
 */
export function onPairing(
  heard: (relay: string) => void,
  options: PairingChannelOptions & { signal: AbortSignal },
): void {
  const channel = tryToOpen(options);
  if (!channel) return;
  channel.onmessage = ({ data }) => heard(String(data));
  options.signal.addEventListener("abort", () => channel.close());
}

/** Tells the other pages that this one has paired at a relay. */
export function announcePairing(relay: URL, options: PairingChannelOptions = {}): void {
  const channel = tryToOpen(options);
  channel?.postMessage(relay.href);
  channel?.close();
}

/** @returns Undefined in browsers without storage for the site, which have no channels either. */
function tryToOpen(
  { openChannel = (name) => new BroadcastChannel(name) }: PairingChannelOptions,
): BroadcastChannel | undefined {
  try {
    return openChannel(CHANNEL);
  } catch {
    return undefined;
  }
}
