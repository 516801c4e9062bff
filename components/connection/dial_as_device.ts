// Dials as whom this browser is, and keeps what the host says of it.
import { LighthouseError } from "../../wire/mod.ts";
import type { DeviceName } from "../identity/device_store.ts";
import type { Identities } from "../identity/identity.ts";
import { isFinal } from "./connection_state.ts";
import { dial, type DialOptions, type DialSettings, type OpenedConnection } from "./dial.ts";

/** What a connection needs to know. */
export interface ConnectionSettings extends DialSettings {
  identities: Identities;
  /** A pairing link that is being kept: nothing is attempted before it is. */
  opening?: Promise<void>;
}

/** Options of {@linkcode dialAsDevice}. */
export interface DialAsDeviceOptions
  extends Pick<DialOptions, "skew" | "onSkew" | "onAnswer" | "signal"> {
  /** Called with what the host calls this browser, as soon as that is known. */
  onDevice: (device: DeviceName) => void;
}

/** On which the pages of a site tell each other that one of them was paired. */
const CHANNEL = "lighthouse paired";

/**
 * Dials with the pairing link that was opened, if any, and without it where the host does not take it
 * and this browser is paired already.
 *
 * @throws {LighthouseError} as {@linkcode dial} does, and `not-paired` where there is no host to dial.
 */
export async function dialAsDevice(
  settings: ConnectionSettings,
  options: DialAsDeviceOptions,
): Promise<OpenedConnection> {
  const { identities, opening, relay } = settings;
  const { signal, onDevice } = options;
  await opening;
  for (;;) {
    const identity = await identities.current();
    signal.throwIfAborted();
    const isPairing = identity.sender.kind === "pairing";
    if (identity.device) onDevice(identity.device);
    try {
      return await dial(settings, {
        ...options,
        identity,
        onDevice: async (device, tagKey) => {
          if (isPairing && tagKey) {
            await identities.paired(identity, device, tagKey);
            announcePairing(relay);
          } else if (device.name !== identity.device?.name) {
            await identities.renamed(device);
          }
          onDevice(device);
        },
      });
    } catch (error) {
      const { code } = LighthouseError.from(error, "connection-failed");
      const isSpent = isFinal(code) && code !== "unsupported";
      // Anybody can make a link that the host does not know: it must not stand in the pairing's way.
      const isUnknown = code === "not-paired" && await identities.isPaired();
      if (!isPairing || !(isSpent || isUnknown)) throw error;
      if (!await identities.dropLink()) throw error;
      console.info("lighthouse-tunnel does without the pairing link:", (error as Error).message);
    }
  }
}

/** Calls back when another page of the site is paired with the host at a relay. */
export function onPairing(heard: (relay: string) => void, signal: AbortSignal): void {
  const channel = openChannel();
  if (!channel) return;
  channel.onmessage = ({ data }) => heard(String(data));
  signal.addEventListener("abort", () => channel.close());
}

/** Tells other pages that wait for it. Once paired, what is kept should be kept for good. */
function announcePairing(relay: URL): void {
  const channel = openChannel();
  channel?.postMessage(relay.href);
  channel?.close();
  // Firefox asks the user, who may take long to answer, or say no: then it works all the same.
  navigator.storage?.persist?.().catch(() => {});
}

/** Browsers that keep nothing for a site may have no channel for it either. */
function openChannel(): BroadcastChannel | undefined {
  try {
    return new BroadcastChannel(CHANNEL);
  } catch {
    return undefined;
  }
}
