// The messages of a relayed channel, before they are sealed (docs/wire.md, "Through the relay"):
//
//   next (i)     all batches below it have arrived
//   newest (i)   one more than the highest number of a message that has arrived; 0: none has
//   delay (i)    milliseconds since that message arrived
//   count (i), then count times skipped (i), there (i)
//                batches that have arrived beyond `next`, as runs: so many are missing, so many there
//   kind (1)     0 nothing follows, 1 a batch, 2 the channel closes
//   id (i)       of a batch, from 1 on; then to the end: length (i), message
//
// (i) is an integer of variable length (bytes.ts).
import { ByteReader, ByteWriter, varintLength } from "../bytes.ts";
import { LighthouseError } from "../error.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Most bytes of a message before it is sealed. Sealed, in base64url and within its envelope, it has at
 * most 32,000 bytes: one unit of API Gateway's prices, and one frame.
 */
export const MAX_BODY = 23 * 1024;

/** Most runs in an acknowledgement: the batches beyond them are sent again. */
export const MAX_RUNS = 32;

/** Most bytes of everything in a message but its batch. */
const MAX_OVERHEAD = 512;

/** Most bytes of a batch. */
export const MAX_BATCH = MAX_BODY - MAX_OVERHEAD;

/** What an end has received. */
export interface Ack {
  /** All batches below it have arrived. */
  next: number;
  /** One more than the highest number of a message that has arrived; 0: none has. */
  newest: number;
  /** Milliseconds since then. */
  delay: number;
  /** Batches that have arrived beyond `next`: how many are missing before a run, and its length. */
  runs: { skipped: number; there: number }[];
}

/** The contents of a message. */
export interface RelayedMessage {
  ack: Ack;
  /** Several of the carrier's messages, see {@linkcode joinMessages}. */
  batch?: { id: number; bytes: Bytes };
  /** The channel closes. */
  close?: boolean;
}

const KIND = { ack: 0, batch: 1, close: 2 } as const;

/** Writes the contents of a message. */
export function encodeRelayed({ ack, batch, close }: RelayedMessage): Bytes {
  const writer = new ByteWriter(MAX_BODY);
  writer.varint(ack.next);
  writer.varint(ack.newest);
  writer.varint(ack.delay);
  writer.varint(ack.runs.length);
  for (const { skipped, there } of ack.runs) {
    writer.varint(skipped);
    writer.varint(there);
  }
  writer.varint(close ? KIND.close : batch ? KIND.batch : KIND.ack);
  if (batch) {
    writer.varint(batch.id);
    writer.bytes(batch.bytes);
  }
  return writer.finish();
}

/**
 * Reads the contents of a message.
 *
 * @throws {LighthouseError} `bad-frame`.
 */
export function decodeRelayed(body: Bytes): RelayedMessage {
  const reader = new ByteReader(body);
  const ack: Ack = {
    next: reader.varint(),
    newest: reader.varint(),
    delay: reader.varint(),
    runs: [],
  };
  const count = reader.varint();
  if (count > MAX_RUNS) throw bad(`it acknowledges more than ${MAX_RUNS} runs`);
  while (ack.runs.length < count) {
    ack.runs.push({ skipped: reader.varint(), there: reader.varint() });
  }
  switch (reader.varint()) {
    case KIND.ack:
      return { ack };
    case KIND.batch:
      return { ack, batch: { id: reader.varint(), bytes: reader.bytes() } };
    case KIND.close:
      return { ack, close: true };
  }
  throw bad("its kind is unknown");
}

/** Bytes that a message takes in a batch. */
export function sizeInBatch(message: Uint8Array): number {
  return varintLength(message.length) + message.length;
}

/** Joins messages to one batch: each with its length in front. */
export function joinMessages(messages: Uint8Array[]): Bytes {
  const size = messages.reduce((sum, message) => sum + sizeInBatch(message), 0);
  const writer = new ByteWriter(size);
  for (const message of messages) {
    writer.varint(message.length);
    writer.bytes(message);
  }
  return writer.finish();
}

/** The messages of a batch. @throws {LighthouseError} `bad-frame` if one is cut short. */
export function splitMessages(batch: Bytes): Bytes[] {
  const messages: Bytes[] = [];
  for (const reader = new ByteReader(batch); reader.left > 0;) {
    messages.push(reader.bytes(reader.varint()));
  }
  return messages;
}

function bad(why: string): LighthouseError {
  return new LighthouseError("bad-frame", `Cannot read the relayed message: ${why}`);
}
