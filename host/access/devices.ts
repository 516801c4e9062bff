// The devices that have been paired, in the state folder:
//
//   devices/<id>.json      written when it is paired, and by `rename`
//   devices/<id>.revoked   by `revoke`: while it is there, the device is out
//   devices/<id>.seen      by the daemon: its time is when the device was here last
//
// No two processes write to one file, so that a `rename` cannot undo a `revoke`.
import { open } from "node:fs/promises";
import { join } from "node:path";
import {
  asRecord,
  asString,
  fromBase64url,
  LighthouseError,
  MAX_NAME,
  toBase64url,
} from "../../wire/mod.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import { deleteRecord, readRecords } from "./records.ts";

/** Most devices at once, and most revoked ones that are remembered, to tell them so. */
export const MAX_DEVICES = 64;
export const MAX_REVOKED = 64;

/** Bytes of a key's SHA-256 that are its device's id. */
const ID_BYTES = 12;

/** A device that was paired. Times are in milliseconds since 1970. */
export interface Device {
  id: string;
  name: string;
  /** Its raw public key, 65 bytes. */
  key: Uint8Array<ArrayBuffer>;
  /** With this it signs its offers' tags, 32 bytes. */
  tagKey: Uint8Array<ArrayBuffer>;
  /** The site that it was paired on: no other may use its key. */
  origin: string;
  /** Prefixes under which the services lie that it may reach; undefined for all. */
  services: string[] | undefined;
  added: number;
  lastSeen: number | undefined;
  /** When it was revoked; undefined where it was not. */
  revoked: number | undefined;
}

/** The folder of the devices. */
export function devicesFolder(state: string): string {
  return join(state, "devices");
}

/** Reads all devices, the oldest first. @param onBad Called with each file that cannot be read. */
export function readDevices(
  folder: string,
  onBad: (path: string, error: unknown) => void = () => {},
): Device[] {
  const devices: Device[] = [];
  for (const { id, value, marks } of readRecords(folder, onBad)) {
    try {
      const device = parseDevice(id, value);
      devices.push({ ...device, lastSeen: marks.seen, revoked: marks.revoked });
    } catch (error) {
      onBad(join(folder, `${id}.json`), error);
    }
  }
  return devices.sort((a, b) => a.added - b.added);
}

/**
 * A device's id: the first 12 bytes of its raw public key's SHA-256, in lower-case hex. It is written
 * on command lines, where a hyphen at its beginning, which base64url has now and then, makes it a flag.
 */
export async function deviceIdOf(key: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", key);
  return Buffer.from(digest, 0, ID_BYTES).toString("hex");
}

/** Writes a device's file, without what has files of its own. */
export async function writeDevice(folder: string, device: Device): Promise<void> {
  const { id, name, key, tagKey, origin, services, added } = device;
  const value = {
    name,
    key: toBase64url(key),
    tagKey: toBase64url(tagKey),
    origin,
    services,
    added: new Date(added).toISOString(),
  };
  await writePrivateFile(join(folder, `${id}.json`), `${JSON.stringify(value, undefined, 2)}\n`);
}

/** Revokes a device; of those that were revoked, the oldest are forgotten. */
export async function revokeDevice(folder: string, id: string): Promise<void> {
  await writePrivateFile(join(folder, `${id}.revoked`), "");
  const revoked = readDevices(folder).filter((device) => device.revoked !== undefined)
    .sort((a, b) => b.revoked! - a.revoked!);
  for (const old of revoked.slice(MAX_REVOKED)) deleteRecord(folder, old.id);
}

/** Notes that a device is here now. */
export async function touchDevice(folder: string, id: string): Promise<void> {
  const file = await open(join(folder, `${id}.seen`), "a", 0o600);
  try {
    const now = new Date();
    await file.utimes(now, now);
  } finally {
    await file.close();
  }
}

/**
 * Finds the device that somebody means.
 *
 * @param text Its id, the beginning of it (4 characters or more), or its name.
 * @throws {LighthouseError} `bad-config` where it is none, or several.
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
 * A name as people and terminals can bear it: no control characters, none that change the direction
 * of text, no blanks at its ends, and not too long.
 *
 * @returns Undefined where nothing is left.
 */
export function cleanName(text: string): string | undefined {
  const name = printable(text.replace(/\s+/gu, " ")).trim();
  return [...name].reduce((all, each) => all.length + each.length > MAX_NAME ? all : all + each, "")
    .trim() || undefined;
}

/** The name, with a number behind it where another device has it. */
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
    origin: asString(record.origin, "origin", 512),
    services: parsePrefixes(record.services),
    added,
    lastSeen: undefined,
    revoked: undefined,
  };
}

/** Prefixes as files have them: a list of texts, or nothing. */
export function parsePrefixes(value: unknown): string[] | undefined {
  if (value === undefined) return undefined;
  if (!Array.isArray(value)) throw new TypeError("Cannot parse services: expected a list");
  return value.map((prefix) => asString(prefix, "services", 1024));
}
