// What the inspector records of a WebSocket.
import type { SocketMessage } from "../proxy/websocket.ts";

/** Most bytes of a recorded message, and of all recorded messages of a socket: the oldest are dropped. */
export const MAX_MESSAGE = 4 * 1024;
const MAX_BYTES = 64 * 1024;

/** What a message takes besides its bytes. */
const OVERHEAD = 64;

/** A recorded message. */
export interface SeenMessage {
  /** Milliseconds since the opening. */
  after: number;
  from: SocketMessage["from"];
  isBinary: boolean;
  bytes: number;
  /** The first of them. */
  kept: Uint8Array;
}

/** The messages of a socket, up to now. */
export class SeenSocket {
  /** Messages and their bytes, by the end that has sent them. */
  readonly counts = { page: { messages: 0, bytes: 0 }, backend: { messages: 0, bytes: 0 } };
  /** The newest messages, the newest last; none if they are not recorded. */
  readonly messages: SeenMessage[] = [];
  /** How it has ended, where a close came; see RFC 6455 §7.4. */
  close?: { code: number; reason: string };
  readonly #started = performance.now();
  #size = 0;

  /** Records a message. @returns The bytes by which the record has grown, or shrunk. */
  add({ from, isBinary, data }: SocketMessage, isKept: boolean): number {
    const count = this.counts[from];
    count.messages++;
    count.bytes += data.length;
    if (!isKept) return 0;
    const before = this.#size;
    const kept = data.slice(0, MAX_MESSAGE);
    const after = performance.now() - this.#started;
    this.messages.push({ after, from, isBinary, bytes: data.length, kept });
    this.#size += kept.length + OVERHEAD;
    while (this.#size > MAX_BYTES) {
      this.#size -= this.messages.shift()!.kept.length + OVERHEAD;
    }
    return this.#size - before;
  }
}
