// Writes hosts' entries for the hosts themselves, which have no right to. Each has signed what it asks for by
// a key that the relay was deployed with: wire/signal/registration.ts.
import { LighthouseError } from "../wire/error.ts";
import {
  admissionObject,
  formatAdmissionObject,
  parseAdmissionObject,
} from "../wire/signal/admission.ts";
import { entryKey, type HostEntry, isSignedBy, parseHostEntry } from "../wire/signal/host_entry.ts";
import {
  isNear,
  isRequestOf,
  parseRequest,
  type RegistryAnswer,
  type WriteRequest,
} from "../wire/signal/registration.ts";
import { fromBase64url } from "../wire/base64url.ts";
import type { Bucket, StoredObject } from "./bucket.ts";

/** A request to the registry. */
export interface Asked {
  /** The host's name. */
  host: string;
  /** The connection that the request came by. */
  sender: string;
  /** The request, unchecked. */
  data: unknown;
}

/** Options of {@linkcode Registration}. */
export interface RegistrationOptions {
  bucket: Bucket;
  /** The hosts' raw public keys in base64url, by name. */
  hostKeys: ReadonlyMap<string, string>;
  /** Called after a host's entry or its admission key was written. */
  onWrite: (host: string) => void;
}

/** The registry, as hosts read and write it through the relay. */
export class Registration {
  readonly #options: RegistrationOptions;

  constructor(options: RegistrationOptions) {
    this.#options = options;
  }

  /**
   * Answers a request. Nothing is read of the bucket before the request has proved to be the host's.
   *
   * @param now In milliseconds since 1970.
   * @throws {LighthouseError} `bad-message`, `not-allowed` or `relay-failed`, for the sender.
   */
  async answer({ host, sender, data }: Asked, now = Date.now()): Promise<RegistryAnswer> {
    const request = parseRequest(data);
    const hostKey = this.#options.hostKeys.get(host);
    if (hostKey === undefined || !await isRequestOf(request, { host, sender, hostKey })) {
      throw refused("this relay was not deployed with the key that has signed the request");
    }
    const { time, nonce } = request;
    if (!isNear(time, now)) {
      const seconds = Math.round((time - now) / 1000);
      throw refused(`this machine's clock is ${seconds} s away from the relay's. Set it right`);
    }
    try {
      if (request.type === "look") return { nonce, ...await this.#look(host) };
      const { connectionId = sender } = request;
      if (connectionId !== sender) throw refused("a connection can register only itself");
      return { nonce, revision: await this.#write(host, hostKey, request, now) };
    } catch (error) {
      if (error instanceof LighthouseError) throw error;
      console.error(`Cannot register a host: ${error}`);
      throw new LighthouseError("relay-failed", "Cannot reach the registry: S3 does not answer");
    }
  }

  async #look(host: string): Promise<Omit<RegistryAnswer, "nonce">> {
    const { bucket } = this.#options;
    const [entry, admission] = await Promise.all([
      bucket.get(entryKey(host)),
      bucket.get(admissionObject(host)),
    ]);
    return {
      revision: entry?.revision ?? "",
      entry: readEntry(entry, host),
      admission: readAdmission(admission),
    };
  }

  /** @returns The new revision; undefined if the entry has another one than the host has read. */
  async #write(
    host: string,
    hostKey: string,
    request: WriteRequest,
    now: number,
  ): Promise<string | undefined> {
    const { bucket, onWrite } = this.#options;
    const { connectionId, time, revision, entry: signature, admission } = request;
    const raw = fromBase64url(hostKey);
    const entry: HostEntry = { host, connectionId, time, hostKey, signature };
    if (!await isSignedBy(entry, raw)) throw refused("the entry's own signature is wrong");
    const [before, keyBefore] = await Promise.all([
      bucket.get(entryKey(host)),
      bucket.get(admissionObject(host)),
    ]);
    if ((before?.revision ?? "") !== revision) return undefined;
    const old = readEntry(before, host);
    // An entry from far ahead, which another registry took, must not keep the host away until then.
    if (old && old.time >= time && isNear(old.time, now) && await isSignedBy(old, raw)) {
      throw refused("the registry has a newer entry of this host");
    }
    // The key first: a host that is found must not be open meanwhile.
    if (admission !== undefined && admission !== readAdmission(keyBefore)) {
      const text = formatAdmissionObject(admission);
      const written = await bucket.put(admissionObject(host), text, keyBefore?.revision ?? "");
      if (written === undefined) return undefined;
    }
    const written = await bucket.put(entryKey(host), JSON.stringify(entry), revision);
    onWrite(host);
    return written;
  }
}

/** @returns Undefined if it is no entry, which may be written over. */
function readEntry(object: StoredObject | undefined, host: string): HostEntry | undefined {
  try {
    return object && parseHostEntry(object.text, host);
  } catch {
    return undefined;
  }
}

function readAdmission(object: StoredObject | undefined): string | undefined {
  try {
    return object && parseAdmissionObject(object.text);
  } catch {
    return undefined;
  }
}

function refused(why: string): LighthouseError {
  return new LighthouseError("not-allowed", `Cannot register: ${why}`);
}
