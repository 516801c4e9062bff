// Text in headers and credentials.

/** The text's UTF-8 with one character for each byte, which is the form of a header's value. */
export function toByteString(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join("");
}
