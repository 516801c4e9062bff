// Tells the other pages of a site that one of them was paired.

/** The channel's name. */
const CHANNEL = "lighthouse paired";

/** What the browser gives to the functions here. */
export interface PairingChannelOptions {
  /** @default the browser's BroadcastChannel */
  openChannel?: (name: string) => BroadcastChannel;
}

/**
 * Calls back with the relay's URL when another page of the site is paired there.
 *
 * @param options `signal`: stops listening.
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

/** Tells the other pages that this one was paired at a relay. */
export function announcePairing(relay: URL, options: PairingChannelOptions = {}): void {
  const channel = tryToOpen(options);
  channel?.postMessage(relay.href);
  channel?.close();
}

/** @returns Undefined in browsers that keep nothing for a site, and give it no channel either. */
function tryToOpen(
  { openChannel = (name) => new BroadcastChannel(name) }: PairingChannelOptions,
): BroadcastChannel | undefined {
  try {
    return openChannel(CHANNEL);
  } catch {
    return undefined;
  }
}
