// How the messages of a relayed channel are sealed (docs/wire.md, "Through the relay"):
//
//   ct = base64url of:  number (8, big endian)   AES-128-GCM(message) with its 16 bytes of tag
//
// The IV is 4 zero bytes and the number. An end uses no number twice with its key.
import { fromBase64url, toBase64url } from "../base64url.ts";
import { concat } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { MAX_BODY } from "./relayed_message.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const NUMBER_BYTES = 8;
const TAG_BYTES = 16;
const IV_BYTES = 12;

/** Longest sealed message, in characters. */
export const MAX_RELAYED_CT = Math.ceil((NUMBER_BYTES + MAX_BODY + TAG_BYTES) * 4 / 3);

/** Seals a message. @param body See relayed_message.ts. */
export async function sealRelayed(key: CryptoKey, number: number, body: Bytes): Promise<string> {
  const iv = ivOf(number);
  const sealed = await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, body);
  return toBase64url(concat(iv.subarray(-NUMBER_BYTES), new Uint8Array(sealed)));
}

/**
 * Opens a message.
 *
 * @throws {Error} If it is not genuine: relays can send anything.
 */
export async function openRelayed(
  key: CryptoKey,
  ct: string,
): Promise<{ number: number; body: Bytes }> {
  const bytes = fromBase64url(ct);
  if (bytes.length < NUMBER_BYTES + TAG_BYTES) {
    throw new LighthouseError("bad-seal", "Cannot open the relayed message: it is cut short");
  }
  const number = Number(new DataView(bytes.buffer).getBigUint64(0));
  const algorithm = {
    name: "AES-GCM",
    iv: concat(new Uint8Array(4), bytes.slice(0, NUMBER_BYTES)),
  };
  const body = await crypto.subtle.decrypt(algorithm, key, bytes.subarray(NUMBER_BYTES));
  return { number, body: new Uint8Array(body) };
}

function ivOf(number: number): Bytes {
  const iv = new Uint8Array(IV_BYTES);
  new DataView(iv.buffer).setBigUint64(IV_BYTES - NUMBER_BYTES, BigInt(number));
  return iv;
}
