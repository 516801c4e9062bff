// Where the credentials of ICE servers come from: the settings, a secret that is shared with the server,
// or Cloudflare's API.
import { createHmac } from "node:crypto";
import { type IceServer, parseIceServers, parseIceUrl } from "../../wire/mod.ts";
import type {
  CloudflareServers,
  IceServerSetting,
  SharedSecretServers,
} from "../config/ice_servers.ts";

/** Gives ICE servers with credentials, which may be short-lived. */
export interface IceServerSource {
  /** The name of the server or its owner, for people. */
  readonly name: string;
  /**
   * Gives the servers. `expires` says when a credential ends.
   *
   * @throws {Error} With the cause and the cure, and without a secret.
   */
  renew(signal: AbortSignal): Promise<IceServer[]>;
}

/** The parts of the platform that sources use. */
export interface SourcePlatform {
  fetch: typeof fetch;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Life of a credential, in milliseconds: a page can use it the next day. */
export const LIFE_MS = 86_400_000;

/** https://developers.cloudflare.com/realtime/turn/generate-credentials/ */
const CLOUDFLARE = "https://rtc.live.cloudflare.com/v1/turn/keys";

/** Most characters of Cloudflare's answer. */
const MAX_ANSWER = 16_384;

/** Browsers send nothing to the port of DNS. */
const BLOCKED_PORT = 53;

/** The source for an entry of the setting. */
export function sourceOf(
  entry: IceServerSetting,
  platform: SourcePlatform = { fetch, now: Date.now },
): IceServerSource {
  if ("cloudflare" in entry) return cloudflare(entry, platform);
  const name = parseIceUrl(entry.urls[0]!)!.host;
  if ("secret" in entry) {
    return { name, renew: () => Promise.resolve([shared(entry, platform.now())]) };
  }
  return { name, renew: () => Promise.resolve([entry]) };
}

/**
 * Makes a credential of the shared secret, as coturn's `use-auth-secret` checks it:
 * https://datatracker.ietf.org/doc/html/draft-uberti-behave-turn-rest-00#section-2.2
 */
function shared({ urls, secret }: SharedSecretServers, now: number): IceServer {
  const end = Math.floor((now + LIFE_MS) / 1000);
  const username = `${end}:lighthouse`;
  const credential = createHmac("sha1", secret).update(username).digest("base64");
  return { urls, username, credential, expires: end * 1000 };
}

function cloudflare(
  { cloudflare: key, token }: CloudflareServers,
  { fetch, now }: SourcePlatform,
): IceServerSource {
  return {
    name: "Cloudflare",
    async renew(signal) {
      const asked = now();
      const response = await fetch(`${CLOUDFLARE}/${key}/credentials/generate-ice-servers`, {
        method: "POST",
        headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
        body: JSON.stringify({ ttl: LIFE_MS / 1000 }),
        redirect: "error",
        signal,
      }).catch((cause) => {
        const { message, cause: inner } = cause as Error;
        const why = inner instanceof Error ? inner.message : message;
        throw failure(`cannot be reached (${why}). Does this network let HTTPS out to it?`, cause);
      });
      const text = await response.text();
      if (!response.ok) throw refusal(response.status);
      return readAnswer(text).map((server) =>
        server.username === undefined ? server : { ...server, expires: asked + LIFE_MS }
      );
    },
  };
}

/** @throws {Error} If there is no server in the answer. */
function readAnswer(text: string): IceServer[] {
  try {
    if (text.length > MAX_ANSWER) throw new Error(`it is longer than ${MAX_ANSWER} characters`);
    const { iceServers } = JSON.parse(text) as { iceServers: unknown };
    const servers = Array.isArray(iceServers) ? iceServers : [iceServers];
    return parseIceServers(servers, "iceServers").flatMap((server) => {
      const urls = server.urls.filter((url) => parseIceUrl(url)?.port !== BLOCKED_PORT);
      return urls.length === 0 ? [] : [{ ...server, urls }];
    });
  } catch (cause) {
    const why = (cause as Error).message;
    throw failure(`gave an answer that is no list of servers (${why}). Try again later`, cause);
  }
}

function refusal(status: number): Error {
  switch (status) {
    case 401:
    case 403:
      return failure(`refuses the token (${status}): give the API token of this TURN key`);
    case 404:
      return failure("knows no TURN key of this id (404): give the id that its dashboard shows");
    case 429:
      return failure("is asked too often (429): it is asked again later");
    default:
      return failure(`answered ${status}: it is asked again later`);
  }
}

function failure(why: string, cause?: unknown): Error {
  return new Error(`Cloudflare's TURN service ${why}`, { cause });
}
