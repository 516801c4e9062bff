// HTTP Basic (RFC 7617): what a server asks for, and what answers it.
import { toByteString } from "./byte_string.ts";

/** An authentication scheme's name, or a parameter with its value (RFC 9110 §11.6.1). */
const PART = /[\s,]*([^\s,="]+)(?:\s*=\s*("(?:\\.|[^"\\])*"|[^\s,]*))?/gy;

/**
 * The realm of a Basic challenge; "" for one without.
 *
 * @param header The value of WWW-Authenticate, which may have challenges of several schemes.
 * @returns Undefined if no challenge is Basic.
 */
export function basicRealm(header: string | null): string | undefined {
  let scheme = "";
  let realm: string | undefined;
  for (const [, name, value] of header?.matchAll(PART) ?? []) {
    if (value === undefined) {
      scheme = name!.toLowerCase();
      if (scheme === "basic") realm ??= "";
    } else if (scheme === "basic" && name!.toLowerCase() === "realm") {
      realm ||= text(value);
    }
  }
  return realm;
}

/** A parameter's text: a server that writes more than ASCII writes UTF-8. */
function text(value: string): string {
  const raw = value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, "$1") : value;
  return new TextDecoder().decode(Uint8Array.from(raw, (byte) => byte.charCodeAt(0)));
}

/** The value of Authorization for a user, in UTF-8. */
export function basicCredentials(user: string, password: string): string {
  return `Basic ${btoa(toByteString(`${user}:${password}`))}`;
}
