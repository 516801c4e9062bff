// The registry `s3`: two objects for each host. One has its connectionId and the host's signature, and
// pages may read it; the other is private and has its admission key.
import {
  admissionObject,
  DEFAULT_HOST,
  entryKey,
  formatAdmissionObject,
  type HostEntry,
  isSignedBy,
  parseAdmissionObject,
  readHostEntry,
  readText,
  signHostEntry,
} from "../../wire/mod.ts";
import type { Identity } from "../access/host_key.ts";
import {
  allowIt,
  checkCredentials,
  type FailureKind,
  type HostRegistry,
  RegistryError,
} from "./registry.ts";
import { type S3Condition, S3Error, S3Object } from "./s3_object.ts";

/** Options of {@linkcode s3Registry}. */
export interface S3RegistryOptions {
  bucket: string;
  /** The bucket's AWS region. */
  region: string;
  /** The host's name. @default "laptop" */
  host?: string;
  /** The key that signs entries. */
  identity: Pick<Identity, "publicKey" | "signingKey">;
  /** Called once for each entry that this host's key has not signed. */
  onForeign?: (message: string) => void;
}

/** An object that was found. */
interface Found<T> {
  value?: T;
  /** The condition for writing the object. */
  condition: S3Condition;
}

const NOTHING = { condition: { ifNoneMatch: "*" } } as const;

/** Longest admission object that is read, in bytes. */
const MAX_ADMISSION = 1024;

/**
 * Opens the registry. It writes an object only if that is still the one that it has read (`If-Match`,
 * `If-None-Match`). S3 is consistent: a read after a write returns the written object.
 */
export function s3Registry(options: S3RegistryOptions): Omit<Required<HostRegistry>, "prove"> {
  const { bucket, region, host = DEFAULT_HOST, identity, onForeign } = options;
  const key = entryKey(host);
  const object = new S3Object({ bucket, region, key });
  const admissionKey = new S3Object({ bucket, region, key: admissionObject(host) });
  const attempt = { bucket, key, region };
  const parseEntry = (response: Response) => readHostEntry(response, host);
  /** The ETag of this process's last write. */
  let written: string | undefined;
  let foreign: string | undefined;

  async function explained<T>(
    operation: string,
    work: () => Promise<T>,
    of = key,
  ): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw explain(error, { ...attempt, key: of, operation });
    }
  }

  async function read<T>(
    object: S3Object,
    parse: (response: Response) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Found<T>> {
    let response: Response;
    try {
      response = await object.get(signal);
    } catch (error) {
      // Without the right to list the bucket, S3 answers AccessDenied for a missing object.
      if (error instanceof S3Error && ["NoSuchKey", "AccessDenied"].includes(error.code)) {
        return NOTHING;
      }
      throw error;
    }
    const condition = { ifMatch: response.headers.get("etag") ?? "" };
    try {
      return { value: await parse(response), condition };
    } catch {
      signal.throwIfAborted();
      // The object is something else: write over it.
      return { condition };
    }
  }

  async function write(
    connectionId: string | undefined,
    condition: S3Condition,
    signal: AbortSignal,
  ): Promise<void> {
    const { publicKey: hostKey, signingKey } = identity;
    const time = Date.now();
    const text = await signHostEntry({ host, connectionId, time, hostKey, signingKey });
    written = await object.put(text, condition, signal);
  }

  /** Whether there is an object, which can be read if that is allowed. */
  async function tryWrite(signal: AbortSignal): Promise<void> {
    try {
      // If there is no entry yet, write one without a connection.
      await write(undefined, NOTHING.condition, signal);
    } catch (error) {
      if (!(error instanceof S3Error && error.code === "PreconditionFailed")) throw error;
    }
  }

  async function tryRead(signal: AbortSignal): Promise<void> {
    const response = await object.get(signal);
    await response.body?.cancel();
  }

  async function inspect({ value: entry, condition }: Found<HostEntry>): Promise<void> {
    const etag = "ifMatch" in condition ? condition.ifMatch : undefined;
    const isOwn = entry && await isSignedBy(entry, identity.publicKey);
    if (etag === undefined || isOwn || etag === foreign) return;
    foreign = etag;
    onForeign?.(
      `${key} in ${bucket} was not written by this host's key. Either another machine uses the name ` +
        `"${host}", or somebody else holds a key that may write there: replace that key. Pages ` +
        "refuse an entry that their host has not signed",
    );
  }

  return {
    name: `${key} in ${bucket}`,
    rights: [
      {
        action: "s3:PutObject",
        tryOut: (signal) => explained("PutObject", () => tryWrite(signal)),
      },
      {
        // Another process has written it meanwhile.
        action: "s3:GetObject",
        tryOut: (signal) => explained("GetObject", () => tryRead(signal)),
      },
    ],
    read: (signal) =>
      explained("GetObject", async () => {
        const found = await read(object, parseEntry, signal);
        await inspect(found);
        const keyFound = await read(admissionKey, parseAdmission, signal);
        return {
          connectionId: found.value?.connectionId,
          admission: keyFound.value,
          replace: async (connectionId, signal, admission = keyFound.value) => {
            // The key first: a host that is found must not be open meanwhile.
            if (admission !== undefined && admission !== keyFound.value) {
              const text = formatAdmissionObject(admission);
              await explained(
                "PutObject",
                () => admissionKey.put(text, keyFound.condition, signal),
                admissionObject(host),
              );
            }
            if (connectionId === undefined) return;
            await explained("PutObject", async () => {
              try {
                await write(connectionId, found.condition, signal);
              } catch (error) {
                const exists = error instanceof S3Error && error.code === "PreconditionFailed";
                // There is one after all: it is new, or may not be read.
                if (exists && found.condition === NOTHING.condition) {
                  await explained("GetObject", () => tryRead(signal));
                }
                throw error;
              }
            });
          },
        };
      }),
    async withdraw(signal) {
      if (written === undefined) return;
      const ifMatch = written;
      try {
        await explained("PutObject", () => write(undefined, { ifMatch }, signal));
      } catch (error) {
        if ((error as RegistryError).kind !== "conflict") throw error;
      }
    },
  };
}

async function parseAdmission(response: Response): Promise<string> {
  return parseAdmissionObject(await readText(response, MAX_ADMISSION));
}

/** The attempted call, for the message. */
interface Attempt {
  /** Such as `PutObject`. */
  operation: string;
  bucket: string;
  key: string;
  region: string;
}

/** Maps a failure. Exported for its table of cases. */
export function explain(error: unknown, attempt: Attempt): RegistryError {
  if (error instanceof RegistryError) return error;
  const { name, message } = error as Error;
  const { operation, bucket, key, region } = attempt;
  const failed = (kind: FailureKind, cure: string) =>
    new RegistryError(kind, `s3:${operation} on ${key} in ${bucket} failed: ${name}. ${cure}`, {
      cause: error,
    });
  switch (name) {
    case "PreconditionFailed":
    case "ConditionalRequestConflict":
      return failed("conflict", "Somebody else has written it meanwhile");
    case "AccessDenied":
      return failed("owner", allowIt(statementFor(attempt)));
    case "NoSuchBucket":
      return failed("owner", "Check --bucket, and run pulumi up");
    case "AuthorizationHeaderMalformed":
    case "PermanentRedirect":
      return failed("owner", `The bucket is not in ${region}: check --region`);
    case "CredentialsProviderError":
    case "ExpiredToken":
    case "InvalidAccessKeyId":
    case "InvalidToken":
    case "SignatureDoesNotMatch":
    case "TokenProviderError":
      return failed("owner", checkCredentials(message));
    case "RequestTimeTooSkewed":
      return failed("owner", "Set this machine's clock right");
    default:
      return failed("transient", causeOf(error as Error));
  }
}

/** The cause's message: fetch itself only says "fetch failed". */
function causeOf({ message, cause }: Error): string {
  return cause instanceof Error && cause.message ? cause.message : message;
}

function statementFor({ bucket, key }: Attempt): string {
  return JSON.stringify({
    Effect: "Allow",
    Action: ["s3:GetObject", "s3:PutObject"],
    Resource: `arn:aws:s3:::${bucket}/${key}`,
  });
}
