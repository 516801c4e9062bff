// The one error class of the project and the codes it carries. Each code's cure: docs/errors.md.

/**
 * Names an error, for code to act on. `docs/errors.md` explains each code and says what to do.
 *
 * From the relay: `host-offline`, `peer-gone`, `not-allowed`, `bad-message`, `too-large`,
 * `relay-failed`. From the host, about who may connect: `not-paired`, `pairing-used`,
 * `pairing-expired`, `device-revoked`, `wrong-origin`, `clock-skew`. From the host besides:
 * `bad-offer`, `host-busy`, `relay-budget`, `bad-request`, `no-access`, `no-service`, `not-found`,
 * `backend-unreachable`, `backend-failed`, `backend-timeout`, `bad-redirect`, `replaced`. On either
 * end: `bad-seal`, `bad-frame`, `aborted`, `connection-lost`, `closed`, `session-lost`, `refused`,
 * `stopped`. Only on the page: `relay-unreachable`, `no-answer`, `connection-failed`, `bad-link`,
 * `host-key-changed`, `no-holder`, `unsupported`. In settings: `bad-config`.
 */
export type ErrorCode = typeof errorCodes[number];

/** Each {@linkcode ErrorCode}, in the order of `docs/errors.md`. */
export const errorCodes = [
  "host-offline",
  "peer-gone",
  "not-allowed",
  "bad-message",
  "too-large",
  "relay-failed",
  "not-paired",
  "pairing-used",
  "pairing-expired",
  "device-revoked",
  "wrong-origin",
  "clock-skew",
  "bad-offer",
  "host-busy",
  "relay-budget",
  "bad-request",
  "no-access",
  "no-service",
  "not-found",
  "backend-unreachable",
  "backend-failed",
  "backend-timeout",
  "bad-redirect",
  "replaced",
  "bad-seal",
  "bad-frame",
  "aborted",
  "connection-lost",
  "closed",
  "session-lost",
  "refused",
  "stopped",
  "relay-unreachable",
  "no-answer",
  "connection-failed",
  "bad-link",
  "host-key-changed",
  "no-holder",
  "unsupported",
  "bad-config",
] as const;

/**
 * An error that Lighthouse raises for a reason outside the caller's code. Misuse of an API throws
 * built-in classes (TypeError, RangeError).
 *
 * @example
 * ```ts
 * import { LighthouseError } from "./error.ts";
 *
 * const error = new LighthouseError("host-offline", "The host is not connected to the relay");
 * if (error.code === "host-offline") console.log(error.message);
 * ```
 */
export class LighthouseError extends Error {
  /** Names the error, for code to act on. */
  readonly code: ErrorCode;

  /**
   * @param code Names the error.
   * @param message The cause, and the cure if there is one, for people.
   * @param options `cause`: the error underneath.
   */
  constructor(code: ErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = "LighthouseError";
    this.code = code;
  }

  /** A LighthouseError as it is; anything else wrapped in one, kept as its `cause`. */
  static from(error: unknown, code: ErrorCode): LighthouseError {
    if (error instanceof LighthouseError) return error;
    const message = error instanceof Error ? error.message : String(error);
    return new LighthouseError(code, message, { cause: error });
  }
}

/** Whether a value is one of the codes. */
export function isErrorCode(value: unknown): value is ErrorCode {
  return errorCodes.includes(value as ErrorCode);
}
