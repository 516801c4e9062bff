// Reads the host's registry, where pages may: it tells whether the host is online before a socket opens.
import {
  DEFAULT_HOST,
  entryKey,
  type HostEntry,
  isSignedBy,
  LighthouseError,
  readHostEntry,
} from "../../wire/mod.ts";

/** Options of {@linkcode checkRegistry}. */
export interface CheckRegistryOptions {
  /** The bucket's URL, such as `https://bucket.s3.dualstack.us-east-1.amazonaws.com`. */
  registry: URL;
  /** The host's name. @default "laptop" */
  host?: string;
  /** The host's raw public key, which this page trusts. */
  hostKey: Uint8Array<ArrayBuffer>;
  /** Gives up. */
  signal: AbortSignal;
}

/** Longest time for the check, in milliseconds: its purpose is to save time. */
const DEADLINE_MS = 1_500;

/** API Gateway ends each connection after two hours; the rest is slack, in milliseconds. */
const MAX_AGE_MS = 130 * 60_000;

/**
 * Resolves unless the registry says that there is no host to dial. A registry that cannot be read or
 * understood says nothing: the relay will.
 *
 * @throws {LighthouseError} `host-offline`, or `host-key-changed` if the entry is not the host's own;
 * the signal's reason when aborted.
 */
export async function checkRegistry(options: CheckRegistryOptions): Promise<void> {
  const { hostKey, signal } = options;
  let found: { entry: HostEntry; age: number };
  try {
    found = await readEntry(options);
  } catch {
    signal.throwIfAborted();
    return;
  }
  if (!await isSignedBy(found.entry, hostKey)) {
    throw new LighthouseError(
      "host-key-changed",
      "The host's registry entry is not signed by the host that this page trusts, so nothing is sent " +
        "to it. If you have set your host up anew, pair again; if not, somebody else writes there",
    );
  }
  if (found.entry.connectionId === undefined || found.age > MAX_AGE_MS) {
    throw new LighthouseError("host-offline", "The host is not connected to its relay");
  }
}

async function readEntry({ registry, host = DEFAULT_HOST, signal }: CheckRegistryOptions) {
  const root = registry.href.replace(/\/$/, "");
  const response = await fetch(`${root}/${entryKey(host)}`, {
    cache: "no-store",
    credentials: "omit",
    redirect: "error",
    referrerPolicy: "no-referrer",
    signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new Error(`The registry answered ${response.status}`);
  }
  return { entry: await readHostEntry(response, host), age: ageOf(response.headers) };
}

/**
 * The entry's age in milliseconds, by S3's clock, since this one may be wrong. Where S3 gives no times it is
 * NaN, which exceeds no limit.
 */
function ageOf(headers: Headers): number {
  return Date.parse(headers.get("date") ?? "") - Date.parse(headers.get("last-modified") ?? "");
}
