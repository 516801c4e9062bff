// `lighthouse-host pair`: lets one device in.
import process from "node:process";
import { setTimeout as sleep } from "node:timers/promises";
import { LighthouseError } from "../../wire/mod.ts";
import { Admissions } from "../access/admission.ts";
import {
  cleanName,
  type Device,
  devicesFolder,
  MAX_DEVICES,
  readDevices,
} from "../access/devices.ts";
import { readIdentity } from "../access/host_key.ts";
import { formatInvitation, invite } from "../access/invitation.ts";
import { cancelPairing, type Pairing, pairingsFolder, usedBy } from "../access/pairings.ts";
import { openFolder } from "../access/records.ts";
import { parsePage } from "../config/config.ts";
import { badSetting, parsePrefixes } from "../config/setting_parsers.ts";
import type { Settings } from "../config/settings.ts";
import { type Painted, print } from "../platform/terminal.ts";
import { watchPath } from "../platform/watch.ts";
import { checkHasKey, openStateAnyway } from "./state.ts";

/** Time between checks of the folder and the clock, in milliseconds. */
const LOOK_MS = 1_000;

/** The flags of `pair`, and the settings. */
export interface PairFlags extends Settings {
  /** The device's name. */
  name?: string;
  /** Prefixes of the services that the device may reach. */
  for?: string[];
  /** Whether to wait until the device has paired. */
  wait: boolean;
  json: boolean;
}

/**
 * Prints a pairing link, and waits until a device has paired.
 *
 * @returns Whether it has, or there was no wait.
 * @throws {LighthouseError} `bad-config`.
 */
export async function pair(flags: PairFlags): Promise<boolean> {
  // Listen before there is a pairing to cancel.
  const cancel = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
    process.once(signal, () => cancel.abort());
  }
  const opened = await openStateAnyway(flags);
  checkHasKey(opened, flags);
  const { file, state } = opened;
  const page = parsePage(flags, process.env, file.settings);
  const services = flags.for && parsePrefixes(flags.for, "--for");
  const name = flags.name === undefined ? undefined : cleanName(flags.name);
  if (flags.name !== undefined && !name) throw badSetting("--name has nothing that can be shown");
  const [devices, pairings] = [devicesFolder(state), pairingsFolder(state)];
  for (const folder of [devices, pairings]) openFolder(folder);
  const active = readDevices(devices).filter(({ revoked }) => revoked === undefined);
  if (active.length >= MAX_DEVICES) {
    throw new LighthouseError(
      "host-busy",
      `Cannot pair: there are ${MAX_DEVICES} devices, which is all the host takes. ` +
        "lighthouse-host revoke makes room",
    );
  }
  const identity = await readIdentity(state);
  const admissions = await Admissions.open({ state });
  const invitation = await invite(pairings, identity, page, { name, services, admissions });
  const { pairing, link } = invitation;
  const tell = (event: string, fields: object, text: string | Painted) => {
    print(flags.json ? JSON.stringify({ event, ...fields }) : text);
  };
  const expires = new Date(pairing.expires).toISOString();
  tell("pairing", { id: pairing.id, link, expires }, formatInvitation(invitation, page));
  if (!flags.wait) return true;

  const outcome = await waitForDevice(pairings, pairing, cancel.signal);
  if (outcome === "cancelled") await cancelPairing(pairings, pairing);
  // The device may have paired at the last moment.
  const id = usedBy(pairings, pairing.id);
  const device = id === undefined ? undefined : await findDevice(devices, id, pairing);
  if (device) {
    const { name, origin } = device;
    const reach = device.services?.join(", ") ?? "all services";
    tell(
      "paired",
      { device: { id, name, origin, services: device.services ?? null } },
      `Paired with “${name}” on ${origin}, for ${reach} (${id})`,
    );
    return true;
  }
  const why = outcome === "cancelled"
    ? "Cancelled: the link lets nobody in any more"
    : "Nobody came in time: the link lets nobody in any more";
  tell(outcome === "cancelled" ? "cancelled" : "expired", { id: pairing.id }, why);
  return false;
}

/** Waits for the device, the pairing's end, or Ctrl-C, whichever is first. */
async function waitForDevice(
  folder: string,
  { id, expires }: Pairing,
  signal: AbortSignal,
): Promise<"used" | "expired" | "cancelled"> {
  const { promise, resolve } = Promise.withResolvers<"used" | "expired" | "cancelled">();
  const look = () => {
    if (usedBy(folder, id) !== undefined) resolve("used");
  };
  signal.addEventListener("abort", () => resolve("cancelled"));
  if (signal.aborted) resolve("cancelled");
  using _watch = watchPath(folder, look, { interval: LOOK_MS, settle: 0 });
  look();
  // Compare with the clock: a timer does not count the time in which the machine sleeps.
  const timer = setInterval(() => {
    if (Date.now() >= expires) resolve("expired");
  }, LOOK_MS);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}

/** Reads the device, whose file is written right after the pairing is used. It may have an older one. */
async function findDevice(
  folder: string,
  id: string,
  pairing: Pairing,
): Promise<Device | undefined> {
  for (let tries = 0; tries < 40; tries++) {
    const device = readDevices(folder).find((each) =>
      each.id === id && each.pairing === pairing.id
    );
    if (device) return device;
    await sleep(50);
  }
  return undefined;
}
