// Reads the certificates of authorities.
import process from "node:process";
import { readSettingFile } from "./setting_files.ts";
import { badSetting } from "./setting_parsers.ts";

/** A certificate as PEM: https://www.rfc-editor.org/rfc/rfc7468#section-5 */
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/**
 * Reads the certificates in a PEM file; whatever else is in it is left out.
 *
 * @param name The setting, for errors.
 * @param path Absolute.
 * @throws {LighthouseError} `bad-config`, if the file holds no certificate.
 */
export function readCertificates(name: string, path: string): string {
  const found = readSettingFile(name, path, false).match(CERTIFICATE);
  if (!found) throw badSetting(`${name} needs a PEM file, and ${path} has no BEGIN CERTIFICATE`);
  // Load it here: a static import would cost each command time, and few need it.
  const { X509Certificate } = process.getBuiltinModule("node:crypto");
  for (const certificate of found) {
    try {
      new X509Certificate(certificate);
    } catch {
      throw badSetting(`${name} needs a PEM file, and a certificate in ${path} is malformed`);
    }
  }
  return `${found.join("\n")}\n`;
}
