// What a session needs of a data channel, whoever provides it.

/**
 * A reliable channel of messages that is open; their order does not matter. node-datachannel's on the
 * host (host/peers/peer.ts), simple-peer's on the page (components/connection/peer.ts).
 */
export interface Channel {
  /**
   * Queues a copy of a message: the bytes are the caller's again. After the close nothing is sent or
   * thrown.
   */
  send(message: Uint8Array<ArrayBuffer>): void;
  /** Bytes queued here, not counting what is on its way. */
  readonly bufferedAmount: number;
  /** Closes it, and drops what is still queued. `onclose` follows. */
  close(): void;
  /** Called with each message; text is none of ours, but a peer can send it. */
  onmessage: (message: Uint8Array<ArrayBuffer> | string) => void;
  /** Called once, whoever closed it. */
  onclose: () => void;
}
