// Finds the connection of a host: in the environment, or in an S3 object by a signed GET.
// https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
import { AwsClient } from "aws4fetch";
import { LighthouseError } from "../wire/error.ts";
import { DEFAULT_HOST } from "../wire/signal/envelope.ts";
import { entryKey, readHostEntry } from "../wire/signal/host_entry.ts";
import type { Credentials } from "./connections.ts";
import type { Lookup } from "./relay.ts";

/** `LAPTOP_ID` before the first registration. */
const NOBODY = "init";

/** The registry `lambda-env`: one host, which has no name. @param laptopId Its connectionId, or `init`. */
export function environmentLookup(laptopId: string): Lookup {
  return (host) => {
    if (host === DEFAULT_HOST) {
      return Promise.resolve(laptopId === NOBODY || laptopId === "" ? undefined : laptopId);
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
  /** In place of AWS's own endpoint, such as `http://127.0.0.1:9000`. */
  endpoint?: string;
  /** Gives the role's credentials of now; undefined reads unsigned, for an emulator. */
  credentials: () => Credentials | undefined;
}

/** How long an entry that was read counts, in milliseconds, and how many are kept. */
const KEEP_MS = 3_000;
const MAX_KEPT = 256;

/** One read, its retry included, in milliseconds. S3 answers within 0.1 s, as a rule. */
const DEADLINE_MS = 1_500;

/**
 * The registry `s3`. What was read is kept for three seconds, for at most 256 hosts; that a host is
 * not registered is not kept, so that one is found as soon as it is.
 */
export function s3Lookup(options: S3LookupOptions): Lookup {
  const { bucket, region, endpoint, credentials } = options;
  const root = endpoint
    ? `${endpoint.replace(/\/$/, "")}/${bucket}`
    : `https://${bucket}.s3.${region}.amazonaws.com`;
  const kept = new Map<string, { connectionId: string; until: number }>();

  return async function lookup(host, { fresh = false } = {}) {
    const known = kept.get(host);
    if (known && !fresh && performance.now() < known.until) return known.connectionId;
    kept.delete(host);
    const connectionId = await read(host);
    if (connectionId !== undefined) {
      // The oldest goes first.
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
      // Who may not list a bucket gets 403 for what is not in it.
      if (response.status === 404 || response.status === 403) return undefined;
      throw new Error(`S3 answered ${response.status}`);
    } catch (error) {
      console.error(`Cannot read ${entryKey(host)} in ${bucket}: ${error}`);
      throw new LighthouseError("relay-failed", `Cannot find the host "${host}" in the registry`);
    }
  }
}
