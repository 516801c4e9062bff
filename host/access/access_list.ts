// The daemon's access list in memory. It watches the folders of devices and pairings, in which the
// commands `pair`, `revoke` and `rename` write.
import { LighthouseError } from "../../wire/mod.ts";
import type { Log } from "../platform/log.ts";
import { versionOf, watchPath } from "../platform/watch.ts";
import { type Answered, AnsweredFile } from "./answered.ts";
import {
  cleanName,
  type Device,
  deviceIdOf,
  devicesFolder,
  freeName,
  isRevoked,
  MAX_DEVICES,
  readDevices,
  readRevocation,
  revokeDevice,
  touchDevice,
  writeDevice,
} from "./devices.ts";
import {
  finishPairing,
  type Pairing,
  pairingsFolder,
  readPairings,
  usePairing,
} from "./pairings.ts";
import { openFolder } from "./records.ts";

/** How the folders are watched. Marks of when a device was seen or admitted do not count. */
const WATCH = {
  interval: 1_000,
  settle: 10,
  counts: (name: string) => !/\.(seen|admitted)$/.test(name),
};

/** Least time between two notes that a device was seen, in milliseconds. */
const SEEN_MS = 30_000;

/** The devices and pairings that the gate knows. */
export interface AccessList {
  /** All known devices, also revoked ones. A device keeps its object. */
  readonly devices: Iterable<Device>;
  /** All remembered pairings, also used and expired ones. */
  readonly pairings: Iterable<Pairing>;
  /** Keeps the times of answered offers for the next process. @default nobody does */
  readonly answered?: Answered;
  /** Reads changes; cheap if there are none. @returns Whether there were any. */
  refresh(): boolean;
  /**
   * Lets a device in by a pairing.
   *
   * @returns Undefined if another device has used the pairing, or it has ended.
   * @throws {LighthouseError} `device-revoked` if the device was revoked after the pairing was made;
   * `host-busy` if there are too many devices.
   */
  redeem(pairing: Pairing, device: NewDevice): Promise<Device | undefined>;
}

/** A device that pairs. */
export interface NewDevice {
  /** Its raw public key. */
  key: Uint8Array<ArrayBuffer>;
  origin: string;
  /** The name that it proposes. */
  name?: string;
}

/** The access list of a state folder. */
export class FolderAccessList implements AccessList {
  /** Called with each device that is revoked, or whose file is deleted. */
  onRevoked: (device: Device) => void = () => {};
  /** Called with each device that pairs in this process. */
  onPaired: (device: Device) => void = () => {};

  readonly answered: Answered;
  readonly #devicesAt: string;
  readonly #pairingsAt: string;
  readonly #log: Log;
  readonly #watches: Disposable[] = [];
  #versions = "";
  #devices = new Map<string, Device>();
  #pairings: Pairing[] = [];
  #redeeming: Promise<unknown> = Promise.resolve();
  /** Files about which a warning was logged. */
  readonly #bad = new Set<string>();

  private constructor(state: string, log: Log) {
    this.#devicesAt = devicesFolder(state);
    this.#pairingsAt = pairingsFolder(state);
    this.#log = log;
    this.answered = new AnsweredFile(state, log);
    for (const folder of [this.#devicesAt, this.#pairingsAt]) {
      openFolder(folder);
      this.#watches.push(watchPath(folder, () => this.#load(), WATCH));
    }
    this.#load();
  }

  /**
   * Reads the access list, and watches the folders from then on.
   *
   * @param state The state folder.
   * @throws {LighthouseError} `bad-config` if others can write to the folders.
   */
  static open(state: string, log: Log): FolderAccessList {
    return new FolderAccessList(state, log);
  }

  get devices(): Iterable<Device> {
    return this.#devices.values();
  }

  get pairings(): Iterable<Pairing> {
    return this.#pairings;
  }

  /** The devices that may connect. */
  get active(): Device[] {
    return [...this.#devices.values()].filter(({ revoked }) => revoked === undefined);
  }

  refresh(): boolean {
    if (this.#versions === this.#readVersions()) return false;
    this.#load();
    return true;
  }

  redeem(pairing: Pairing, wanted: NewDevice): Promise<Device | undefined> {
    // One after the other, so that an offer sent twice makes one device.
    const redeemed = this.#redeeming.then(() => this.#redeem(pairing, wanted));
    this.#redeeming = redeemed.catch(() => {});
    return redeemed;
  }

  /** Notes that a device is connected now. Ignores other ids. */
  touch(id: string): void {
    const device = this.#devices.get(id);
    const now = Date.now();
    if (!device || device.revoked !== undefined) return;
    if (device.lastSeen !== undefined && now - device.lastSeen < SEEN_MS) return;
    device.lastSeen = now;
    touchDevice(this.#devicesAt, id).catch((error) => this.#complain(id, error));
  }

  /** Notes that a device has something to show to the relay. Ignores other ids. */
  admit(id: string): void {
    const device = this.#devices.get(id);
    if (!device || device.revoked !== undefined) return;
    device.admitted = Date.now();
    touchDevice(this.#devicesAt, id, "admitted").catch((error) => this.#complain(id, error));
  }

  [Symbol.dispose](): void {
    for (const watch of this.#watches) watch[Symbol.dispose]();
  }

  /** The folders decide, since a command may have written there since the offer came in. */
  async #redeem(offered: Pairing, { key, origin, name }: NewDevice): Promise<Device | undefined> {
    const id = await deviceIdOf(key);
    this.#load();
    // Before the pairing is used: its link is for another device then.
    if (isRevoked(this.#devicesAt, id, offered.id)) throw deviceRevoked();
    const pairing = this.#pairings.find((each) => each.id === offered.id);
    if (!pairing) return undefined;
    const known = this.#devices.get(id);
    const isActive = known && known.revoked === undefined;
    // The answer was lost. A device whose file has gone does not come back.
    if (pairing.done) return isActive && pairing.usedBy === id ? known : undefined;
    if (!isActive && this.active.length >= MAX_DEVICES) {
      throw new LighthouseError(
        "host-busy",
        `The host has ${MAX_DEVICES} devices, which is all it takes. Revoke one on the host`,
      );
    }
    if (await usePairing(this.#pairingsAt, pairing.id, id) !== id) return undefined;
    this.#load();
    // A `pair` that is cancelled ends its pairing first, and then looks whether the link was used.
    const used = this.#pairings.find((each) => each.id === pairing.id);
    if (!used || used.done) return undefined;
    const given = cleanName(pairing.name ?? "");
    const wanted = given ?? known?.name ?? cleanName(name ?? "") ?? "a device";
    const device: Device = {
      id,
      name: freeName(this.#devices.values(), wanted, id),
      key,
      tagKey: crypto.getRandomValues(new Uint8Array(32)),
      origin,
      services: pairing.services,
      added: Date.now(),
      pairing: pairing.id,
      lastSeen: undefined,
      revoked: undefined,
    };
    await writeDevice(this.#devicesAt, device);
    await finishPairing(this.#pairingsAt, pairing.id);
    this.#load();
    const kept = this.#devices.get(id);
    if (!kept) throw new Error("The device's file cannot be read back");
    if (kept.revoked !== undefined) throw deviceRevoked();
    this.onPaired(kept);
    return kept;
  }

  #load(): void {
    // Take the versions before reading: later changes then count as new.
    this.#versions = this.#readVersions();
    const onBad = (path: string, error: unknown) => this.#complain(path, error);
    this.#pairings = readPairings(this.#pairingsAt, onBad);
    const found = new Map(readDevices(this.#devicesAt, onBad).map((each) => [each.id, each]));
    const gone: Device[] = [];
    for (const [id, device] of this.#devices) {
      const now = found.get(id);
      if (device.revoked === undefined && (!now || now.revoked !== undefined)) gone.push(device);
      // Keep the object: sessions hold it, and see the new name.
      if (now) found.set(id, Object.assign(device, now));
      else device.revoked ??= Date.now();
    }
    this.#devices = found;
    for (const device of gone) this.onRevoked(device);
    for (const { id, revoked } of found.values()) if (revoked !== undefined) this.#complete(id);
  }

  /** Completes a mark that names no pairings, so that a link from now on lets the device in. */
  #complete(id: string): void {
    if (readRevocation(this.#devicesAt, id) !== "all") return;
    revokeDevice(this.#devicesAt, id).catch((error) => this.#complain(id, error));
  }

  #readVersions(): string {
    return `${versionOf(this.#devicesAt)} ${versionOf(this.#pairingsAt)}`;
  }

  #complain(path: string, error: unknown): void {
    if (this.#bad.has(path) || this.#bad.size > 100) return;
    this.#bad.add(path);
    const { message } = error as Error;
    // Errors of JSON.parse repeat the text, which holds keys.
    const why = error instanceof SyntaxError ? "it is not JSON" : message;
    this.#log("warn", "bad-record", `cannot use ${path}: ${why}`, { path });
  }
}

/** The error for a device that is revoked, whichever way it comes. */
export function deviceRevoked(): LighthouseError {
  return new LighthouseError("device-revoked", "The host's owner has revoked this device");
}
