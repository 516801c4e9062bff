// The persistent cookies of one device at one service, in a private file.
import { lstatSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { Cookie } from "tough-cookie";
import { asRecord } from "../../wire/mod.ts";
import { TokenBucket } from "../access/token_bucket.ts";
import { writePrivateFile } from "../platform/private_file.ts";

/** Most bytes of a file that is read: a full jar has half of them. */
const MAX_BYTES = 512 * 1024;

/**
 * Time from a change to the write, in milliseconds: soon for a burst of writes and then one in ten
 * seconds, else later. Some backends set a new value with each answer.
 */
const SOON_MS = 500;
const LATER_MS = 5_000;
const SOON_WRITES = [20, 0.1] as const;

/** A cookie that only lasts longer counts as changed by this much, or a tenth of its life, in ms. */
const RENEWED_MS = 3_600_000;

/** Options of {@linkcode CookieFile}. */
export interface CookieFileOptions {
  path: string;
  /** The service's key, which the file repeats. */
  service: string;
  /** Called when writing fails, until it succeeds again. The next change, or the end, tries again. */
  onTrouble: (error: Error) => void;
}

/** Keeps a file up to date with a jar. A jar without persistent cookies has no file. */
export class CookieFile {
  readonly #options: CookieFileOptions;
  readonly #soon = new TokenBucket(...SOON_WRITES);
  /** The cookies in the file, and those that it should have. */
  #written: readonly Cookie[];
  #now: readonly Cookie[];
  #timer: NodeJS.Timeout | undefined;
  #writing = Promise.resolve();
  #isDeleted = false;
  #isFailing = false;

  /** @param written The cookies in the file. */
  constructor(options: CookieFileOptions, written: readonly Cookie[] = []) {
    this.#options = options;
    this.#written = this.#now = written;
  }

  /** Takes the jar's cookies, and writes them soon if they have changed. */
  set(cookies: readonly Cookie[]): void {
    this.#now = cookies;
    if (this.#timer || this.#isDeleted || !differ(this.#written, cookies)) return;
    this.#timer = setTimeout(() => this.#write(), this.#soon.take() ? SOON_MS : LATER_MS).unref();
  }

  /** Writes what is not written yet. */
  async flush(): Promise<void> {
    if (this.#now !== this.#written) this.#write();
    await this.#writing;
  }

  /** Deletes the file, which stays so. */
  async delete(): Promise<void> {
    this.#isDeleted = true;
    this.#now = [];
    this.#write();
    await this.#writing;
  }

  #write(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const { path, service, onTrouble } = this.#options;
    // One write after the other.
    this.#writing = this.#writing.then(async () => {
      const cookies = this.#now;
      if (cookies.length === 0) await rm(path, { force: true });
      else await writePrivateFile(path, format(service, cookies));
      this.#written = cookies;
      this.#isFailing = false;
    }).catch((error) => {
      if (!this.#isFailing) onTrouble(error);
      this.#isFailing = true;
    });
  }
}

/**
 * Reads the file of a device at a service.
 *
 * @throws {TypeError} If it is not a file as this program writes it.
 * @throws {Error} Errors of the file system.
 */
export function readCookies(path: string, service: string): Cookie[] {
  const found = lstatSync(path);
  if (!found.isFile()) throw new TypeError("it is no file");
  if (found.size > MAX_BYTES) throw new TypeError(`it has more than ${MAX_BYTES} bytes`);
  const file = asRecord(parseJson(readFileSync(path, "utf8")), "the file");
  if (file.service !== service) throw new TypeError("it is another service's");
  if (!Array.isArray(file.cookies)) throw new TypeError("it has no list of cookies");
  return file.cookies.map(parseCookie);
}

function format(service: string, cookies: readonly Cookie[]): string {
  // Equal times of creation keep their order, in which the backend gets the cookies (RFC 6265 §5.4).
  const sorted = cookies.toSorted((a, b) => a.creationIndex - b.creationIndex);
  return `${JSON.stringify({ service, cookies: sorted })}\n`;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Without the error, whose message repeats the text.
    throw new TypeError("it is not JSON");
  }
}

function parseCookie(value: unknown): Cookie {
  const cookie = Cookie.fromJSON(asRecord(value, "a cookie"));
  const isWhole = cookie && cookie.domain && cookie.path?.startsWith("/") &&
    [cookie.expires, cookie.creation, cookie.lastAccessed].every(isDate);
  if (!isWhole) throw new TypeError("one of its cookies is none");
  return cookie;
}

function isDate(value: unknown): boolean {
  return value instanceof Date && !Number.isNaN(value.getTime());
}

/** Whether a jar has changed by more than somewhat longer lives of its cookies. */
function differ(before: readonly Cookie[], after: readonly Cookie[]): boolean {
  if (before.length !== after.length) return true;
  const known = new Map(before.map((cookie) => [nameOf(cookie), cookie]));
  return after.some((cookie) => {
    const old = known.get(nameOf(cookie));
    return !old || contentOf(old) !== contentOf(cookie) || isRenewed(old, cookie);
  });
}

/** What makes a cookie another one (RFC 6265 §5.3, step 11). */
function nameOf({ key, domain, path }: Cookie): string {
  return JSON.stringify([key, domain, path]);
}

function contentOf({ value, hostOnly, secure, httpOnly, sameSite }: Cookie): string {
  return JSON.stringify([value, hostOnly, secure, httpOnly, sameSite]);
}

function isRenewed(old: Cookie, cookie: Cookie): boolean {
  const gain = Math.abs(cookie.expiryTime()! - old.expiryTime()!);
  return gain > Math.min(RENEWED_MS, cookie.TTL() / 10);
}
