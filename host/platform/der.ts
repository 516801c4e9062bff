// Writes certificates in DER, the parts that `dev --lan` and the QUIC server need: Node.js makes keys and
// signs, but makes no certificates. RFC 5280, https://www.rfc-editor.org/rfc/rfc5280
import { createHash, createPublicKey, generateKeyPairSync, randomBytes, sign } from "node:crypto";
import { isIPv4 } from "node:net";

/** A certificate and its key, as PEM, for `https.createServer`. */
export interface Certificate {
  cert: string;
  key: string;
}

/** Options of {@linkcode createCertificate}. */
export interface CertificateOptions {
  /** The subject's common name. */
  subject: string;
  /** Host names and IPv4 addresses. @default none */
  names?: readonly string[];
  /** The authority that signs it, with its subject. @default itself */
  issuer?: Certificate & { subject: string };
  /** For an authority: whom it may certify; clients refuse others. @default no authority */
  permits?: Permits | "any";
  /** Its first and last moment. */
  from: Date;
  until: Date;
}

/** The names that an authority may certify. */
export interface Permits {
  /** Domains, with all that are under them. */
  domains: readonly string[];
  /** IPv4 networks. */
  networks: readonly (readonly [address: string, prefix: number])[];
}

const OID = {
  commonName: "0603550403",
  ecdsaWithSha256: "06082a8648ce3d040302",
  subjectKeyIdentifier: "0603551d0e",
  keyUsage: "0603551d0f",
  subjectAltName: "0603551d11",
  basicConstraints: "0603551d13",
  nameConstraints: "0603551d1e",
  authorityKeyIdentifier: "0603551d23",
  extendedKeyUsage: "0603551d25",
  serverAuth: "06082b06010505070301",
} as const;

const SEQUENCE = 0x30;
const OCTETS = 0x04;
const TRUE = der(0x01, Buffer.of(0xff));
const ALGORITHM = der(SEQUENCE, Buffer.from(OID.ecdsaWithSha256, "hex"));

/** Makes a certificate with a new P-256 key. */
export function createCertificate(options: CertificateOptions): Certificate {
  const { subject, issuer, from, until } = options;
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }) as string;
  const info = publicKey.export({ type: "spki", format: "der" });
  const issuerInfo = issuer &&
    createPublicKey(issuer.key).export({ type: "spki", format: "der" });
  const content = der(
    SEQUENCE,
    der(0xa0, der(0x02, Buffer.of(2))), // version 3
    der(0x02, Buffer.of(1), randomBytes(15)), // a positive serial number
    ALGORITHM,
    nameOf(issuer?.subject ?? subject),
    der(SEQUENCE, time(from), time(until)),
    nameOf(subject),
    info,
    der(0xa3, der(SEQUENCE, ...extensions(options, info, issuerInfo ?? info))),
  );
  const signature = sign("sha256", content, issuer?.key ?? key);
  const bytes = der(SEQUENCE, content, ALGORITHM, der(0x03, Buffer.of(0), signature));
  const text = bytes.toString("base64").match(/.{1,64}/g)!;
  const cert = ["-----BEGIN CERTIFICATE-----", ...text, "-----END CERTIFICATE-----", ""].join("\n");
  return { cert, key };
}

function extensions(
  { names = [], permits }: CertificateOptions,
  info: Buffer,
  issuerInfo: Buffer,
): Buffer[] {
  const identifier = extension(
    "authorityKeyIdentifier",
    der(SEQUENCE, der(0x80, idOf(issuerInfo))),
  );
  const own = extension("subjectKeyIdentifier", der(OCTETS, idOf(info)));
  if (permits) {
    const path = der(0x02, Buffer.of(0)); // it certifies no other authorities
    // keyCertSign and cRLSign
    const usage = der(0x03, Buffer.of(1, 0x06));
    return [
      extension("basicConstraints", der(SEQUENCE, TRUE, path), { isCritical: true }),
      extension("keyUsage", usage, { isCritical: true }),
      ...permits === "any"
        ? []
        : [extension("nameConstraints", permitted(permits), { isCritical: true })],
      own,
      identifier,
    ];
  }
  const usage = der(0x03, Buffer.of(7, 0x80)); // digitalSignature
  const purpose = der(SEQUENCE, Buffer.from(OID.serverAuth, "hex"));
  return [
    extension("keyUsage", usage, { isCritical: true }),
    extension("extendedKeyUsage", purpose),
    extension("subjectAltName", der(SEQUENCE, ...names.map(generalName))),
    own,
    identifier,
  ];
}

function extension(
  name: keyof typeof OID,
  value: Buffer,
  { isCritical = false } = {},
): Buffer {
  const id = Buffer.from(OID[name], "hex");
  return der(SEQUENCE, id, ...isCritical ? [TRUE] : [], der(OCTETS, value));
}

/** NameConstraints (§4.2.1.10): a tree of each domain and network. */
function permitted({ domains, networks }: Permits): Buffer {
  const trees = [
    ...domains.map((domain) => der(0x82, Buffer.from(domain))),
    ...networks.map(([address, prefix]) => {
      const mask = Buffer.alloc(4);
      mask.writeUInt32BE((~0 << (32 - prefix)) >>> 0);
      return der(0x87, addressBytes(address), mask);
    }),
  ];
  return der(SEQUENCE, der(0xa0, ...trees.map((tree) => der(SEQUENCE, tree))));
}

function generalName(name: string): Buffer {
  return isIPv4(name) ? der(0x87, addressBytes(name)) : der(0x82, Buffer.from(name));
}

function addressBytes(address: string): Buffer {
  return Buffer.from(address.split(".").map(Number));
}

/** The first way of §4.2.1.2, of the whole SubjectPublicKeyInfo. */
function idOf(info: Buffer): Buffer {
  return createHash("sha1").update(info).digest();
}

function nameOf(text: string): Buffer {
  const value = der(0x0c, Buffer.from(text));
  return der(
    SEQUENCE,
    der(0x31, der(SEQUENCE, Buffer.from(OID.commonName, "hex"), value)),
  );
}

/** UTCTime, which §4.1.2.5 wants for dates before 2050; then GeneralizedTime. */
function time(date: Date): Buffer {
  const text = `${date.toISOString().replace(/\..*|[-:T]/g, "")}Z`;
  return date.getUTCFullYear() < 2050
    ? der(0x17, Buffer.from(text.slice(2)))
    : der(0x18, Buffer.from(text));
}

/** Tag, length in as few bytes as it takes, and contents. */
function der(tag: number, ...parts: Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  if (length < 0x100) return Buffer.concat([Buffer.of(tag, 0x81, length), content]);
  return Buffer.concat([Buffer.of(tag, 0x82, length >> 8, length & 0xff), content]);
}
