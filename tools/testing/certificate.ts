// For tests: certificates, made here since Node.js makes none. https://www.rfc-editor.org/rfc/rfc5280
import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { isIP } from "node:net";

/** A certificate and its key, as PEM, for `https.createServer`. */
export interface Certificate {
  cert: string;
  key: string;
}

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

/** ecdsa-with-SHA256 */
const ALGORITHM = der(0x30, Buffer.from("06082a8648ce3d040302", "hex"));

/** Makes a certificate. Subject and issuer have only a common name. */
export function createCertificate(options: CertificateOptions = {}): Certificate {
  const { names = ["localhost", "127.0.0.1"], issuer, isAuthority = false } = options;
  const until = options.until ?? new Date(Date.now() + DAY_MS);
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const content = der(
    0x30,
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, Buffer.of(1, ...crypto.getRandomValues(new Uint8Array(8)))),
    ALGORITHM,
    issuer ? nameOf("authority") : nameOf(isAuthority ? "authority" : names[0]!),
    der(0x30, time(new Date(until.getTime() - 3 * DAY_MS)), time(until)),
    nameOf(isAuthority ? "authority" : names[0]!),
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(0x30, ...isAuthority ? [authorityExtension()] : [], namesExtension(names))),
  );
  const signer: KeyObject | string = issuer?.key ?? key;
  const signature = der(0x03, Buffer.of(0), sign("sha256", content, signer));
  const text = der(0x30, content, ALGORITHM, signature).toString("base64").match(/.{1,64}/g)!;
  const cert = ["-----BEGIN CERTIFICATE-----", ...text, "-----END CERTIFICATE-----", ""].join("\n");
  return { cert, key };
}

/** Tag, length and contents. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 128) return Buffer.concat([Buffer.of(tag, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}

function nameOf(text: string): Buffer {
  const commonName = der(0x30, Buffer.from("0603550403", "hex"), der(0x0c, Buffer.from(text)));
  return der(0x30, der(0x31, commonName));
}

/** GeneralizedTime, in whole seconds. */
function time(date: Date): Buffer {
  return der(0x18, Buffer.from(`${date.toISOString().replace(/\..*|[-:T]/g, "")}Z`));
}

/** basicConstraints: an authority. */
function authorityExtension(): Buffer {
  const value = der(0x30, der(0x01, Buffer.of(0xff)));
  return der(0x30, Buffer.from("0603551d13", "hex"), der(0x04, value));
}

/** subjectAltName */
function namesExtension(names: string[]): Buffer {
  const value = der(
    0x30,
    ...names.map((name) =>
      isIP(name)
        ? der(0x87, Buffer.from(name.split(".").map(Number)))
        : der(0x82, Buffer.from(name))
    ),
  );
  return der(0x30, Buffer.from("0603551d11", "hex"), der(0x04, value));
}
