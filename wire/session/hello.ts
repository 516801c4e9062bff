// HELLO: an end's introduction on each new carrier (docs/wire.md, "HELLO").
//
// A list of fields, each `key (i), length (i), value`. Readers skip unknown keys; known ones appear once.
//
//   key           value
//   0x01 version  (i): 1
//   0x02 session  16 bytes
//   0x04 mode     (i): 0 new, 1 resume, 2 join
//   0x05 streams  (i): streams open at once that the sender accepts
//   0x06 credit   (i): bytes of a new stream that the sender takes before its first CREDIT
//   0x07 next     (i): the lowest stream that the sender may still open
//   0x08 held     per stream: stream (i), received (i), limit (i); limit 0: the direction is over
//   0x09 proof    32 bytes: proves whose the connection is
//   0x0a resumption  32 bytes: lets the page's next offer carry its first messages
import { ByteReader, ByteWriter, varintLength } from "../bytes.ts";
import { LighthouseError } from "../error.ts";

/** The version of the protocol. */
const VERSION = 1;

/** What an end holds of the direction that it receives. `limit` 0: it needs nothing more of it. */
export interface Held {
  stream: number;
  received: number;
  limit: number;
}

/**
 * - `new`: the sender knows nothing of an earlier state of the session;
 * - `resume`: the carrier takes the place of all earlier ones, and `held` says where to go on;
 * - `join`: the carrier joins the present ones.
 */
export type HelloMode = typeof modes[number];

/** An end's introduction. */
export interface Hello {
  /** Names the session: 128 random bits of the page, a secret between the two ends. */
  session: Uint8Array;
  mode: HelloMode;
  /** Streams open at once that the sender accepts. */
  streams: number;
  /** Bytes of a new stream that the sender takes before its first CREDIT. */
  credit: number;
  /** The lowest stream that the sender may still open: lower ones have ended, or are in `held`. */
  next: number;
  /** All streams that the sender knows, in any order. */
  held: Held[];
  /** From a page, on a connection that it has offered through the relay: see proof.ts. */
  proof?: Uint8Array;
  /** From a host to a device: a secret for one later offer, see wire/signal/early.ts. */
  resumption?: Uint8Array<ArrayBuffer>;
}

/** Bytes of a session's name. */
export const ID_BYTES = 16;

/** Bytes of a proof, and of a resumption secret. */
export const PROOF_BYTES = 32;
export const RESUMPTION_BYTES = 32;

/** Most streams that a HELLO can list. */
export const MAX_HELD = 2048;

/** What every end accepts, and what counts until its HELLO is there. */
export const INITIAL_LIMITS = { streams: 128, credit: 64 * 1024 } as const;

const modes = ["new", "resume", "join"] as const;

const KEY = {
  version: 0x01,
  session: 0x02,
  mode: 0x04,
  streams: 0x05,
  credit: 0x06,
  next: 0x07,
  held: 0x08,
  proof: 0x09,
  resumption: 0x0a,
} as const;

/** The body of a HELLO frame. */
export function encodeHello(hello: Hello): Uint8Array<ArrayBuffer> {
  const writer = new ByteWriter(128 + hello.held.length * 24);
  const integer = (key: number, value: number) => {
    writer.varint(key);
    writer.varint(varintLength(value));
    writer.varint(value);
  };
  const bytes = (key: number, value: Uint8Array) => {
    writer.varint(key);
    writer.varint(value.length);
    writer.bytes(value);
  };
  integer(KEY.version, VERSION);
  bytes(KEY.session, hello.session);
  integer(KEY.mode, modes.indexOf(hello.mode));
  integer(KEY.streams, hello.streams);
  integer(KEY.credit, hello.credit);
  integer(KEY.next, hello.next);
  if (hello.held.length > 0) bytes(KEY.held, encodeHeld(hello.held));
  if (hello.proof) bytes(KEY.proof, hello.proof);
  if (hello.resumption) bytes(KEY.resumption, hello.resumption);
  return writer.finish();
}

function encodeHeld(held: Held[]): Uint8Array {
  const writer = new ByteWriter(held.length * 24);
  for (const { stream, received, limit } of held) {
    writer.varint(stream);
    writer.varint(received);
    writer.varint(limit);
  }
  return writer.finish();
}

/**
 * Reads the body of a HELLO frame.
 *
 * @throws {LighthouseError} `bad-frame` with the field that was wrong, or the version.
 */
export function decodeHello(body: Uint8Array<ArrayBuffer>): Hello {
  const fields = new Map<number, ByteReader>();
  for (const reader = new ByteReader(body); reader.left > 0;) {
    const key = reader.varint();
    const value = new ByteReader(reader.bytes(reader.varint()));
    if (fields.has(key)) throw bad(`field ${key} is there twice`);
    // Unknown ones are not kept: there can be many.
    if (key <= KEY.resumption) fields.set(key, value);
  }
  const integer = (key: number, fallback: number) => fields.get(key)?.varint() ?? fallback;
  const version = integer(KEY.version, 0);
  if (version !== VERSION) {
    throw bad(`it speaks version ${version}, not ${VERSION}: update the older side`);
  }
  const session = fields.get(KEY.session)?.bytes().slice();
  if (session?.length !== ID_BYTES) throw bad(`its session is not of ${ID_BYTES} bytes`);
  const mode = modes[integer(KEY.mode, 0)];
  if (!mode) throw bad("its mode is unknown");
  const secret = (key: number, name: string, length: number) => {
    const value = fields.get(key)?.bytes().slice();
    if (value && value.length !== length) throw bad(`its ${name} is not of ${length} bytes`);
    return value;
  };
  const proof = secret(KEY.proof, "proof", PROOF_BYTES);
  const resumption = secret(KEY.resumption, "resumption secret", RESUMPTION_BYTES);
  return {
    session,
    mode,
    streams: Math.max(integer(KEY.streams, 0), INITIAL_LIMITS.streams),
    credit: Math.max(integer(KEY.credit, 0), INITIAL_LIMITS.credit),
    next: integer(KEY.next, 1),
    held: decodeHeld(fields.get(KEY.held)),
    ...proof && { proof },
    ...resumption && { resumption },
  };
}

function decodeHeld(value: ByteReader | undefined): Held[] {
  const held: Held[] = [];
  while (value && value.left > 0) {
    if (held.length === MAX_HELD) throw bad(`it lists more than ${MAX_HELD} streams`);
    held.push({ stream: value.varint(), received: value.varint(), limit: value.varint() });
  }
  return held;
}

function bad(why: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot read the HELLO: ${why}`);
}
