// Finds a host's connection and its admission key: in the environment, or in a bucket.
import { LighthouseError } from "../wire/error.ts";
import { NO_LAPTOP_ID } from "../wire/limits.ts";
import { admissionObject, OPEN, parseAdmissionObject } from "../wire/signal/admission.ts";
import { DEFAULT_HOST } from "../wire/signal/envelope.ts";
import { entryKey, parseHostEntry } from "../wire/signal/host_entry.ts";
import type { Bucket } from "./bucket.ts";
import type { AdmissionKeys, Lookup } from "./relay.ts";

/** The registry `lambda-env`: one host without a name. @param laptopId Its connectionId, or `init`. */
export function environmentLookup(laptopId: string): Lookup {
  return (host) => {
    if (host === DEFAULT_HOST) {
      return Promise.resolve(laptopId === NO_LAPTOP_ID || laptopId === "" ? undefined : laptopId);
    }
    const message = `This relay has one host, which has no name: "${host}" is not to be named`;
    return Promise.reject(new LighthouseError("bad-message", message));
  };
}

/** The admission key of the registry `lambda-env`. @param key That of the one host. */
export function environmentKeys(key: string): AdmissionKeys {
  return (host) => Promise.resolve(host === DEFAULT_HOST ? key || OPEN : undefined);
}

/** What is kept of a host. */
interface Known {
  value?: string;
  /** When it was read, in the time of `performance.now()`. */
  read: number;
}

/** How long a cached entry is valid, in milliseconds, and how many entries are cached. */
const KEEP_MS = 3_000;
const MAX_KEPT = 256;

/** How long a cached admission key is valid, and one that has proved wrong, in milliseconds. */
const KEY_MS = 60_000;
const WRONG_KEY_MS = 1_000;

/** The registry in a bucket, once for each instance of the Lambda. */
export class BucketRegistry {
  readonly #bucket: Bucket;
  readonly #hosts: readonly string[] | undefined;
  readonly #entries = new Map<string, Known>();
  readonly #keys = new Map<string, Known>();

  /** @param hosts The names of all hosts that may register: strangers who name others cost no read. @default any */
  constructor(bucket: Bucket, hosts?: readonly string[]) {
    this.#bucket = bucket;
    this.#hosts = hosts;
  }

  /**
   * Finds hosts. It caches entries for three seconds, of at most 256 hosts. A missing entry is not cached,
   * so that a host is found as soon as it has registered.
   */
  readonly lookup: Lookup = async (host, { fresh = false } = {}) => {
    const known = recent(this.#entries, host, fresh ? 0 : KEEP_MS);
    if (known) return known.value;
    const connectionId = (await this.#entryOf(host))?.connectionId;
    if (connectionId !== undefined) keep(this.#entries, host, connectionId);
    return connectionId;
  };

  /**
   * Finds admission keys. It caches them for a minute, and reads one again at most once a second, so that
   * strangers do not make requests to S3. If S3 does not answer, the old key stays.
   */
  readonly admissionKeys: AdmissionKeys = async (host, { fresh = false } = {}) => {
    if (this.#hosts && !this.#hosts.includes(host)) return undefined;
    const known = recent(this.#keys, host, fresh ? WRONG_KEY_MS : KEY_MS);
    if (known) return known.value;
    const value = await this.#keyOf(host).catch(() => this.#keys.get(host)?.value);
    keep(this.#keys, host, value);
    return value;
  };

  /** Forgets what is kept of a host, which has been written. */
  forget(host: string): void {
    this.#entries.delete(host);
    this.#keys.delete(host);
  }

  #entryOf(host: string) {
    return this.#read(host, entryKey(host), (text) => parseHostEntry(text, host));
  }

  /** A host that has registered without a key is open, as hosts of earlier versions are. */
  async #keyOf(host: string): Promise<string | undefined> {
    const key = await this.#read(host, admissionObject(host), parseAdmissionObject);
    return key ?? (await this.#entryOf(host) && OPEN);
  }

  /** @returns Undefined if there is no such object. */
  async #read<T>(host: string, key: string, parse: (text: string) => T): Promise<T | undefined> {
    try {
      const object = await this.#bucket.get(key);
      return object && parse(object.text);
    } catch (error) {
      console.error(`Cannot read ${key}: ${error}`);
      throw new LighthouseError("relay-failed", `Cannot find the host "${host}" in the registry`);
    }
  }
}

/** What is known of a host, unless it is older than some milliseconds. */
function recent(known: Map<string, Known>, host: string, age: number): Known | undefined {
  const found = known.get(host);
  return found && performance.now() - found.read < age ? found : undefined;
}

function keep(known: Map<string, Known>, host: string, value?: string): void {
  known.delete(host);
  // Drop the oldest entry.
  if (known.size >= MAX_KEPT) known.delete(known.keys().next().value!);
  known.set(host, { value, read: performance.now() });
}
