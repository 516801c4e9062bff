// The first messages of a connection's attempts, until the session has a connection: their secret, and the
// requests that may go with the offer.
import {
  type EarlySecret,
  EarlyStart,
  type LighthouseError,
  type Session,
} from "../../wire/mod.ts";
import type { ConnectionSettings } from "./dial_as_device.ts";
import { EarlyRequests } from "./early_requests.ts";

/** Options of {@linkcode EarlyAttempts}. */
export interface EarlyAttemptsOptions {
  /** Returns the session: the same as long as it is begun. */
  session: () => Session;
  /** Called when requests need not wait for the attempt. */
  onReady: () => void;
}

/** What attempts have in common. */
export class EarlyAttempts {
  readonly #options: EarlyAttemptsOptions;
  #start: EarlyStart | undefined;
  #requests: EarlyRequests | undefined;

  constructor(options: EarlyAttemptsOptions) {
    this.#options = options;
  }

  /** Takes requests while they may go with the offer of an attempt. */
  get requests(): EarlyRequests | undefined {
    return this.#requests;
  }

  /**
   * Looks for a secret for an attempt. While there is one, requests need not wait for the attempt.
   *
   * @param signal Aborted when the attempt is over.
   */
  begin(settings: ConnectionSettings, signal: AbortSignal): EarlyStart {
    const { session, onReady } = this.#options;
    this.#requests = undefined;
    if (!this.#start || this.#start.isSpent) {
      this.#start = new EarlyStart(session, takeSecret(settings));
    }
    const start = this.#start;
    start.found.then((secret) => {
      if (!secret || signal.aborted || start !== this.#start) return;
      this.#requests = new EarlyRequests(session());
      onReady();
    });
    return start;
  }

  /** The attempt has failed. */
  fail(error: LighthouseError): void {
    this.#requests?.fail(error);
    this.#requests = undefined;
  }

  /** The session has a connection, or is over. */
  end(): void {
    this.#start = this.#requests = undefined;
  }
}

/** Takes the secret of the identity with which the attempt will dial. */
async function takeSecret(
  { identities, opening }: ConnectionSettings,
): Promise<EarlySecret | undefined> {
  try {
    await opening;
    return await identities.takeEarlySecret();
  } catch {
    // The attempt fails by the same error.
    return undefined;
  }
}
