// Short forms of P-256's points (SEC 1 §2.3): an uncompressed point is 4 ‖ x ‖ y, a compressed one is
// 2 or 3 ‖ x, by whether y is even. WebCrypto in Chromium imports only the first.

type Bytes = Uint8Array<ArrayBuffer>;

/** Bytes of a compressed point. */
export const COMPRESSED_BYTES = 33;

/** The curve's prime, and the `b` of y² = x³ - 3x + b (FIPS 186-4, D.1.2.3). */
const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;

/** Compresses an uncompressed point of 65 bytes. */
export function compressPoint(point: Uint8Array): Bytes {
  const bytes = point.slice(0, COMPRESSED_BYTES) as Bytes;
  bytes[0] = 2 + point[64]! % 2;
  return bytes;
}

/** Restores an uncompressed point. @returns Undefined if there is no such point. */
export function decompressPoint(compressed: Uint8Array): Bytes | undefined {
  const [first = 0, ...rest] = compressed;
  const x = BigInt(`0x${hexOf(rest)}`);
  const square = (x ** 3n - 3n * x + B) % P;
  // The root of a square is its power of (p + 1) / 4, since p is 3 modulo 4.
  let root = 1n;
  for (const bit of ((P + 1n) / 4n).toString(2)) {
    root = root * root * (bit === "1" ? square : 1n) % P;
  }
  if ((first !== 2 && first !== 3) || x >= P || (root * root - square) % P !== 0n) return undefined;
  const y = root % 2n === BigInt(first % 2) ? root : P - root;
  const digits = y.toString(16).padStart(64, "0").match(/../g)!;
  return Uint8Array.of(4, ...rest, ...digits.map((pair) => parseInt(pair, 16)));
}

function hexOf(bytes: number[]): string {
  return bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
