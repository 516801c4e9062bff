// Integers and byte strings of the wire format (docs/wire.md, "Notation").
import { LighthouseError } from "./error.ts";

/**
 * Bytes of an integer of variable length: the two highest bits of the first byte say how many bytes
 * there are, 1, 2, 4 or 8 (RFC 9000 §16). Up to 2^53-1, which JavaScript's numbers hold exactly.
 */
export function varintLength(value: number): 1 | 2 | 4 | 8 {
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x40000000 ? 4 : 8;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Writes messages into a buffer of a fixed size, one after the other. */
export class ByteWriter {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #length = 0;
  #limit: number;

  /** @param size Most bytes of any message. */
  constructor(size: number) {
    this.#bytes = new Uint8Array(size);
    this.#view = new DataView(this.#bytes.buffer);
    this.#limit = size;
  }

  /** Bounds the messages from the next one on, to fewer bytes than there are. */
  limit(bytes: number): void {
    this.#limit = Math.min(bytes, this.#bytes.length);
  }

  /** Bytes written so far. */
  get length(): number {
    return this.#length;
  }

  /** Bytes that still fit. */
  get room(): number {
    return this.#limit - this.#length;
  }

  /** @throws {RangeError} If it does not fit. */
  varint(value: number): void {
    const length = varintLength(value);
    switch (length) {
      case 1:
        this.#view.setUint8(this.#length, value);
        break;
      case 2:
        this.#view.setUint16(this.#length, value | 0x4000);
        break;
      case 4:
        this.#view.setUint32(this.#length, (value | 0x80000000) >>> 0);
        break;
      case 8:
        this.#view.setUint32(this.#length, (Math.floor(value / 2 ** 32) | 0xc0000000) >>> 0);
        this.#view.setUint32(this.#length + 4, value >>> 0);
        break;
    }
    this.#length += length;
  }

  /** @throws {RangeError} If they do not fit. */
  bytes(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** The message written: a view, not a copy. The next message overwrites it. */
  finish(): Uint8Array<ArrayBuffer> {
    const message = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return message;
  }
}

/** Reads from the start of a message to its end. */
export class ByteReader {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #view: DataView;
  #offset = 0;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  /** Bytes not read yet. */
  get left(): number {
    return this.#bytes.length - this.#offset;
  }

  /** @throws {LighthouseError} `bad-frame` when it is cut short, or above 2^53-1. */
  varint(): number {
    if (this.left < 1) throw cutShort();
    const first = this.#view.getUint8(this.#offset);
    const length = 1 << (first >> 6);
    if (this.left < length) throw cutShort();
    const at = this.#offset;
    this.#offset += length;
    switch (length) {
      case 1:
        return first;
      case 2:
        return this.#view.getUint16(at) & 0x3fff;
      case 4:
        return this.#view.getUint32(at) & 0x3fffffff;
    }
    const value = (this.#view.getUint32(at) & 0x3fffffff) * 2 ** 32 + this.#view.getUint32(at + 4);
    if (value > Number.MAX_SAFE_INTEGER) {
      throw new LighthouseError("bad-frame", "Cannot read the message: an integer exceeds 2^53-1");
    }
    return value;
  }

  /**
   * The next bytes: a view, not a copy.
   *
   * @throws {LighthouseError} `bad-frame` when there are fewer.
   */
  bytes(length = this.left): Uint8Array<ArrayBuffer> {
    if (this.left < length) throw cutShort();
    const bytes = this.#bytes.subarray(this.#offset, this.#offset + length);
    this.#offset += length;
    return bytes;
  }
}

/** The UTF-8 of a text, cut between characters after at most `max` bytes. */
export function utf8(text: string, max: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(max);
  return bytes.subarray(0, encoder.encodeInto(text, bytes).written);
}

/** The text of UTF-8. @throws {LighthouseError} `bad-frame` when the bytes are no UTF-8. */
export function fromUtf8(bytes: Uint8Array): string {
  try {
    return decoder.decode(bytes);
  } catch (cause) {
    throw new LighthouseError("bad-frame", "Cannot read the message: a text is not UTF-8", {
      cause,
    });
  }
}

function cutShort(): LighthouseError {
  return new LighthouseError("bad-frame", "Cannot read the message: it is cut short");
}

/** Concatenates byte arrays. */
export function concat(...parts: Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
