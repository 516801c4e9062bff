// Pairings: invitations of one device each, in the state folder:
//
//   pairings/<id>.json   written by `pair`
//   pairings/<id>.used   written by the daemon, once: the id of the device that has paired
//   pairings/<id>.done   written by the daemon after the device's file, by a `pair` that is cancelled, and
//                        by `revoke`: from then on the link writes no device, whatever becomes of the files
//
// Only the link holds the secret. The keys derived from it stay for a while after the pairing's end, so
// that a late device gets the right error.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  asRecord,
  asString,
  derivePairingKeys,
  fromBase64url,
  LighthouseError,
  SECRET_BYTES,
  toBase64url,
} from "../../wire/mod.ts";
import { createPrivateFile, writePrivateFile } from "../platform/private_file.ts";
import { parsePrefixes } from "./principal.ts";
import { deleteRecord, openFolder, readRecords } from "./records.ts";

/** Life of a pairing link, in milliseconds. */
export const PAIRING_MS = 600_000;

/** Most remembered pairings, also used and expired ones; and how long they are remembered, in ms. */
export const MAX_PAIRINGS = 32;
const REMEMBERED_MS = 7 * 24 * 3_600_000;

/** An invitation. Times are in milliseconds since 1970. */
export interface Pairing {
  id: string;
  psk: Uint8Array<ArrayBuffer>;
  tagKey: Uint8Array<ArrayBuffer>;
  /** The device's name; undefined leaves it to the device. */
  name: string | undefined;
  /** The services that the device may reach: see {@linkcode Device.services}. */
  services: string[] | undefined;
  expires: number;
  /** The id of the device that has paired; undefined until then. */
  usedBy: string | undefined;
  /** Whether it writes no device any more. */
  done?: boolean;
}

/** The pairings' folder. */
export function pairingsFolder(state: string): string {
  return join(state, "pairings");
}

/** Reads all pairings. @param onBad Called with each unreadable file. */
export function readPairings(
  folder: string,
  onBad: (path: string, error: unknown) => void = () => {},
): Pairing[] {
  const pairings: Pairing[] = [];
  for (const { id, value, marks } of readRecords(folder, onBad)) {
    try {
      const usedBy = marks.used === undefined
        ? undefined
        : readFileSync(join(folder, `${id}.used`), "utf8").trim();
      const pairing = { ...parsePairing(id, value), usedBy };
      pairings.push(marks.done === undefined ? pairing : { ...pairing, done: true });
    } catch (error) {
      onBad(join(folder, `${id}.json`), error);
    }
  }
  return pairings.slice(0, 2 * MAX_PAIRINGS);
}

/** A new pairing with its secret. */
export interface NewPairing {
  pairing: Pairing;
  /** The secret for the link, 32 bytes. */
  secret: Uint8Array<ArrayBuffer>;
}

/**
 * Invites a device.
 *
 * @throws {LighthouseError} `host-busy` if too many invitations are open.
 */
export async function createPairing(
  folder: string,
  { name, services }: Partial<Pick<Pairing, "name" | "services">> = {},
  life = PAIRING_MS,
): Promise<NewPairing> {
  openFolder(folder);
  makeRoom(folder);
  const secret = crypto.getRandomValues(new Uint8Array(SECRET_BYTES));
  const keys = await derivePairingKeys(secret);
  const pairing: Pairing = {
    id: toBase64url(crypto.getRandomValues(new Uint8Array(12))),
    ...keys,
    name,
    services,
    expires: Date.now() + life,
    usedBy: undefined,
  };
  await write(folder, pairing);
  return { pairing, secret };
}

/** Cancels a pairing, whatever the clock does afterwards. */
export async function cancelPairing(folder: string, pairing: Pairing): Promise<void> {
  await finishPairing(folder, pairing.id);
  await write(folder, { ...pairing, expires: Date.now() });
}

/**
 * Marks a pairing as used by a device, unless another was first.
 *
 * @returns The id of the device that has used the pairing, which may be another.
 */
export async function usePairing(folder: string, id: string, device: string): Promise<string> {
  const path = join(folder, `${id}.used`);
  if (await createPrivateFile(path, `${device}\n`)) return device;
  return readFileSync(path, "utf8").trim();
}

/** Notes that a pairing writes no device any more. */
export async function finishPairing(folder: string, id: string): Promise<void> {
  await createPrivateFile(join(folder, `${id}.done`), "");
}

/** The id of the device that has used a pairing; undefined until then. */
export function usedBy(folder: string, id: string): string | undefined {
  return readPairings(folder).find((pairing) => pairing.id === id)?.usedBy;
}

/** Forgets old pairings, and above the limit those that have ended first. */
function makeRoom(folder: string): void {
  const now = Date.now();
  const isOpen = ({ usedBy, expires }: Pairing) => usedBy === undefined && expires > now;
  const over = readPairings(folder).sort((a, b) =>
    Number(isOpen(b)) - Number(isOpen(a)) ||
    b.expires - a.expires
  );
  if (over.filter(isOpen).length >= MAX_PAIRINGS) {
    throw new LighthouseError(
      "host-busy",
      `Cannot pair: ${MAX_PAIRINGS} pairing links are open already. Each ends after ten minutes`,
    );
  }
  for (const [at, pairing] of over.entries()) {
    const isOld = pairing.expires < now - REMEMBERED_MS;
    if (at >= MAX_PAIRINGS - 1 || isOld) deleteRecord(folder, pairing.id);
  }
}

async function write(folder: string, pairing: Pairing): Promise<void> {
  const { id, psk, tagKey, name, services, expires } = pairing;
  const value = {
    psk: toBase64url(psk),
    tagKey: toBase64url(tagKey),
    name,
    services,
    expires: new Date(expires).toISOString(),
  };
  await writePrivateFile(join(folder, `${id}.json`), `${JSON.stringify(value, undefined, 2)}\n`);
}

function parsePairing(id: string, value: unknown): Pairing {
  const record = asRecord(value, "the pairing");
  const bytes = (name: string) => fromBase64url(asString(record[name], name, 256));
  const psk = bytes("psk");
  const tagKey = bytes("tagKey");
  const expires = Date.parse(asString(record.expires, "expires", 64));
  if (psk.length !== 32 || tagKey.length !== 32 || Number.isNaN(expires)) {
    throw new TypeError("Cannot parse the pairing: a key or a time is none");
  }
  return {
    id,
    psk,
    tagKey,
    name: record.name === undefined ? undefined : asString(record.name, "name", 1024),
    services: parsePrefixes(record.services),
    expires,
    usedBy: undefined,
  };
}
