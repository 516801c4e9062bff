// The certificate of the host's QUIC server. No authority signs it: pages know it by its hash, which they
// get in the sealed answer. Browsers then take only a short-lived one with a P-256 key:
// https://www.w3.org/TR/webtransport/#custom-certificate-requirements
import { createHash, X509Certificate } from "node:crypto";
import { createCertificate as writeCertificate } from "../platform/der.ts";

const DAY_MS = 86_400_000;

/** Life of a certificate, in days: browsers refuse more than 14. */
const LIFE_DAYS = 13;

/**
 * Days by which a page's clock may be wrong, in either direction: a certificate is this old at its first
 * use, and is replaced this long before its end. A clock that is set to another time zone is a day off.
 */
const MARGIN_DAYS = 2;

/** Its subject and its only name: scanners of the internet see it, so it tells nothing of the machine. */
const NAME = "lighthouse.invalid";

/** A certificate of the QUIC server. */
export interface QuicCertificate {
  /** As PEM. */
  certificate: string;
  /** Its private key, as PEM (PKCS #8). */
  key: string;
  /** The SHA-256 of its DER, for `serverCertificateHashes`. */
  hash: Uint8Array<ArrayBuffer>;
  /** Its last moment, in milliseconds since 1970. */
  expires: number;
}

/** Makes a certificate with a new key. @param now Milliseconds since 1970. */
export function createCertificate({ now }: { now: number }): QuicCertificate {
  // Certificates have whole seconds.
  const from = Math.floor(now / 1000) * 1000 - MARGIN_DAYS * DAY_MS;
  const expires = from + LIFE_DAYS * DAY_MS;
  const { cert, key } = writeCertificate({
    subject: NAME,
    names: [NAME],
    from: new Date(from),
    until: new Date(expires),
  });
  const { raw } = new X509Certificate(cert);
  const hash = new Uint8Array(createHash("sha256").update(raw).digest());
  return { certificate: cert, key, hash, expires };
}

/** Keeps the certificate that new connections get. */
export class CurrentCertificate {
  readonly #now: () => number;
  #current: QuicCertificate | undefined;

  /** @param options.now Milliseconds since 1970. @default Date.now */
  constructor({ now = Date.now }: { now?: () => number } = {}) {
    this.#now = now;
  }

  /**
   * The certificate: the same as before, or another one if its time is not now. A server that is bound with
   * the one before then binds anew. It is asked before each answer: a timer would stop while a laptop
   * sleeps.
   */
  get(): QuicCertificate {
    const now = this.#now();
    if (!this.#current || !isInTime(this.#current, now)) this.#current = createCertificate({ now });
    return this.#current;
  }
}

/** Whether pages take it. After its making, this machine's clock may be set back by half of the margin. */
function isInTime({ expires }: QuicCertificate, now: number): boolean {
  const rest = (expires - now) / DAY_MS;
  return rest > MARGIN_DAYS && rest < LIFE_DAYS - MARGIN_DAYS / 2;
}
