// The test vectors of docs/wire.md, as `testdata/frames.json` has them: frames with their bytes in hex.
import { encodeMessage, type Frame } from "../session/frame.ts";

/** A message, and its frames. */
export interface MessageVector {
  name: string;
  /** Blanks are for people. */
  hex: string;
  /** Byte strings in hex. */
  frames: unknown[];
}

/** What happens in a conversation: a message of one end, and whether it never arrives. */
export interface Step extends MessageVector {
  from: "page" | "host";
  lost?: true;
}

/** All of `testdata/frames.json`. */
export interface Vectors {
  /** Both written and read like this. */
  messages: MessageVector[];
  /** Read, though nobody writes them. */
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

/** The bytes of hex digits. */
export function fromHex(hex: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(hex.replaceAll(" ", "").match(/../g) ?? [], (pair) => parseInt(pair, 16));
}

/** Hex digits of bytes, without blanks. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Frames as the vectors have them. */
export function toJson(frames: Frame[]): unknown[] {
  return JSON.parse(
    JSON.stringify(frames, (_, value) => value instanceof Uint8Array ? toHex(value) : value),
  );
}

/** The message of a vector's frames, written by this code. */
export function written(frames: unknown[]): string {
  const parsed = JSON.parse(JSON.stringify(frames), (key, value) => {
    return ["bytes", "session", "proof"].includes(key) && typeof value === "string"
      ? fromHex(value)
      : value;
  });
  return toHex(encodeMessage(parsed as Frame[]));
}
