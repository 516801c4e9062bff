// A WebSocket's messages in a stream, behind the heads of websocket.ts (docs/wire.md, "WebSocket"):
//
//      0      1           5
//     +------+-----------+------------------
//     | type | length    | payload …
//     +------+-----------+------------------
//
//     0x01 TEXT    UTF-8
//     0x02 BINARY  bytes
//     0x08 CLOSE   empty, or a close code of 16 bits and then UTF-8, 125 bytes in all
//
// The length counts the payload's bytes. Length, 32 bits, and code are big endian. CLOSE is the last
// message of its direction. A CLOSE of 1006, a code that never travels in RFC 6455, tells the page that
// the connection to the backend failed, and why.

/** Longest payload of a message that an end takes, in bytes. */
export const MAX_WEBSOCKET_MESSAGE = 16 * 1024 * 1024;

/** Bytes before a payload. */
export const HEADER = 5;

/** The close code of a CLOSE without a code (RFC 6455 §7.4.1). It never travels. */
export const NO_CLOSE_CODE = 1005;

/** A message, as {@linkcode readWebSocket} gives it. */
export type WebSocketMessage =
  | { type: "text"; data: string }
  | { type: "binary"; data: Uint8Array<ArrayBuffer> }
  /** The other end closes; `code` is {@linkcode NO_CLOSE_CODE} where it gave no code. */
  | { type: "close"; code: number; reason: string }
  /** The other end breaks the protocol: the close code and reason to answer with. */
  | { type: "fault"; code: number; reason: string };

const TYPES = { text: 0x01, binary: 0x02, close: 0x08 };
const MAX_CLOSE = 125;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Writes a message: a copy of the payload behind its header.
 *
 * @param length The header's length, for a payload that does not follow. @default payload.length
 */
export function encodeMessage(
  type: keyof typeof TYPES,
  payload: Uint8Array,
  length = payload.length,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER + payload.length);
  bytes[0] = TYPES[type];
  // Without a DataView: V8 makes a buffer for each small array that one is made of.
  for (let at = HEADER - 1, left = length; at > 0; at--, left >>>= 8) bytes[at] = left;
  bytes.set(payload, HEADER);
  return bytes;
}

/**
 * Writes a CLOSE.
 *
 * @param code A code that may travel, or {@linkcode NO_CLOSE_CODE} for a CLOSE without a code.
 * @param reason At most 123 bytes of UTF-8.
 */
export function encodeClose(code: number, reason: string): Uint8Array<ArrayBuffer> {
  if (code === NO_CLOSE_CODE) return encodeMessage("close", new Uint8Array());
  return encodeMessage(
    "close",
    new Uint8Array([code >> 8, code & 0xff, ...encoder.encode(reason)]),
  );
}

/**
 * Whether a close code may travel (RFC 6455 §7.4, and IANA's registry for 1012 to 1014). 1005, 1006
 * and 1015 name conclusions of an end and stay there.
 */
export function isCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
    (code >= 3000 && code <= 4999);
}

/**
 * Reads the messages of a stream, up to and with a CLOSE or a fault. Without either it ends with the
 * stream: the connection was cut off. No two messages share memory.
 *
 * @param onGrow Called before a message takes this many bytes more of memory: in all at most twice the
 * bytes that have arrived of it. Its error ends the reading.
 * @throws {LighthouseError} The error of the stream.
 */
export async function* readWebSocket(
  readable: ReadableStream<Uint8Array>,
  onGrow: (bytes: number) => void = () => {},
): AsyncGenerator<WebSocketMessage> {
  const reader = readable.getReader();
  let rest = new Uint8Array();

  /** The next bytes, exactly `length` of them; undefined if the stream ends before. */
  async function take(length: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    let bytes = new Uint8Array();
    for (let filled = 0;;) {
      const part = rest.subarray(0, length - filled);
      rest = rest.subarray(part.length);
      // Room grows with the bytes that arrive: a header must not cost the length that it names.
      if (filled + part.length > bytes.length) {
        const grown = Math.min(length, Math.max(filled + part.length, 2 * filled));
        onGrow(grown - bytes.length);
        const room = new Uint8Array(grown);
        room.set(bytes);
        bytes = room;
      }
      bytes.set(part, filled);
      filled += part.length;
      if (filled === length) return bytes;
      const { done, value } = await reader.read();
      if (done) return undefined;
      rest = value as Uint8Array<ArrayBuffer>;
    }
  }

  try {
    for (let message: WebSocketMessage | undefined;;) {
      const header = await take(HEADER);
      if (!header) return;
      const type = header[0]!;
      const length = header.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
      message = refuse(type, length);
      if (!message) {
        const payload = await take(length);
        if (!payload) return;
        message = messageOf(type, payload);
      }
      yield message;
      if (message.type === "close" || message.type === "fault") return;
    }
  } finally {
    reader.releaseLock();
  }
}

function refuse(type: number, length: number): WebSocketMessage | undefined {
  if (!Object.values(TYPES).includes(type)) return fault(1002, `There is no message type ${type}`);
  if (length > MAX_WEBSOCKET_MESSAGE) {
    return fault(1009, `A message has at most ${MAX_WEBSOCKET_MESSAGE} bytes`);
  }
  if (type === TYPES.close && (length === 1 || length > MAX_CLOSE)) {
    return fault(1002, `A close cannot have ${length} bytes`);
  }
}

function messageOf(type: number, data: Uint8Array<ArrayBuffer>): WebSocketMessage {
  try {
    if (type === TYPES.binary) return { type: "binary", data };
    if (type === TYPES.text) return { type: "text", data: decoder.decode(data) };
    if (data.length === 0) return { type: "close", code: NO_CLOSE_CODE, reason: "" };
    const code = new DataView(data.buffer).getUint16(0);
    const reason = decoder.decode(data.subarray(2));
    if (isCloseCode(code)) return { type: "close", code, reason };
    return fault(1002, reason || `A close code cannot be ${code}`);
  } catch {
    return fault(1007, "Text is not UTF-8");
  }
}

function fault(code: number, reason: string): WebSocketMessage {
  return { type: "fault", code, reason };
}
