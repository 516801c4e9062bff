// For tests: certificates of servers and of authorities.
import { type Certificate, createCertificate as create } from "../../host/platform/der.ts";

export type { Certificate } from "../../host/platform/der.ts";

/** Options of {@linkcode createCertificate}. */
export interface CertificateOptions {
  /** Host names and IPv4 addresses. @default ["localhost", "127.0.0.1"] */
  names?: string[];
  /** The authority that signs it. @default itself */
  issuer?: Certificate;
  /** Whether it is an authority's. */
  isAuthority?: boolean;
  /** Its last moment. @default in a day */
  until?: Date;
}

const DAY_MS = 86_400_000;
const AUTHORITY = "authority";

/** Makes a certificate. Subject and issuer have only a common name. */
export function createCertificate(options: CertificateOptions = {}): Certificate {
  const { names = ["localhost", "127.0.0.1"], issuer, isAuthority = false } = options;
  const until = options.until ?? new Date(Date.now() + DAY_MS);
  return create({
    subject: isAuthority ? AUTHORITY : names[0]!,
    names,
    issuer: issuer && { ...issuer, subject: AUTHORITY },
    permits: isAuthority ? "any" : undefined,
    from: new Date(until.getTime() - 3 * DAY_MS),
    until,
  });
}
