// Finds the sender of an offer by the offer's tag, among the devices and pairings.
import {
  createHash,
  createHmac,
  createSecretKey,
  type KeyObject,
  timingSafeEqual,
} from "node:crypto";
import { fromBase64url, type SealedOffer, taggedBytes } from "../../wire/mod.ts";
import type { AccessList } from "./access_list.ts";
import type { Device } from "./devices.ts";
import type { Pairing } from "./pairings.ts";

/** A device or a pairing whose tag an offer has. */
export type KnownSender =
  | { device: Device; pairing?: undefined }
  | { pairing: Pairing; device?: undefined };

/** An offer with a tag. */
export type TaggedOffer = SealedOffer & { tag: string };

/** Keys in OpenSSL's form: an import takes ten times as long as an HMAC. */
const imported = new WeakMap<Uint8Array, KeyObject>();

/**
 * Finds the device or pairing that made an offer's tag, also if it is revoked, used or expired.
 * Costs one hash of the offer and an HMAC of 32 bytes for each device and pairing.
 *
 * @returns Undefined if the tag is of no device or pairing.
 */
export function findSender(offer: TaggedOffer, accessList: AccessList): KnownSender | undefined {
  const digest = createHash("sha256").update(taggedBytes(offer)).digest();
  const tag = fromBase64url(offer.tag);

  function find(): KnownSender | undefined {
    for (const device of accessList.devices) {
      if (isTagOf(device.tagKey, digest, tag)) return { device };
    }
    for (const pairing of accessList.pairings) {
      if (isTagOf(pairing.tagKey, digest, tag)) return { pairing };
    }
    return undefined;
  }

  // The list may not have read a new pairing yet.
  return find() ?? (accessList.refresh() ? find() : undefined);
}

function isTagOf(tagKey: Uint8Array, digest: Uint8Array, tag: Uint8Array): boolean {
  let key = imported.get(tagKey);
  if (!key) imported.set(tagKey, key = createSecretKey(tagKey));
  const mac = createHmac("sha256", key).update(digest).digest();
  return timingSafeEqual(mac.subarray(0, tag.length), tag);
}
