// What the checks of the host's settings share.
import { LighthouseError } from "../../wire/mod.ts";

/** The error for a setting that is wrong. @param why Names the setting, and what was expected. */
export function badSetting(why: string): LighthouseError {
  return new LighthouseError("bad-config", `Cannot run: ${why}`);
}

/**
 * Reads a URL. What may be a secret in it is not shown: messages end up in logs.
 *
 * @param name The setting as people know it, such as `--relay`.
 * @param schemes Those that it may have, such as `wss:`.
 * @param example What it may look like.
 * @throws {LighthouseError} `bad-config`.
 */
export function parseUrlSetting(
  name: string,
  text: string,
  schemes: string[],
  example: string,
): URL {
  const url = URL.parse(text);
  if (url?.username || url?.password) {
    throw badSetting(`${name} must not hold a user name or a password`);
  }
  if (url?.search || url?.hash) throw badSetting(`${name} must not have a query or a fragment`);
  if (!url || !schemes.includes(url.protocol)) {
    throw badSetting(`${name} is not a URL such as ${example}: ${text.replace(/.*@/, "…@")}`);
  }
  return url;
}
