// What the session needs of a data channel, whoever provides it.

/**
 * A reliable, ordered channel of messages that is open: node-datachannel's on the host
 * (host/peer.ts), simple-peer's on the page (components/peer.ts).
 */
export interface Channel {
  /**
   * Queues a message.
   *
   * @returns false when the queue is full enough: send no more data until `ondrain`. The message
   * itself is taken in either case. After the close nothing is sent and nothing thrown.
   */
  send(message: Uint8Array<ArrayBuffer>): boolean;
  /** Closes it, and drops what is still queued. `onclose` follows. */
  close(): void;
  /** Called with each message; text is none of ours, but a peer can send it. */
  onmessage: (message: Uint8Array<ArrayBuffer> | string) => void;
  /** Called when there is room again after `send` returned false. */
  ondrain: () => void;
  /** Called once, whoever closed it. */
  onclose: () => void;
}
