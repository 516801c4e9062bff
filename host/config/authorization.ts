// The header Authorization that the host adds for a backend: from the URL's user and password, or from
// a file.
import { readSettingFile } from "./setting_files.ts";
import { badSetting } from "./setting_parsers.ts";

/** Characters that no field has (RFC 9110 §5.5), nor a user or password (RFC 7617 §2). */
// deno-lint-ignore no-control-regex
const CONTROL = /[\x00-\x1f\x7f]/;

/** A scheme and what follows it, in ASCII (RFC 9110 §11.6.2). */
const VALUE = /^[\w!#$%&'*+.^`|~-]+ +[\x21-\x7e]+(?: [\x20-\x7e]*)?$/;

/** The usual schemes. Their values may have colons, as a user and password have. */
const SCHEME = /^(?:basic|bearer|digest|negotiate|token|apikey) /i;

/** The value for HTTP Basic with UTF-8: https://www.rfc-editor.org/rfc/rfc7617#section-2.1 */
function formatBasic(user: string, password: string): string {
  return `Basic ${Buffer.from(`${user}:${password}`).toString("base64")}`;
}

/** Reads a value for HTTP Basic. */
export function parseBasic(value: string): { user: string; password: string } {
  const text = Buffer.from(value.replace(/^Basic /, ""), "base64").toString();
  const at = text.indexOf(":");
  return { user: text.slice(0, at), password: text.slice(at + 1) };
}

/**
 * The value for a URL's user and password.
 *
 * @param name The setting's flag, such as `--backend`.
 * @returns Undefined if the URL has neither.
 * @throws {LighthouseError} `bad-config`. It does not repeat them.
 */
export function authorizationOf(
  name: string,
  { username, password }: Pick<URL, "username" | "password">,
): string | undefined {
  if (!username && !password) return undefined;
  let pair: string[];
  try {
    pair = [username, password].map(decodeURIComponent);
  } catch {
    throw badSetting(
      `${name} has a "%" in its user or password that encodes nothing: write it %25`,
    );
  }
  const [user, word] = pair as [string, string];
  if (user.includes(":")) throw badSetting(`${name} has a user name with a colon: HTTP has none`);
  if (CONTROL.test(user + word)) {
    throw badSetting(`${name} has a control character in its password`);
  }
  return formatBasic(user, word);
}

/**
 * Reads the value from a file with one line: `user:password`; a value such as `Bearer …`; or the whole
 * header, `Authorization: Bearer …`.
 *
 * @param name The setting, for errors.
 * @param path Absolute. Only the owner may be able to read the file.
 * @throws {LighthouseError} `bad-config`. It does not repeat the contents.
 */
export function readAuthorization(name: string, path: string): string {
  const fail = (why: string) =>
    badSetting(`${name} is in ${path}, which ${why}: it has one line, user:password or Bearer …`);
  const line = readSettingFile(name, path, true).replace(/^\uFEFF/, "").replace(/[\r\n]+$/, "");
  if (line === "") throw fail("is empty");
  if (CONTROL.test(line)) throw fail("has more than one line, or control characters");
  const value = line.replace(/^authorization:[ \t]*/i, "");
  if (value === line && line.includes(":") && !SCHEME.test(line)) {
    if (/^[\w-]+: /.test(line)) throw fail("has a header, and not Authorization");
    const at = line.indexOf(":");
    return formatBasic(line.slice(0, at), line.slice(at + 1));
  }
  if (!VALUE.test(value)) throw fail("has neither a colon nor a scheme");
  return value;
}
