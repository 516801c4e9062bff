// Finds a host's connection: in the environment, or in an S3 object by a signed GET.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
import { AwsClient } from "aws4fetch";
import { LighthouseError } from "../wire/error.ts";
import { NO_LAPTOP_ID } from "../wire/limits.ts";
import { DEFAULT_HOST } from "../wire/signal/envelope.ts";
import { entryKey, readHostEntry } from "../wire/signal/host_entry.ts";
import type { Credentials } from "./connections.ts";
import type { Lookup } from "./relay.ts";

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

/** Options of {@linkcode s3Lookup}. */
export interface S3LookupOptions {
  bucket: string;
  /** The bucket's AWS region. */
  region: string;
  /** Replaces AWS's endpoint: a URL such as `http://127.0.0.1:9000`. */
  endpoint?: string;
  /** Returns the role's current credentials; undefined reads unsigned, for an emulator. */
  credentials: () => Credentials | undefined;
}

/** How long a cached entry is valid, in milliseconds, and how many entries are cached. */
const KEEP_MS = 3_000;
const MAX_KEPT = 256;

/** Limit for one read with its retry, in milliseconds. S3 usually answers within 0.1 s. */
const DEADLINE_MS = 1_500;

/**
 * The registry `s3`. It caches entries for three seconds, of at most 256 hosts. A missing entry is not
 * cached, so that a host is found as soon as it has registered.
 */
export function s3Lookup(options: S3LookupOptions): Lookup {
  const { bucket, region, endpoint, credentials } = options;
  const root = endpoint
    ? `${endpoint.replace(/\/$/, "")}/${bucket}`
    : `https://${bucket}.s3.dualstack.${region}.amazonaws.com`;
  const kept = new Map<string, { connectionId: string; until: number }>();

  return async function lookup(host, { fresh = false } = {}) {
    const known = kept.get(host);
    if (known && !fresh && performance.now() < known.until) return known.connectionId;
    kept.delete(host);
    const connectionId = await read(host);
    if (connectionId !== undefined) {
      // Drop the oldest entry.
      if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
      kept.set(host, { connectionId, until: performance.now() + KEEP_MS });
    }
    return connectionId;
  };

  async function read(host: string): Promise<string | undefined> {
    try {
      const role = credentials();
      const aws = role && new AwsClient({ ...role, region, service: "s3", retries: 1 });
      const send = aws ? aws.fetch.bind(aws) : fetch;
      const signal = AbortSignal.timeout(DEADLINE_MS);
      const response = await send(`${root}/${entryKey(host)}`, { signal });
      if (response.ok) return (await readHostEntry(response, host)).connectionId;
      await response.body?.cancel();
      // Without the right to list the bucket, S3 answers 403 for a missing object.
      if (response.status === 404 || response.status === 403) return undefined;
      throw new Error(`S3 answered ${response.status}`);
    } catch (error) {
      console.error(`Cannot read ${entryKey(host)} in ${bucket}: ${error}`);
      throw new LighthouseError("relay-failed", `Cannot find the host "${host}" in the registry`);
    }
  }
}
