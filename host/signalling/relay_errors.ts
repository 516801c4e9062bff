// Why the relay cannot be reached, and what the owner can do.
import { DEFAULT_HOST, type HostProof, LighthouseError, MAX_SKEW_MS } from "../../wire/mod.ts";
import { formatDuration } from "../platform/duration.ts";

/** What the client has shown, and what the relay has answered. */
export interface Attempt {
  /** The host's name. @default "laptop" */
  host?: string;
  /** The proof that was shown; undefined if it was an admission. */
  proof?: HostProof;
  /** The header `Date` of the relay's answer. */
  date?: string;
}

/** How ws begins its message for an answer that opens no connection. */
const UNEXPECTED = "Unexpected server response: ";
const REFUSED = `${UNEXPECTED}401`;

/** The error of ws for an answer that opens no connection. */
export function unexpected(status: number | undefined): Error {
  return new Error(`${UNEXPECTED}${status}`);
}

/** Makes `relay-unreachable` of an error of ws. */
export function unreachable(url: URL, cause: Error, attempt: Attempt): LighthouseError {
  const why = cause.message || (cause as { code?: string }).code;
  const cure = cause.message === REFUSED ? `. ${whyRefused(attempt)}` : "";
  const message = `Cannot connect to ${url.href}: ${why}${cure}`;
  return new LighthouseError("relay-unreachable", message, { cause });
}

function whyRefused({ host = DEFAULT_HOST, proof, date = "" }: Attempt): string {
  if (!proof) return "It does not know this host's admission key";
  const ahead = proof.time - Date.parse(date);
  if (Math.abs(ahead) > MAX_SKEW_MS) {
    const off = `${formatDuration(Math.abs(ahead))} ${ahead > 0 ? "ahead of" : "behind"}`;
    return `This machine's clock is ${off} the relay's: set it right, and have the network keep it so`;
  }
  return "It was not deployed with this host's key: add what lighthouse-host key prints to the stack's " +
    `setting hostKeys, as ${host}=KEY, and deploy it`;
}

/** The relay has not answered. @param what It does not do, such as `say which connection this is`. */
export function noAnswer(what: string, why: string): LighthouseError {
  return new LighthouseError(
    "relay-unreachable",
    `The relay does not ${what}: ${why}. Is it a Lighthouse relay, and up?`,
  );
}

/** Whether an attempt failed by an answer, and not for want of a network. */
export function isAnswered(error: Error): boolean {
  const message = messageOfCause(error);
  return message === "" || message.startsWith(UNEXPECTED);
}

/** Whether the relay has refused what it was shown. */
export function isRefused(error: Error): boolean {
  return messageOfCause(error) === REFUSED;
}

/** Whether the relay is of a version that selects no subprotocol. */
export function isWithoutSubprotocol(error: Error): boolean {
  return messageOfCause(error) === "Server sent no subprotocol";
}

/** What ws says; empty if it was not ws that failed. */
function messageOfCause({ cause }: Error): string {
  return cause instanceof Error ? cause.message || "?" : "";
}
