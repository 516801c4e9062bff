// Dials as this browser's device, and stores what the host says about it.
import { LighthouseError } from "../../wire/mod.ts";
import type { DeviceName } from "../identity/device_store.ts";
import type { Identities } from "../identity/identity.ts";
import { isFinal } from "./connection_state.ts";
import { dial, type DialOptions, type DialSettings } from "./dial.ts";
import type { OpenedConnection } from "./open_way.ts";
import { announcePairing } from "./pairing_channel.ts";

/** The settings of a connection. */
export interface ConnectionSettings extends DialSettings {
  identities: Identities;
  /** Resolves when an opened pairing link is kept: the first attempt waits for it. */
  opening?: Promise<void>;
}

/** Options of {@linkcode dialAsDevice}. */
export interface DialAsDeviceOptions extends
  Pick<
    DialOptions,
    | "skew"
    | "onSkew"
    | "onAnswer"
    | "onDoubt"
    | "isFirst"
    | "signal"
    | "early"
    | "report"
    | "onReport"
    | "platform"
  > {
  /** Called with the host's name for this browser, as soon as it is known. */
  onDevice: (device: DeviceName) => void;
  /** Makes one attempt. @default dial */
  dial?: typeof dial;
  /** Called when this browser has paired. @default announces it, and asks for persistent storage */
  onPaired?: (relay: URL) => void;
}

/**
 * Dials with the opened pairing link, if there is one. If the host refuses the link and this browser is
 * paired already, it drops the link and dials without.
 *
 * @throws {LighthouseError} As {@linkcode dial} throws, and `not-paired` if no host is known.
 */
export async function dialAsDevice(
  settings: ConnectionSettings,
  options: DialAsDeviceOptions,
): Promise<OpenedConnection> {
  const { identities, opening, relay } = settings;
  const { signal, onDevice, dial: attempt = dial, onPaired = announceAndPersist } = options;
  if (opening) await opening;
  for (;;) {
    const identity = await identities.current();
    signal.throwIfAborted();
    const isPairing = identity.sender.kind === "pairing";
    if (identity.device) onDevice(identity.device);
    try {
      const ice = identities.withIceServers(settings.ice);
      return await attempt({ ...settings, ice }, {
        skew: options.skew,
        onSkew: options.onSkew,
        onAnswer: options.onAnswer,
        onDoubt: options.onDoubt,
        early: options.early,
        platform: options.platform,
        report: options.report,
        onReport: options.onReport,
        signal,
        identity,
        isFirst: options.isFirst,
        onDevice: async (device, tagKey, admission) => {
          if (isPairing && tagKey) {
            await identities.paired(identity, device, tagKey, admission);
            onPaired(relay);
          } else if (
            device.name !== identity.device?.name || admission !== identity.admission
          ) await identities.renewed(device, admission);
          onDevice(device);
        },
        // A connection does not wait for the disk.
        onIceServers: (servers) => void identities.keepIceServers(servers).catch(() => {}),
      });
    } catch (error) {
      const { code } = LighthouseError.from(error, "connection-failed");
      const isSpent = isFinal(code) && code !== "unsupported";
      // Anybody can make an unknown link: it must not hide the pairing.
      const isUnknown = code === "not-paired" && await identities.isPaired();
      if (!isPairing || !(isSpent || isUnknown)) throw error;
      if (!await identities.dropLink()) throw error;
      console.info("lighthouse-tunnel does without the pairing link:", (error as Error).message);
    }
  }
}

function announceAndPersist(relay: URL): void {
  announcePairing(relay);
  // A pairing should stay. Firefox asks the user, who may refuse or never answer.
  navigator.storage?.persist?.().catch(() => {});
}
