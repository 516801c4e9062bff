// Checks the relay and the AWS rights by real calls. They register nothing.
import { type HostRegistry, lacksCredentials } from "./registry.ts";
import { isRefused } from "./relay_errors.ts";
import { RelaySocket, type RelaySocketOptions } from "./relay_socket.ts";

/** The result of one check. */
export interface CheckResult {
  /** The check's name: `relay`, or IAM's name of a right. */
  name: string;
  ok: boolean;
  /** The result in one line, with the cure if the check failed. */
  message: string;
  /** Whether it failed since this process has no AWS credentials of its own. */
  lacksCredentials?: boolean;
}

/** Limit for one check, in milliseconds. */
const DEADLINE_MS = 15_000;

/**
 * Checks the relay, then each right of the registry until one is missing: the next ones would fail for
 * the same reason.
 *
 * @param shown What the host shows to the relay.
 */
export async function* runChecks(
  relay: URL,
  registry: HostRegistry,
  shown: Pick<RelaySocketOptions, "host" | "admission"> = {},
): AsyncGenerator<CheckResult> {
  yield await check("relay", `${relay.host} answers`, async (signal) => {
    try {
      const proof = await registry.prove?.();
      const socket = await RelaySocket.open(relay, signal, { ...shown, proof });
      socket.close();
    } catch (error) {
      // It answers, with the admission key of another host: the next run writes this one's.
      if (!isRefused(error as Error) || registry.prove) throw error;
    }
  });
  for (const { action, tryOut } of registry.rights) {
    const result = await check(action, `${action} is allowed on ${registry.name}`, tryOut);
    yield result;
    if (!result.ok) return;
  }
}

async function check(
  name: string,
  message: string,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<CheckResult> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  try {
    await work(signal);
    return { name, ok: true, message };
  } catch (error) {
    const why = signal.aborted
      ? `No answer within ${DEADLINE_MS / 1000} s: is there a network?`
      : (error as Error).message;
    return { name, ok: false, message: why, lacksCredentials: lacksCredentials(error) };
  }
}
