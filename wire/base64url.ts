// Bytes as text: RFC 4648 §5 without padding. Of the texts that could stand for the same bytes, only the
// canonical one is read, so that no two messages mean the same.

/** Bytes as base64url, without padding. */
export function toBase64url(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

/** The bytes of base64url. @throws {TypeError} If the text is not base64url, or not canonical. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> {
  if (/^[\w-]*$/.test(text) && text.length % 4 !== 1) {
    const decoded = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = new Uint8Array(decoded.length);
    for (let at = 0; at < bytes.length; at++) bytes[at] = decoded.charCodeAt(at);
    // Only the last, incomplete group can have bits that stand for nothing.
    const rest = bytes.length % 3;
    const end = toBase64url(bytes.subarray(bytes.length - rest));
    if (text.endsWith(end)) return bytes;
  }
  throw new TypeError("Cannot parse the text: it is not base64url");
}
