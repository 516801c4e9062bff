// The devices' persistent cookies in the state folder, so that logins survive a restart:
//
//   cookies/<device>.<service>.json     the device's cookies at a service
//   cookies/<device>.<service>.broken   such a file that could not be read
//
// `<service>` is a hash of the service's prefix and backend: a service whose backend changes begins
// without cookies. Session cookies, and those of strangers, stay in memory.
import { createHash } from "node:crypto";
import { lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { Cookie } from "tough-cookie";
import type { Device } from "../access/devices.ts";
import { deleteRecord, openFolder } from "../access/records.ts";
import type { BackendConfig } from "../config/service_config.ts";
import type { Log } from "../platform/log.ts";
import { checkPrivate } from "../platform/private_file.ts";
import { CookieFile, readCookies } from "./cookie_file.ts";
import { LONGEST_MS } from "./cookie_line.ts";
import { CookieJars } from "./cookies.ts";

/** Most files that stay at the start: those of services that are gone have no other end. */
const MAX_FILES = 1024;

/** Options of {@linkcode CookieFolder}. */
export interface CookieFolderOptions {
  /** The devices that may connect now. The cookies of all others are deleted. */
  devices: () => readonly Pick<Device, "id">[];
  log: Log;
}

/** All services' cookies. Its disposal writes what is not written yet. */
export class CookieFolder implements AsyncDisposable {
  readonly #folder: string;
  readonly #options: CookieFolderOptions;
  readonly #jars = new Map<string, CookieJars>();
  /** By the file's name. */
  readonly #files = new Map<string, CookieFile>();

  private constructor(folder: string, options: CookieFolderOptions) {
    this.#folder = folder;
    this.#options = options;
  }

  /**
   * Opens the folder, and deletes what is out of date.
   *
   * @param state The state folder.
   * @throws {LighthouseError} `bad-config` if others can write to the folder, or read a file.
   */
  static open(state: string, options: CookieFolderOptions): CookieFolder {
    const folder = cookiesFolder(state);
    openFolder(folder);
    const devices = new Set(options.devices().map(({ id }) => id));
    for (const [at, { path, device, time }] of list(folder).entries()) {
      const isCurrent = devices.has(device) && at < MAX_FILES && time > Date.now() - LONGEST_MS;
      if (isCurrent) checkPrivate(path, "has a device's logins", "log in anew");
      else rmSync(path, { recursive: true, force: true });
    }
    return new CookieFolder(folder, options);
  }

  /** The jars of a service: the same for the same prefix and backend. */
  jarsOf(config: BackendConfig): CookieJars {
    const service = nameOf(config);
    let jars = this.#jars.get(service);
    if (!jars) {
      const hash = hashOf(service);
      jars = new CookieJars({
        kept: this.#read(service, hash),
        onStored: (device, cookies) => {
          if (this.#isKnown(device)) this.#fileOf(device, service, hash).set(cookies);
        },
      });
      this.#jars.set(service, jars);
    }
    return jars;
  }

  /** Deletes a device's cookies. */
  async forget(device: string): Promise<void> {
    for (const jars of this.#jars.values()) jars.forget(device);
    const deleted = [...this.#files].filter(([name]) => name.startsWith(`${device}.`));
    for (const [name] of deleted) this.#files.delete(name);
    await Promise.all(deleted.map(([, file]) => file.delete()));
    deleteRecord(this.#folder, device);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#files.values()].map((file) => file.flush()));
  }

  /** The devices' cookies at a service, the least recently written first. */
  #read(service: string, hash: string): [device: string, cookies: Cookie[]][] {
    const found = list(this.#folder).reverse().filter(({ path }) => path.endsWith(`${hash}.json`));
    return found.filter(({ device }) => this.#isKnown(device)).map(({ path, device }) => {
      try {
        const cookies = readCookies(path, service);
        this.#fileOf(device, service, hash, cookies);
        return [device, cookies];
      } catch (error) {
        this.#setAside(path, error as Error);
        return [device, []];
      }
    });
  }

  #fileOf(device: string, service: string, hash: string, written?: Cookie[]): CookieFile {
    const name = `${device}.${hash}.json`;
    let file = this.#files.get(name);
    if (!file) {
      const path = join(this.#folder, name);
      const onTrouble = ({ message }: Error) => {
        const text = `cannot write cookies, so a restart of this host may end logins: ${message}`;
        this.#options.log("warn", "cookies-not-saved", text);
      };
      file = new CookieFile({ path, service, onTrouble }, written);
      this.#files.set(name, file);
    }
    return file;
  }

  #setAside(path: string, { message }: Error): void {
    const aside = path.replace(/json$/, "broken");
    try {
      renameSync(path, aside);
    } catch {
      // The next write replaces it, or says why it cannot.
    }
    const text =
      `cannot use ${path}: ${message}. It is now ${aside}, and its device must log in anew`;
    this.#options.log("warn", "cookies-broken", text, { path });
  }

  /** Whether a device may connect: an answer may still bring cookies after a device was revoked. */
  #isKnown(device: string): boolean {
    return this.#options.devices().some(({ id }) => id === device);
  }
}

/** The cookies' folder. */
export function cookiesFolder(state: string): string {
  return join(state, "cookies");
}

/** A file of the folder. */
interface Entry {
  path: string;
  device: string;
  /** When it was written, in milliseconds since 1970. */
  time: number;
}

/** The folder's files, the newest first. */
function list(folder: string): Entry[] {
  return readdirSync(folder).flatMap((name) => {
    const device = /^([\w-]{1,64})\.[\da-f]{16}\.(?:json|broken)$/.exec(name)?.[1];
    if (!device) return [];
    const path = join(folder, name);
    const found = lstatSync(path, { throwIfNoEntry: false });
    return found ? [{ path, device, time: found.mtimeMs }] : [];
  }).sort((a, b) => b.time - a.time);
}

/** What tells a service from others, and from one at the same prefix with another backend. */
function nameOf({ prefix, backend, socketPath }: BackendConfig): string {
  return [prefix, socketPath, backend.href].filter((part) => part !== undefined).join(" ");
}

function hashOf(service: string): string {
  return createHash("sha256").update(service).digest("hex").slice(0, 16);
}
