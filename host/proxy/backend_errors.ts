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

/** Why a connection to a backend broke. */
export interface Trouble {
  /** What is wrong; begins with "it" or "its", for example. */
  why: string;
  /** What to do about it. */
  cure?: string;
}

/** What other error codes of Node.js mean. */
const TROUBLES: Record<string, Trouble> = {
  CERT_HAS_EXPIRED: {
    why: "its certificate has expired",
    cure: "renew it, or give the service insecure",
  },
  CERT_NOT_YET_VALID: {
    why: "its certificate is not valid yet",
    cure: "set this machine's clock, or give the service insecure",
  },
  EACCES: {
    why: "the host may not open its socket",
    cure: "give the host's user the right to write to it",
  },
  ECONNRESET: { why: "it closed the connection" },
  HPE_HEADER_OVERFLOW: {
    why: "the head of its answer is larger than 60 KiB",
    cure: "make it send fewer headers",
  },
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
  if (UNREACHABLE.has(error.code ?? "")) return unreachable(name, error);
  const { why, cure } = troubleOf(error);
  return failed(cure ? `${why}. ${cure[0]!.toUpperCase()}${cure.slice(1)}` : why, error);
}

/** Explains an error of a connection. */
export function troubleOf({ code = "", cert, message }: ConnectionError): Trouble {
  if (UNTRUSTED.has(code)) {
    return {
      why: "its certificate comes from no authority that the host trusts for it",
      cure: "give the service ca=FILE, with that certificate or its authority's, or insecure",
    };
  }
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return {
      why: `its certificate is for ${cert?.subjectaltname || "another name"}`,
      cure: "use that name in the URL, or give the service ca=FILE with the certificate itself",
    };
  }
  if (/wrong version number|packet length too long/i.test(message)) {
    return { why: "it does not speak https", cure: "give its URL with http:" };
  }
  return TROUBLES[code] ?? { why: message };
}
