// Finds a host's connection and its admission key: in the environment, or in S3 objects by signed GETs.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
import { LighthouseError } from "../wire/error.ts";
import { NO_LAPTOP_ID } from "../wire/limits.ts";
import { admissionObject, OPEN, parseAdmissionObject } from "../wire/signal/admission.ts";
import { DEFAULT_HOST } from "../wire/signal/envelope.ts";
import { entryKey, parseHostEntry, readText } from "../wire/signal/host_entry.ts";
import type { AdmissionKeys, Lookup } from "./relay.ts";
import type { Credentials } from "./signature.ts";
import { signedFetch } from "./signed_fetch.ts";

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

/** Options of {@linkcode s3Registry}. */
export interface S3RegistryOptions {
  bucket: string;
  /** The bucket's AWS region. */
  region: string;
  /** Replaces AWS's endpoint: a URL such as `http://127.0.0.1:9000`. */
  endpoint?: string;
  /** Returns the role's current credentials; undefined reads unsigned, for an emulator. */
  credentials: () => Credentials | undefined;
  /** The names of all hosts that may register: strangers who name others cost no read. @default any */
  hosts?: readonly string[];
}

/** The registry `s3`. */
export interface S3Registry {
  /**
   * Finds hosts. It caches entries for three seconds, of at most 256 hosts. A missing entry is not cached,
   * so that a host is found as soon as it has registered.
   */
  lookup: Lookup;
  /**
   * Finds admission keys. It caches them for a minute, and reads one again at most once a second, so that
   * strangers do not make requests to S3. If S3 does not answer, the old key stays.
   */
  admissionKeys: AdmissionKeys;
}

/** How long a cached entry is valid, in milliseconds, and how many entries are cached. */
const KEEP_MS = 3_000;
const MAX_KEPT = 256;

/** How long a cached admission key is valid, and one that has proved wrong, in milliseconds. */
const KEY_MS = 60_000;
const WRONG_KEY_MS = 1_000;

/** Longest object that is read, in bytes. */
const MAX_OBJECT = 1024;

/** Limit for one read with its retry, in milliseconds. S3 usually answers within 0.1 s. */
const DEADLINE_MS = 1_500;

/** Opens the registry `s3`, once for each instance of the Lambda. */
export function s3Registry(options: S3RegistryOptions): S3Registry {
  const { bucket, region, endpoint, credentials, hosts } = options;
  const root = endpoint
    ? `${endpoint.replace(/\/$/, "")}/${bucket}`
    : `https://${bucket}.s3.dualstack.${region}.amazonaws.com`;
  const entries = new Map<string, { value?: string; read: number }>();
  const keys: typeof entries = new Map();

  return {
    async lookup(host, { fresh = false } = {}) {
      const known = recent(entries, host, fresh ? 0 : KEEP_MS);
      if (known) return known.value;
      const connectionId = (await readEntry(host))?.connectionId;
      if (connectionId !== undefined) keep(entries, host, connectionId);
      return connectionId;
    },
    async admissionKeys(host, { fresh = false } = {}) {
      if (hosts && !hosts.includes(host)) return undefined;
      const known = recent(keys, host, fresh ? WRONG_KEY_MS : KEY_MS);
      if (known) return known.value;
      const value = await readKey(host).catch(() => keys.get(host)?.value);
      keep(keys, host, value);
      return value;
    },
  };

  function readEntry(host: string) {
    return read(host, entryKey(host), (text) => parseHostEntry(text, host));
  }

  /** A host that has registered without a key is open, as hosts of earlier versions are. */
  async function readKey(host: string): Promise<string | undefined> {
    const key = await read(host, admissionObject(host), parseAdmissionObject);
    return key ?? (await readEntry(host) && OPEN);
  }

  /** @returns Undefined if there is no such object. */
  async function read<T>(
    host: string,
    key: string,
    parse: (text: string) => T,
  ): Promise<T | undefined> {
    try {
      const response = await signedFetch(`${root}/${key}`, {
        method: "GET",
        service: "s3",
        region,
        credentials: credentials(),
        retries: 1,
        deadline: DEADLINE_MS,
      });
      if (response.ok) return parse(await readText(response, MAX_OBJECT));
      await response.body?.cancel();
      // Without the right to list the bucket, S3 answers 403 for a missing object.
      if (response.status === 404 || response.status === 403) return undefined;
      throw new Error(`S3 answered ${response.status}`);
    } catch (error) {
      console.error(`Cannot read ${key} in ${bucket}: ${error}`);
      throw new LighthouseError("relay-failed", `Cannot find the host "${host}" in the registry`);
    }
  }
}

/** What is known of a host, unless it is older than some milliseconds. */
function recent<T extends { read: number }>(known: Map<string, T>, host: string, age: number) {
  const found = known.get(host);
  return found && performance.now() - found.read < age ? found : undefined;
}

function keep(known: Map<string, { value?: string; read: number }>, host: string, value?: string) {
  known.delete(host);
  // Drop the oldest entry.
  if (known.size >= MAX_KEPT) known.delete(known.keys().next().value!);
  known.set(host, { value, read: performance.now() });
}
