// How to connect to a backend, for HTTP and for WebSockets: its address, its certificate, and how
// strictly to read its answers.
import { X509Certificate } from "node:crypto";
import type { LookupFunction, TcpNetConnectOpts } from "node:net";
import { checkServerIdentity, type ConnectionOptions as TlsOptions } from "node:tls";
import process from "node:process";
import type { BackendConfig, TlsConfig } from "../config/service_config.ts";

/** Options of node:net and node:tls for connections to one backend. */
export type ConnectionOptions =
  & Pick<
    TlsOptions,
    "ca" | "allowPartialTrustChain" | "rejectUnauthorized" | "checkServerIdentity"
  >
  & Pick<TcpNetConnectOpts, "lookup" | "autoSelectFamily">
  & { socketPath?: string };

/**
 * How to read answers: as browsers do, which take more than HTTP allows (bare LF, Content-Length beside
 * chunks). The largest head that fits the wire has 60 KiB; some of a larger one may stay on the host.
 */
export const PARSER = { insecureHTTPParser: true, maxHeaderSize: 64 * 1024 } as const;

/** The options for the connections to a backend. */
export function connectionOptions(config: BackendConfig): ConnectionOptions {
  const { backend, socketPath, tls } = config;
  if (socketPath) return { socketPath };
  return {
    ...LOCALHOST.test(backend.hostname) && { lookup: lookupLoopback, autoSelectFamily: true },
    ...tls && tlsOptions(tls),
  };
}

const LOCALHOST = /^(?:.+\.)?localhost$/;

/**
 * Gives both loopback addresses for `localhost`, as browsers do (RFC 6761 §6.3): machines without the
 * name's IPv6 address are many, and development servers listen on only one. Node.js tries each in turn.
 */
const lookupLoopback: LookupFunction = (_name, _options, callback) => {
  const addresses = [{ address: "127.0.0.1", family: 4 }, { address: "::1", family: 6 }];
  process.nextTick(callback, null, addresses);
};

/** The name of a backend in messages: `http://127.0.0.1:5000`, or `unix:/run/app.sock`. */
export function backendName({ backend, socketPath }: BackendConfig): string {
  return socketPath ? `unix:${socketPath}` : backend.origin;
}

/**
 * A certificate that is itself one of the given authorities is known by its key: its name does not
 * matter, since certificates of programs on one's own machine seldom name the address in use. Any other
 * certificate needs the right name, and must lead to one of the authorities.
 */
function tlsOptions({ ca, insecure }: TlsConfig): ConnectionOptions {
  if (insecure) return { rejectUnauthorized: false };
  if (!ca) return {};
  const known = new Set(certificatesIn(ca).map(({ fingerprint256 }) => fingerprint256));
  return {
    ca,
    // An authority may be an intermediate one, or the backend's own certificate.
    allowPartialTrustChain: true,
    checkServerIdentity: (host, certificate) =>
      known.has(certificate.fingerprint256) ? undefined : checkServerIdentity(host, certificate),
  };
}

function certificatesIn(pem: string): X509Certificate[] {
  const blocks = pem.match(/-----BEGIN [^-]*CERTIFICATE-----[^-]+-----END [^-]*CERTIFICATE-----/g);
  return (blocks ?? []).map((block) => new X509Certificate(block));
}
