// Parses the setting `ice-servers`: TURN and STUN servers, and how their credentials come about.
import { homedir } from "node:os";
import { asRecord, asString, parseIceServer, parseIceUrls } from "../../wire/mod.ts";
import { readSettingFile, resolvePath } from "./setting_files.ts";
import { badSetting } from "./setting_parsers.ts";

/** Servers whose credentials do not change, or which need none. */
export interface StaticServers {
  urls: string[];
  username?: string;
  credential?: string;
}

/** Servers that share a secret with the host: coturn's `use-auth-secret`. */
export interface SharedSecretServers {
  urls: string[];
  secret: string;
}

/** Cloudflare's servers: https://developers.cloudflare.com/realtime/turn/ */
export interface CloudflareServers {
  /** The id of the TURN key. */
  cloudflare: string;
  /** The API token of the key. */
  token: string;
}

/** An entry of the setting. */
export type IceServerSetting = StaticServers | SharedSecretServers | CloudflareServers;

/** Most entries, and most characters of a secret or token. */
const MAX_ENTRIES = 8;
const MAX_SECRET = 512;

const FORMS = '{ "urls": "turn:…", "username": "…", "credential": "…" }, ' +
  '{ "urls": "turn:…", "secret": "…" } or { "cloudflare": "KEY ID", "token": "…" }';

/**
 * Reads the setting: a list in JSON, or the path of a file with it, which only its owner can read.
 *
 * @param flag `--ice-servers`, for errors.
 * @throws {LighthouseError} `bad-config` with the wrong member. It shows no secret.
 */
export function parseIceSetting(text: string, flag: string): IceServerSetting[] {
  const isList = /^\s*[[{]/.test(text);
  const path = resolvePath(text, homedir());
  const list = isList ? text : readSettingFile(flag, path, true);
  const name = isList ? flag : `${flag} (${path})`;
  let value: unknown;
  try {
    value = JSON.parse(list.replace(/^\uFEFF/, ""));
  } catch {
    // The error of JSON.parse shows a part of the text.
    throw badSetting(`${name} is no JSON: expected a list of ${FORMS}`);
  }
  if (!Array.isArray(value) || value.length > MAX_ENTRIES) {
    throw badSetting(`${name} is no list of up to ${MAX_ENTRIES} entries: ${FORMS}`);
  }
  try {
    return value.map((each, at) => parseEntry(each, `entry ${at + 1}`));
  } catch (error) {
    throw badSetting(`${name}: ${(error as Error).message}`);
  }
}

/** Writes entries as {@linkcode parseIceSetting} reads them. The text holds their secrets. */
export function formatIceSetting(entries: IceServerSetting[]): string {
  return JSON.stringify(entries);
}

/** The entries without their secrets, for status and logs. */
export function withoutSecrets(entries: IceServerSetting[]): IceServerSetting[] {
  return JSON.parse(
    JSON.stringify(
      entries,
      (key, value) => ["credential", "secret", "token"].includes(key) ? "…" : value,
    ),
  );
}

/** Whether the text of the setting holds a secret itself. */
export function holdsSecret(text: string): boolean {
  return /"(?:credential|secret|token)"\s*:/.test(text);
}

function parseEntry(value: unknown, path: string): IceServerSetting {
  const members = Object.keys(asRecord(value, path)).sort().join();
  const { urls, secret, cloudflare, token } = value as Record<string, unknown>;
  switch (members) {
    case "urls":
    case "credential,urls,username":
      return parseIceServer(value, path);
    case "secret,urls":
      return {
        urls: parseIceUrls(urls, `${path}: urls`),
        secret: asString(secret, `${path}: secret`, MAX_SECRET),
      };
    case "cloudflare,token": {
      const key = asString(cloudflare, `${path}: cloudflare`, 64);
      if (!/^\w+$/.test(key)) throw badSetting(`${path}: cloudflare is no id of a TURN key`);
      return { cloudflare: key, token: asString(token, `${path}: token`, MAX_SECRET) };
    }
    default:
      throw badSetting(`${path} has the members ${members || "of nothing"}: expected ${FORMS}`);
  }
}
