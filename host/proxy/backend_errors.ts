// The errors for backends that do not answer as they should.
import { LighthouseError } from "../../wire/mod.ts";

/** Error codes of Node.js for a connection that cannot be made. */
export const UNREACHABLE = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
]);

/** The error for a backend that does not accept a connection. */
export function unreachable(origin: string, cause?: unknown): LighthouseError {
  const message = `The backend ${origin} does not answer: is it running?`;
  return new LighthouseError("backend-unreachable", message, { cause });
}

/** The error for a backend that does not answer in time. @param ms The limit in milliseconds. */
export function tooSlow(origin: string, ms: number): LighthouseError {
  const message = `The backend ${origin} has not answered for ${ms / 1000} s`;
  return new LighthouseError("backend-timeout", message);
}

/** The error for a backend that broke the exchange off. */
export function failed(why: string, cause?: unknown): LighthouseError {
  return new LighthouseError("backend-failed", `The backend failed: ${why}`, { cause });
}
