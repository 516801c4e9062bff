// For tests: a host's key, for what it signs.
import type { Signer } from "../signal/registration.ts";

/** Makes a key. */
export async function createSigner(
  host = "laptop",
): Promise<Signer & { hostKey: Uint8Array<ArrayBuffer> }> {
  const algorithm = { name: "ECDSA", namedCurve: "P-256" };
  const { publicKey, privateKey } = await crypto.subtle.generateKey(algorithm, true, ["sign"]);
  const hostKey = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  return { host, hostKey, signingKey: privateKey };
}
