// Tries out, by real calls, what a host needs of its relay and of AWS. Nobody is registered by it.
import type { AwsRegistry } from "./registry.ts";
import { RelaySocket } from "./relay_socket.ts";

/** How one check went. */
export interface CheckResult {
  /** What was tried: `relay`, or a right as IAM calls it. */
  name: string;
  ok: boolean;
  /** One line for people: what is well, or what is wrong and what to change. */
  message: string;
}

/** Longest time for one check, in milliseconds. */
const DEADLINE_MS = 15_000;

/**
 * Checks the relay, then each right of the registry until one is missing: what follows would fail for
 * the same reason.
 */
export async function* runChecks(relay: URL, registry: AwsRegistry): AsyncGenerator<CheckResult> {
  yield await check("relay", `${relay.host} answers`, async (signal) => {
    const socket = await RelaySocket.open(relay, signal);
    socket.close();
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
    return { name, ok: false, message: why };
  }
}
