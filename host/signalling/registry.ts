// The interface of the registries, in which the relay finds a host's connectionId, and their errors.
import type { HostProof } from "../../wire/mod.ts";
import type { RelaySocket } from "./relay_socket.ts";

/** The registry's entry when it was read. */
export interface RegistryEntry {
  /** The registered connectionId; undefined if none is registered. */
  connectionId: string | undefined;
  /** The registered admission key, or `open`; undefined if there is neither. */
  admission: string | undefined;
  /**
   * Replaces the entry, and resolves when the registry says that the relay serves it.
   *
   * @param connectionId Undefined leaves it as it is.
   * @param admission The admission key, or `open`. @default leaves it as it is
   * @throws {RegistryError} `conflict` if another host has written since the entry was read.
   */
  replace(
    connectionId: string | undefined,
    signal: AbortSignal,
    admission?: string,
  ): Promise<void>;
}

/** A registry. */
export interface Registry {
  /**
   * Reads the entry.
   *
   * @param socket The host's connection, for a registry that is read through it. @default a new one
   * @throws {RegistryError}
   */
  read(signal: AbortSignal, socket?: RelaySocket): Promise<RegistryEntry>;
  /** Proves to the relay that a connection is this host's, where the relay knows the host's key. */
  prove?(): Promise<HostProof>;
  /** The registry's name in messages, such as `function SignalingRelay`. */
  readonly name: string;
}

/** A right that a registry needs of the host's AWS credentials. */
export interface Right {
  /** IAM's name, such as `lambda:GetFunctionConfiguration`. */
  action: string;
  /**
   * Makes a call that needs the right and registers nothing.
   *
   * @throws {RegistryError} If the call is refused, with the cure.
   */
  tryOut(signal: AbortSignal): Promise<void>;
}

/** A registry as commands use it, too. */
export interface HostRegistry extends Registry {
  /** The rights in AWS that it needs, in the order of the checks. */
  readonly rights: readonly Right[];
  /**
   * Writes that the host has left, so that pages need not try. Does nothing if the entry is not from this
   * process.
   *
   * @throws {RegistryError}
   */
  withdraw?(signal: AbortSignal): Promise<void>;
}

/**
 * The reaction to a failure: after `conflict`, read again; after `transient`, try again; after `owner`, the
 * owner must change a right, a name or a credential, which the message names.
 */
export type FailureKind = "conflict" | "transient" | "owner";

/** A registry's failure. */
export class RegistryError extends Error {
  readonly kind: FailureKind;

  /**
   * @param kind The reaction.
   * @param message The cause and, for `owner`, the cure.
   */
  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RegistryError";
    this.kind = kind;
  }
}

/** The errors of AWS and its SDK for a process that has no credentials, or only old ones. */
const WITHOUT = [
  "CredentialsProviderError",
  "ExpiredToken",
  "ExpiredTokenException",
  "TokenProviderError",
];

/** Whether a call failed since this process has neither credentials nor a region, or only old ones. */
export function lacksCredentials(error: unknown): boolean {
  const cause = error instanceof RegistryError ? error.cause : undefined;
  if (!(cause instanceof Error)) return false;
  return WITHOUT.includes(cause.name) || isWithoutRegion(cause);
}

/** Whether the SDK has found no region: it throws a plain Error then. */
export function isWithoutRegion({ name, message }: Error): boolean {
  return name === "Error" && /region is missing/i.test(message);
}

/** The cure for a missing right. @param statement The policy's statement that gives it. */
export function allowIt(statement: string): string {
  return `Allow it in the policy of this host's credentials: ${statement}`;
}

/** The cure for credentials that AWS refuses. @param message The message of AWS or its SDK. */
export function checkCredentials(message: string): string {
  return `Check the AWS credentials of this host (AWS_PROFILE, or aws sso login): ${message}`;
}
