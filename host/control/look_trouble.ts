// Why a look at a backend has failed, and what to do about it.
import { dirname } from "node:path";
import type { BackendConfig } from "../config/service_config.ts";

/** What is wrong, and what to do about it. */
export interface Trouble {
  trouble: string;
  cure: string;
}

const ANY = "or take any certificate: insecure";

/** Codes of a certificate that no known authority has signed: those of OpenSSL's X509_V_ERR_…. */
const UNKNOWN_AUTHORITY = new Set([
  "DEPTH_ZERO_SELF_SIGNED_CERT",
  "SELF_SIGNED_CERT_IN_CHAIN",
  "UNABLE_TO_GET_ISSUER_CERT",
  "UNABLE_TO_GET_ISSUER_CERT_LOCALLY",
  "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
]);

/**
 * Explains why no connection was made.
 *
 * @returns Undefined if nobody listens there: this needs no explanation.
 */
export function connectTrouble(
  config: BackendConfig,
  { code = "", message }: NodeJS.ErrnoException,
): Trouble | undefined {
  if (code === "ECONNREFUSED") return undefined;
  if (config.socketPath !== undefined) return socketTrouble(config.socketPath, code, message);
  const { hostname } = config.backend;
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return { trouble: `has no address: ${hostname} is not found`, cure: "correct its name" };
  }
  return certificateTrouble(config, code, message) ?? { trouble: message, cure: CORRECT };
}

const CORRECT = "start it, or correct its address";

function socketTrouble(path: string, code: string, message: string): Trouble {
  if (code === "EACCES" || code === "EPERM") {
    const cure = `give this user the right to write to it, and to enter ${dirname(path)}`;
    return { trouble: "does not let this user connect", cure };
  }
  if (code !== "ENOENT" && code !== "ENOTDIR") return { trouble: message, cure: CORRECT };
  const hint = /^\/(?:var\/)?tmp\//.test(path)
    ? "; a system service has a /tmp of its own, so put the socket elsewhere"
    : "";
  return { trouble: "has no socket there", cure: `start it, or correct the path${hint}` };
}

/** @returns Undefined if the error is not about TLS. */
function certificateTrouble(
  { backend, tls, files }: BackendConfig,
  code: string,
  message: string,
): Trouble | undefined {
  if (UNKNOWN_AUTHORITY.has(code)) {
    return tls?.ca === undefined
      ? {
        trouble: "has a certificate of an authority that this machine does not know",
        cure: `name the authority, or the certificate itself: ca=FILE, ${ANY}`,
      }
      : {
        trouble: `has a certificate that does not come from ${files?.ca ?? "its ca"}`,
        cure: `name its authority's file: ca=FILE, ${ANY}`,
      };
  }
  switch (code) {
    case "CERT_HAS_EXPIRED":
      return { trouble: "has a certificate that has expired", cure: `renew it, ${ANY}` };
    case "CERT_NOT_YET_VALID":
      return {
        trouble: "has a certificate that is not valid yet",
        cure: `set this machine's clock, ${ANY}`,
      };
    case "ERR_TLS_CERT_ALTNAME_INVALID":
      return {
        trouble: `has a certificate for another name than ${backend.hostname}`,
        cure: `use its name in the URL, name the certificate itself: ca=FILE, ${ANY}`,
      };
    case "EPROTO":
    case "ERR_SSL_WRONG_VERSION_NUMBER":
    case "ERR_SSL_PACKET_LENGTH_TOO_LONG":
      return { trouble: "does not speak TLS", cure: "is its URL http://?" };
  }
  const isAboutTls = /^(?:ERR_(?:SSL|TLS)_|CERT_|UNABLE_)/.test(code);
  return isAboutTls ? { trouble: `refuses TLS: ${message}`, cure: CORRECT } : undefined;
}

/** Explains why a backend that takes connections does not answer. */
export function answerTrouble({ backend, socketPath }: BackendConfig, code = ""): Trouble {
  const cure = backend.protocol === "http:" && socketPath === undefined
    ? "is its URL https://?"
    : "look into its log";
  const trouble = code.startsWith("HPE_")
    ? "does not speak HTTP"
    : "closes the connection without an answer";
  return { trouble, cure };
}
