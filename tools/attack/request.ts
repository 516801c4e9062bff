// Requests as the bytes of a stream, for guests that send them piece by piece.
import { encodeHead, type HeaderField } from "../../wire/mod.ts";
import { concat } from "../../wire/bytes.ts";
import type { Frame } from "../../wire/session/frame.ts";

/** Options of {@linkcode requestFrame}. */
export interface RequestOptions {
  method?: string;
  target?: string;
  headers?: HeaderField[];
  /** Whether a body follows. @default false */
  body?: boolean;
  /** Whether it asks for a WebSocket. @default false */
  isWebSocket?: boolean;
}

/** A request's head, as the first bytes of its stream. */
function requestBytes(options: RequestOptions = {}): Uint8Array<ArrayBuffer> {
  const { method = "GET", target = "/small", headers = [], body = false, isWebSocket } = options;
  const upgrade = isWebSocket ? { upgrade: "websocket" as const } : undefined;
  const head = encodeHead({ ...upgrade, method, target, headers, body });
  return concat(lengthBytes(head.length), head);
}

/** The same as a frame. */
export function requestFrame(stream: number, options: RequestOptions = {}): Frame {
  const end = !options.body && !options.isWebSocket;
  return { type: "data", stream, offset: 0, bytes: requestBytes(options), end };
}

/** The length before a head: 32 bits, big endian. */
export function lengthBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, length);
  return bytes;
}
