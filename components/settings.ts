// Parses the element's attributes.
import {
  DEFAULT_HOST,
  fromBase64url,
  type IceServer,
  KEY_BYTES,
  LighthouseError,
  MAX_NAME,
  parseHostName,
  parseIceServers,
  parseStunServers,
  parseUrl,
} from "../wire/mod.ts";
import type { ConnectionSettings } from "./connection/dial_as_device.ts";
import { type Agent, proposeName } from "./identity/device_name.ts";
import { type DeviceStore, IndexedDbStore } from "./identity/device_store.ts";
import { Identities } from "./identity/identity.ts";

/** The attributes' texts. */
export interface Attributes {
  relay: string | null;
  host: string | null;
  registry: string | null;
  hostKey: string | null;
  stun: string | null;
  iceServers: string | null;
  deviceName: string | null;
}

/** The parts of the browser that {@linkcode parseAttributes} uses. */
export interface SettingsPlatform {
  store: DeviceStore;
  navigator: Agent;
  /** The site to which the device belongs: the page's origin, or that of the page around a frame. */
  origin: string;
}

const store = new IndexedDbStore();

/**
 * Parses the attributes.
 *
 * @param platform @default the browser's
 * @throws {LighthouseError} `bad-config` with the wrong attribute.
 */
export function parseAttributes(
  attributes: Attributes,
  platform: SettingsPlatform = { store, navigator, origin: globalThis.origin },
): ConnectionSettings {
  const { relay: text, hostKey, stun, iceServers, deviceName } = attributes;
  const relay = parseUrl(text ?? "");
  if (!relay || (relay.protocol !== "wss:" && relay.protocol !== "ws:")) {
    throw new LighthouseError(
      "bad-config",
      `The relay attribute is not a URL such as wss://…/prod: "${text ?? ""}"`,
    );
  }
  const host = parseHost(attributes.host);
  return {
    relay,
    host,
    registry: parseRegistry(attributes.registry),
    origin: platform.origin,
    ice: { iceServers: [...parseStunServers(stun ?? ""), ...parseIce(iceServers)] },
    name: (deviceName?.trim() || proposeName(platform.navigator)).slice(0, MAX_NAME),
    identities: new Identities({
      store: platform.store,
      // Each host of a relay has its own record.
      relay: host === undefined ? relay.href : `${relay.href}#${host}`,
      pinned: parseHostKey(hostKey),
      origin: platform.origin,
    }),
  };
}

/**
 * Parses the `key-site` attribute.
 *
 * @param page The page's URL: a key that is kept at its origin is not kept from it.
 * @throws {LighthouseError} `bad-config`.
 */
export function parseKeySite(text: string, page: Pick<Location, "href" | "origin">): URL {
  const url = parseUrl(text, page.href);
  if (url && ["https:", "http:"].includes(url.protocol) && url.origin !== page.origin) return url;
  throw new LighthouseError(
    "bad-config",
    `The key-site attribute is not the URL of a site of another origin: "${text}"`,
  );
}

/** @returns Undefined for the default host. */
function parseHost(text: string | null): string | undefined {
  if (text === null) return undefined;
  try {
    const host = parseHostName(text.trim());
    return host === DEFAULT_HOST ? undefined : host;
  } catch {
    throw new LighthouseError(
      "bad-config",
      `The host attribute is not 1 to 32 of a to z, 0 to 9 and, inside, hyphens: "${text}"`,
    );
  }
}

function parseRegistry(text: string | null): URL | undefined {
  if (text === null) return undefined;
  const url = parseUrl(text);
  if (url && ["https:", "http:"].includes(url.protocol) && !url.search && !url.hash) return url;
  throw new LighthouseError(
    "bad-config",
    `The registry attribute is not a URL such as https://…s3.dualstack.us-east-1.amazonaws.com: "${text}"`,
  );
}

function parseIce(text: string | null): IceServer[] {
  if (text === null) return [];
  try {
    return parseIceServers(JSON.parse(text), "ice-servers");
  } catch (cause) {
    // The error of JSON.parse may show a credential.
    const why = cause instanceof SyntaxError ? "it is no JSON" : (cause as Error).message;
    throw new LighthouseError(
      "bad-config",
      `The ice-servers attribute is not a list such as [{ "urls": "turn:…", "username": "…", "credential": "…" }]: ${why}`,
    );
  }
}

function parseHostKey(text: string | null): Uint8Array<ArrayBuffer> | undefined {
  if (text === null) return undefined;
  try {
    const key = fromBase64url(text.trim());
    // An uncompressed point begins with 4 (SEC 1 §2.3.3).
    if (key.length === KEY_BYTES && key[0] === 4) return key;
  } catch {
    // The error below says so.
  }
  throw new LighthouseError(
    "bad-config",
    "The host-key attribute is not a host's public key: copy it as `lighthouse-host key` prints it",
  );
}
