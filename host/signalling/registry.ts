// Where a host's connectionId is written down for the relay to find: the interface behind which the
// registries stand, and how their failures are told apart.

/** What a registry said when it was read. */
export interface RegistryEntry {
  /** The connectionId that is registered; undefined where none is. */
  connectionId: string | undefined;
  /**
   * Writes another in its place, and resolves when the registry says that the relay serves it.
   *
   * @throws {RegistryError} `conflict` when somebody else has written since the entry was read.
   */
  replace(connectionId: string, signal: AbortSignal): Promise<void>;
}

/** A place that holds the connectionId of the host. */
export interface Registry {
  /** @throws {RegistryError} */
  read(signal: AbortSignal): Promise<RegistryEntry>;
  /** The registry as a message names it, such as `function SignalingRelay`. */
  readonly name: string;
}

/** A right that a registry needs of the host's AWS credentials. */
export interface Right {
  /** What IAM calls it, such as `lambda:GetFunctionConfiguration`. */
  action: string;
  /**
   * Makes a call that needs the right, and that registers nobody.
   *
   * @throws {RegistryError} where it is refused, with what to change.
   */
  tryOut(signal: AbortSignal): Promise<void>;
}

/** A registry that AWS keeps. */
export interface AwsRegistry extends Registry {
  /** What it needs, in the order in which to try it out. */
  readonly rights: readonly Right[];
}

/**
 * What a failure asks for: `conflict`, reading again; `transient`, trying again; `owner`, that
 * somebody changes a right, a name or a credential, which the message says.
 */
export type FailureKind = "conflict" | "transient" | "owner";

/** A registry's failure. */
export class RegistryError extends Error {
  readonly kind: FailureKind;

  /**
   * @param kind What it asks for.
   * @param message The cause and, for `owner`, the cure.
   */
  constructor(kind: FailureKind, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "RegistryError";
    this.kind = kind;
  }
}

/** The cure for a right that is missing. @param statement The one that gives it, as IAM's policies have it. */
export function allowIt(statement: string): string {
  return `Allow it in the policy of this host's credentials: ${statement}`;
}

/** The cure for credentials that AWS does not take. @param message What AWS, or its SDK, says of them. */
export function checkCredentials(message: string): string {
  return `Check the AWS credentials of this host (AWS_PROFILE, or aws sso login): ${message}`;
}
