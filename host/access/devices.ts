// The paired devices in the state folder:
//
//   devices/<id>.json      written at pairing, and by `rename`
//   devices/<id>.revoked   written by `revoke`: the device is refused if it came by a pairing that is in
//                          here. All pairings of that moment are, so that only a later link lets it in
//   devices/<id>.admitted  written by the daemon: its time is when the device last got an admission
//   devices/<id>.seen      written by the daemon: its time is when the device was last seen
//
// Each file has one writer, so that no `rename` and no device that pairs meanwhile undoes a `revoke`.
import { readFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { dirname, join } from "node:path";
import {
  asRecord,
  asString,
  fromBase64url,
  LighthouseError,
  MAX_NAME,
  toBase64url,
} from "../../wire/mod.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import { isOrigin } from "./origin.ts";
import { finishPairing, pairingsFolder, readPairings } from "./pairings.ts";
import { parsePrefixes } from "./principal.ts";
import { deleteRecord, readRecords } from "./records.ts";

/** Most devices; and most revoked devices that are remembered, so that they get that error. */
export const MAX_DEVICES = 64;
export const MAX_REVOKED = 64;

/** Bytes of the key's SHA-256 in a device's id. */
const ID_BYTES = 12;

/** A paired device. Times are in milliseconds since 1970. */
export interface Device {
  id: string;
  name: string;
  /** Its raw public key, 65 bytes. */
  key: Uint8Array<ArrayBuffer>;
  /** The key for the tags of its offers, 32 bytes. */
  tagKey: Uint8Array<ArrayBuffer>;
  /** The origin that it was paired on. Other origins may not use its key. */
  origin: string;
  /** Prefixes of the services that it may reach; undefined for all. */
  services: string[] | undefined;
  added: number;
  /** The id of the pairing that it came by. Older files do not name it. */
  pairing?: string;
  lastSeen: number | undefined;
  /** When it last got something to show to the relay. @default never */
  admitted?: number;
  /** When it was revoked; undefined if it is not. */
  revoked: number | undefined;
}

/** The devices' folder. */
export function devicesFolder(state: string): string {
  return join(state, "devices");
}

/** Reads all devices, the oldest first. @param onBad Called with each unreadable file. */
export function readDevices(
  folder: string,
  onBad: (path: string, error: unknown) => void = () => {},
): Device[] {
  const devices: Device[] = [];
  for (const { id, value, marks } of readRecords(folder, onBad)) {
    try {
      const device = parseDevice(id, value);
      const isOut = isRevoked(folder, id, device.pairing);
      // A mark may have been written after the folder was listed.
      const revoked = isOut ? marks.revoked ?? Date.now() : undefined;
      devices.push({ ...device, lastSeen: marks.seen, ...admittedOf(marks), revoked });
    } catch (error) {
      onBad(join(folder, `${id}.json`), error);
    }
  }
  return devices.sort((a, b) => a.added - b.added);
}

/**
 * A device's id: the first 12 bytes of its raw public key's SHA-256, in lower-case hex. base64url would
 * sometimes begin with a hyphen, which makes it a flag on a command line.
 */
export async function deviceIdOf(key: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", key);
  return Buffer.from(digest, 0, ID_BYTES).toString("hex");
}

/**
 * Writes a device's file, without the members that have their own files.
 *
 * @throws {TypeError} If its origin is no web site's.
 */
export async function writeDevice(folder: string, device: Device): Promise<void> {
  const { id, name, key, tagKey, origin, services, added, pairing } = device;
  const value = {
    name,
    key: toBase64url(key),
    tagKey: toBase64url(tagKey),
    origin: checkedOrigin(origin),
    services,
    added: new Date(added).toISOString(),
    pairing,
  };
  await writePrivateFile(join(folder, `${id}.json`), `${JSON.stringify(value, undefined, 2)}\n`);
}

/**
 * Revokes a device, ends the pairings that it has used, and forgets the oldest revoked devices above the
 * limit. Only a link that is made later lets the device in again.
 *
 * @param folder The devices' folder, with the pairings' beside it.
 */
export async function revokeDevice(folder: string, id: string): Promise<void> {
  const pairings = pairingsFolder(dirname(folder));
  const all = readPairings(pairings);
  const own = readDevices(folder).find((device) => device.id === id)?.pairing;
  const refused = new Set(all.map((pairing) => pairing.id));
  if (own !== undefined) refused.add(own);
  await writePrivateFile(join(folder, `${id}.revoked`), JSON.stringify({ pairings: [...refused] }));
  for (const { id: used } of all.filter(({ usedBy }) => usedBy === id)) {
    await finishPairing(pairings, used);
  }
  const revoked = readDevices(folder).filter((device) => device.revoked !== undefined)
    .sort((a, b) => b.revoked! - a.revoked!);
  for (const old of revoked.slice(MAX_REVOKED)) deleteRecord(folder, old.id);
}

/**
 * Whether a device is revoked for a pairing: it came by that pairing, or comes by it now.
 *
 * @param pairing The pairing's id; undefined if it is not known.
 */
export function isRevoked(folder: string, id: string, pairing: string | undefined): boolean {
  const refused = readRevocation(folder, id);
  if (!refused) return false;
  return refused === "all" || pairing === undefined || refused.includes(pairing);
}

/**
 * The pairings by which a device does not come in any more: `all` if the file does not name them, as that
 * of an older version; undefined if the device was never revoked.
 */
export function readRevocation(folder: string, id: string): readonly string[] | "all" | undefined {
  try {
    const { pairings } = JSON.parse(readFileSync(join(folder, `${id}.revoked`), "utf8"));
    return Array.isArray(pairings) ? pairings : "all";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? undefined : "all";
  }
}

function admittedOf({ admitted }: Record<string, number>): Pick<Device, "admitted"> {
  return admitted === undefined ? {} : { admitted };
}

/** Notes that a device was seen, or got an admission, now. */
export async function touchDevice(
  folder: string,
  id: string,
  mark: "seen" | "admitted" = "seen",
): Promise<void> {
  const file = await open(join(folder, `${id}.${mark}`), "a", 0o600);
  try {
    const now = new Date();
    await file.utimes(now, now);
  } finally {
    await file.close();
  }
}

/**
 * Finds a device.
 *
 * @param text Its id, the beginning of its id (4 characters or more), or its name.
 * @throws {LighthouseError} `bad-config` if no device matches, or several do.
 */
export function findDevice(devices: Device[], text: string): Device {
  const active = devices.filter(({ revoked }) => revoked === undefined);
  const byId = active.filter(({ id }) => text.length >= 4 && id.startsWith(text));
  const exact = active.filter(({ id }) => id === text);
  const byName = active.filter(({ name }) => name === text);
  const found = [exact, byName, byId].find(({ length }) => length > 0) ?? [];
  if (found.length === 1) return found[0]!;
  const names = found.map(({ id, name }) => `${id} (${name})`).join(", ");
  throw new LighthouseError(
    "bad-config",
    found.length > 1
      ? `Cannot tell which device is meant by ${printable(text)}: ${names}. Give its id`
      : `Cannot find a device ${printable(text)}. lighthouse-host devices lists them`,
  );
}

/**
 * Cleans a name for people and terminals: without control and bidi characters, without blanks at its
 * ends, and not too long.
 *
 * @returns Undefined if nothing is left.
 */
export function cleanName(text: string): string | undefined {
  const name = printable(text.replace(/\s+/gu, " ")).trim();
  return [...name].reduce((all, each) => all.length + each.length > MAX_NAME ? all : all + each, "")
    .trim() || undefined;
}

/** The name, with a number added if another device has it. */
export function freeName(devices: Iterable<Device>, name: string, id: string): string {
  const taken = new Set<string>();
  for (const device of devices) {
    if (device.id !== id && device.revoked === undefined) taken.add(device.name);
  }
  if (!taken.has(name)) return name;
  for (let number = 2;; number++) {
    const next = `${name.slice(0, MAX_NAME - 4)} ${number}`;
    if (!taken.has(next)) return next;
  }
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/gu, "");
}

function parseDevice(id: string, value: unknown): Device {
  const record = asRecord(value, "the device");
  const bytes = (name: string) => fromBase64url(asString(record[name], name, 256));
  const name = cleanName(asString(record.name, "name", 1024));
  if (!name) throw new TypeError("Cannot parse name: nothing of it can be printed");
  const key = bytes("key");
  const tagKey = bytes("tagKey");
  const added = Date.parse(asString(record.added, "added", 64));
  if (key.length !== 65 || tagKey.length !== 32 || Number.isNaN(added)) {
    throw new TypeError("Cannot parse the device: a key or a time is none");
  }
  return {
    id,
    name,
    key,
    tagKey,
    origin: checkedOrigin(asString(record.origin, "origin", 512)),
    services: parsePrefixes(record.services),
    added,
    ...record.pairing !== undefined && { pairing: asString(record.pairing, "pairing", 64) },
    lastSeen: undefined,
    revoked: undefined,
  };
}

function checkedOrigin(origin: string): string {
  if (isOrigin(origin)) return origin;
  throw new TypeError("Cannot parse origin: expected that of a web site");
}
