// The certificate of `dev --lan`, kept in the state folder so that a browser's exception for it holds: an
// authority of this machine, which may certify addresses of private networks only, and its certificate.
import { createPrivateKey, X509Certificate } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isIPv4 } from "node:net";
import { join } from "node:path";
import { INNER_NETWORKS, isPublic } from "../platform/addresses.ts";
import { type Certificate, createCertificate, type Permits } from "../platform/der.ts";
import { checkPrivate, writePrivateFile } from "../platform/private_file.ts";

const DAY_MS = 86_400_000;

/** Life of an authority and of a certificate, in days: Apple's devices take at most 398. */
const LIFE_DAYS = 365;

/** Rest of its life at which a certificate is replaced, in days. */
const REST_DAYS = 30;

/** Names of this machine besides those of its network. */
const LOCAL = ["localhost", "127.0.0.1"];

/** What a server needs, and what a device installs that is to trust it. */
export interface LanCertificate {
  /** The chain and its key, as PEM. */
  chain: string;
  key: string;
  /** The authority's certificate in DER, as phones install it. */
  authority: Buffer;
}

/** Options of {@linkcode lanCertificate}. */
export interface LanCertificateOptions {
  /** The folder of its two files, `authority.pem` and `certificate.pem`: 0600, with their keys. */
  folder: string;
  /** Addresses and names of this machine in its network. */
  names: readonly string[];
  /** This machine's name, for lists of certificates. */
  machine: string;
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number;
}

/**
 * Reads the certificate. Makes it anew, if it is missing, near its end, or for other names; and so the
 * authority, if it is missing or near its end.
 *
 * @throws {LighthouseError} `bad-config` if others can read the files.
 */
export async function lanCertificate(options: LanCertificateOptions): Promise<LanCertificate> {
  const { folder, machine, now = Date.now } = options;
  const names = [...options.names, ...LOCAL];
  const subject = `Lighthouse dev on ${machine}`.slice(0, 64);
  const from = new Date(now() - DAY_MS);
  const path = (name: string) => join(folder, `${name}.pem`);
  // Addresses of the internet that are this machine's own.
  const global = names.filter(isPublic);
  let authority = await read(path("authority"), now());
  if (authority && !global.every((address) => permits(authority!, address))) authority = undefined;
  let own = authority && await read(path("certificate"), now());
  if (!authority) {
    const until = new Date(from.getTime() + LIFE_DAYS * DAY_MS);
    authority = await keep(
      path("authority"),
      createCertificate({ subject, permits: permitsWith(global), from, until }),
    );
  }
  if (!own || !isFor(own, names) || !isIssuedBy(own, authority)) {
    // It ends with the authority.
    const until = new Date(new X509Certificate(authority.cert).validTo);
    own = await keep(
      path("certificate"),
      createCertificate({
        subject: names[0]!,
        names,
        issuer: { ...authority, subject },
        from,
        until,
      }),
    );
  }
  return {
    chain: own.cert + authority.cert,
    key: own.key,
    authority: new X509Certificate(authority.cert).raw,
  };
}

/** @returns Undefined if there is none that can be used. */
async function read(path: string, now: number): Promise<Certificate | undefined> {
  try {
    checkPrivate(path, "can pretend to be this machine", "start again");
    const text = await readFile(path, "utf8");
    const at = text.indexOf("-----BEGIN PRIVATE KEY-----");
    const [cert, key] = [text.slice(0, at), text.slice(at)];
    const { validTo } = new X509Certificate(cert);
    createPrivateKey(key);
    return Date.parse(validTo) - now > REST_DAYS * DAY_MS ? { cert, key } : undefined;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    // Only a file that others can read stops: its owner should know.
    if (code === "bad-config") throw error;
    return undefined;
  }
}

/** Whoever gets hold of the authority's key can pretend to be these, and no site of the internet. */
function permitsWith(addresses: string[]): Permits {
  return {
    domains: ["local", "localhost"],
    networks: [
      ...INNER_NETWORKS,
      ...addresses.map((address) => [address, 32] as const),
    ],
  };
}

/** Node.js does not read constraints, so this looks for the address with its mask. */
function permits({ cert }: Certificate, address: string): boolean {
  const bytes = Buffer.from([...address.split(".").map(Number), 255, 255, 255, 255]);
  return new X509Certificate(cert).raw.includes(bytes);
}

async function keep(path: string, certificate: Certificate): Promise<Certificate> {
  await writePrivateFile(path, certificate.cert + certificate.key);
  return certificate;
}

function isFor({ cert }: Certificate, names: readonly string[]): boolean {
  const certificate = new X509Certificate(cert);
  return names.every((name) =>
    isIPv4(name)
      ? certificate.checkIP(name) !== undefined
      : certificate.checkHost(name) !== undefined
  );
}

function isIssuedBy({ cert }: Certificate, authority: Certificate): boolean {
  return new X509Certificate(cert).verify(new X509Certificate(authority.cert).publicKey);
}
