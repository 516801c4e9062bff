// For tests: the vectors of docs/wire.md in `testdata/frames.json`, with frames as hex bytes.
import { encodeMessage, type Frame } from "../session/frame.ts";

/** A message and its frames. */
export interface MessageVector {
  name: string;
  /** Hex with spaces for readability. */
  hex: string;
  /** Frames, with byte strings in hex. */
  frames: unknown[];
}

/** A step of a conversation: a message of one end, and whether it is lost. */
export interface Step extends MessageVector {
  from: "page" | "host";
  lost?: true;
}

/** The contents of `testdata/frames.json`. */
export interface Vectors {
  /** Messages that implementations write and read like this. */
  messages: MessageVector[];
  /** Messages that implementations read but never write. */
  lenient: MessageVector[];
  malformed: { name: string; hex: string; code: string; error: string }[];
  conversation: {
    session: string;
    answered: Step[];
    interrupted: Step[];
    resumed: Step[];
    closed: Step[];
  };
}

/** Decodes hex. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Encodes hex, without spaces. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Converts frames to the vectors' JSON. */
export function toJson(frames: Frame[]): unknown[] {
  return JSON.parse(
    JSON.stringify(frames, (_, value) => value instanceof Uint8Array ? toHex(value) : value),
  );
}

/** Encodes a vector's frames with this code. */
export function written(frames: unknown[]): string {
  const parsed = JSON.parse(JSON.stringify(frames), (key, value) => {
    return ["bytes", "session", "proof", "resumption"].includes(key) && typeof value === "string"
      ? fromHex(value)
      : value;
  });
  return toHex(encodeMessage(parsed as Frame[]));
}
