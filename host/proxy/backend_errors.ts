// The errors for backends that do not answer as they should.
import { LighthouseError } from "../../wire/mod.ts";

/** Error codes of Node.js for a connection that cannot be made. */
const UNREACHABLE = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOENT",
  "ENOTFOUND",
]);

/** Error codes of Node.js for a certificate that leads to no authority. */
const UNTRUSTED = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/** What other error codes of Node.js mean. */
const REASONS: Record<string, string> = {
  CERT_HAS_EXPIRED: "its certificate has expired. Renew it, or give the service insecure",
  EACCES: "the host may not open its socket. Give the host's user the right to write to it",
  ECONNRESET: "it closed the connection",
  HPE_HEADER_OVERFLOW: "the head of its answer is larger than 60 KiB. Make it send fewer headers",
};

/** An error of node:net, node:tls or node:http. */
type ConnectionError = Error & { code?: string; cert?: { subjectaltname?: string } };

/** The error for a backend that does not accept a connection. @param name Name of the backend. */
export function unreachable(name: string, cause?: unknown): LighthouseError {
  const message = `The backend ${name} does not answer: is it running?`;
  return new LighthouseError("backend-unreachable", message, { cause });
}

/** The error for a backend that does not answer in time. @param ms The limit in milliseconds. */
export function tooSlow(name: string, ms: number): LighthouseError {
  const message = `The backend ${name} has not answered for ${ms / 1000} s`;
  return new LighthouseError("backend-timeout", message);
}

/** The error for a backend that broke the exchange off. @param why Begins with "its", for example. */
export function failed(why: string, cause?: unknown): LighthouseError {
  return new LighthouseError("backend-failed", `The backend failed: ${why}`, { cause });
}

/** The error for a connection that broke, with the cause and its cure. @param name Name of the backend. */
export function broken(error: ConnectionError, name: string): LighthouseError {
  return UNREACHABLE.has(error.code ?? "")
    ? unreachable(name, error)
    : failed(reasonOf(error), error);
}

function reasonOf({ code = "", cert, message }: ConnectionError): string {
  if (UNTRUSTED.has(code)) {
    return "its certificate is signed by nobody that this machine trusts. " +
      "Give the service ca=FILE, with that certificate or its authority's, or insecure";
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return `its certificate is for ${cert?.subjectaltname || "another name"}. ` +
      "Use that name in the URL, or give the service ca=FILE with the certificate itself";
  }
  if (/wrong version number|packet length too long/i.test(message)) {
    return "it does not speak https. Give its URL with http:";
  }
  return REASONS[code] ?? message;
}
