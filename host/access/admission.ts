// The host's admission key, in the state folder, and the values that it makes of it: what devices and
// pairing links show to the relay, so that it refuses strangers (docs/security.md, "Admission").
//
// All devices get the same value on the same day, so the relay cannot tell them apart by it.
import { statSync } from "node:fs";
import { readFile, utimes } from "node:fs/promises";
import { join } from "node:path";
import {
  ADMISSION_KEY_BYTES,
  DEFAULT_HOST,
  isAdmissionKey,
  LighthouseError,
  makeAdmission,
  OPEN,
  parseHostName,
  toBase64url,
} from "../../wire/mod.ts";
import { checkPrivate, createPrivateFile, writePrivateFile } from "../platform/private_file.ts";
import type { Device } from "./devices.ts";
import { type Pairing, PAIRING_MS } from "./pairings.ts";

const DAY_MS = 24 * 3_600_000;

/** Life of a device's value, in days. It gets another at each connect. */
const LIFE_DAYS = 90;

/** Whom the host has invited, and whom it lets in besides. */
export interface Invited {
  devices: Iterable<Pick<Device, "admitted" | "revoked">>;
  pairings: Iterable<Pick<Pairing, "expires" | "usedBy">>;
  /** Prefixes of the services for strangers. */
  public: readonly string[];
}

/** Options of {@linkcode Admissions}. */
export interface AdmissionsOptions {
  /** The state folder. */
  state: string;
  /** The host's name now. @default the one that the host has written down, for `pair` */
  host?: () => string;
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number;
}

/** An admission key. */
interface AdmissionKey {
  /** In base64url. */
  text: string;
  /** When it was made, in milliseconds since 1970. */
  created: number;
}

/**
 * The admissions of a host. There is no key before the host has seen a relay that knows admissions: a
 * browser that shows one to an earlier relay does not connect.
 */
export class Admissions {
  readonly #path: string;
  /** The file of the host's name: `pair` has no flag for it. */
  readonly #nameAt: string;
  readonly #options: AdmissionsOptions;
  #named = DEFAULT_HOST;
  #key: AdmissionKey | undefined;
  #today: { of: string; value: Promise<string> } | undefined;

  private constructor(options: AdmissionsOptions) {
    this.#path = join(options.state, "admission.key");
    this.#nameAt = join(options.state, "admission.host");
    this.#options = options;
  }

  /**
   * Reads the key, if there is one.
   *
   * @throws {LighthouseError} `bad-config` if others can read the file, or it holds no key.
   */
  static async open(options: AdmissionsOptions): Promise<Admissions> {
    const admissions = new Admissions(options);
    await admissions.#read();
    const name = await readFile(admissions.#nameAt, "utf8").catch(() => DEFAULT_HOST);
    admissions.#named = parseHostName(name.trim());
    return admissions;
  }

  /** Makes a key, if there is none. @throws As {@linkcode open} does. */
  async create(): Promise<void> {
    if (this.#key) return;
    const bytes = crypto.getRandomValues(new Uint8Array(ADMISSION_KEY_BYTES));
    // If another process is faster, its key is the host's.
    await createPrivateFile(this.#path, `${toBase64url(bytes)}\n`);
    await this.#read();
  }

  /** Today's value, valid for 90 days; undefined without a key. */
  value(): Promise<string> | undefined {
    if (!this.#key) return undefined;
    const host = this.#host();
    const day = Math.floor(this.#now() / DAY_MS);
    const of = `${day} ${host}`;
    if (this.#today?.of !== of) {
      const expires = (day + 1 + LIFE_DAYS) * DAY_MS;
      this.#today = { of, value: makeAdmission(this.#key.text, host, expires / 1000) };
    }
    return this.#today.value;
  }

  /** The value of a pairing link; undefined without a key. @param expires In milliseconds since 1970. */
  async valueUntil(expires: number): Promise<string | undefined> {
    if (!this.#key) return undefined;
    return await makeAdmission(this.#key.text, this.#host(), Math.ceil(expires / 1000));
  }

  /**
   * What the registry is to hold: the key; or `open`, while strangers or somebody whom the host has invited
   * before it had a key may connect without a value.
   *
   * @throws As {@linkcode open} does.
   */
  async registered(invited: Invited): Promise<string> {
    await this.create();
    await this.#writeName();
    const { text, created } = this.#key!;
    const now = this.#now();
    if (invited.public.length > 0 || this.lacking(invited.devices).length > 0) return OPEN;
    const lacksLink = [...invited.pairings].some(({ expires, usedBy }) => {
      return usedBy === undefined && expires > now && expires - PAIRING_MS <= created;
    });
    return lacksLink ? OPEN : text;
  }

  /** The key in base64url; undefined if there is none. */
  get key(): string | undefined {
    return this.#key?.text;
  }

  /** The devices that have no value of this key, for 90 days. */
  lacking<T extends Pick<Device, "admitted" | "revoked">>(
    devices: Iterable<T>,
  ): T[] {
    const { created } = this.#key ?? { created: Infinity };
    if (created + LIFE_DAYS * DAY_MS <= this.#now()) return [];
    return [...devices].filter(({ admitted = 0, revoked }) => {
      return revoked === undefined && admitted < created;
    });
  }

  async #writeName(): Promise<void> {
    const host = this.#host();
    if (host === this.#named) return;
    await writePrivateFile(this.#nameAt, `${host}\n`);
    this.#named = host;
  }

  #host(): string {
    return this.#options.host?.() ?? this.#named;
  }

  async #read(): Promise<void> {
    const path = this.#path;
    try {
      const danger = "can get a connection to the relay, though none to this host";
      checkPrivate(path, danger, "start the host anew");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return;
      throw error;
    }
    const text = (await readFile(path, "utf8")).trim();
    if (!isAdmissionKey(text)) {
      throw new LighthouseError(
        "bad-config",
        `Cannot use ${path}: it is no key as this program writes it. Delete it; the host makes another`,
      );
    }
    const now = this.#now();
    const { mtimeMs } = statSync(path);
    // The clock was ahead when the key was made.
    if (mtimeMs > now) await utimes(path, now / 1000, now / 1000);
    this.#key = { text, created: Math.min(mtimeMs, now) };
  }

  #now(): number {
    return (this.#options.now ?? Date.now)();
  }
}
