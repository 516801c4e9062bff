// The part of a data channel that a session needs.

/**
 * A reliable channel of messages that is open; their order does not matter. node-datachannel's on the
 * host (host/peers/peer.ts), simple-peer's on the page (components/connection/peer.ts), and
 * {@linkcode MeteredChannel}.
 */
export interface Channel {
  /**
   * Queues a copy of a message: the caller may reuse the bytes. Does nothing after the close.
   */
  send(message: Uint8Array<ArrayBuffer>): void;
  /** Bytes queued here, without those on their way. */
  readonly bufferedAmount: number;
  /**
   * Of a channel that is not open yet (early_channel.ts): most bytes of a message, and of the queue from
   * which on nothing more is sent. @default those of an open channel
   */
  readonly limits?: { readonly message: number; readonly queue: number };
  /** Closes the channel and drops the queue. `onclose` follows. */
  close(): void;
  /** Called with each message. Text is no message of the protocol, but a peer can send it. */
  onmessage: (message: Uint8Array<ArrayBuffer> | string) => void;
  /** Called once, whichever end closed the channel. */
  onclose: () => void;
  /** Whether each message costs money, see {@linkcode MeteredChannel}. @default false */
  readonly isMetered?: boolean;
  /**
   * Whether the transport paces itself and fills a path of any length, as QUIC does: then it carries the
   * session alone while the other end is heard over it. See striped_channel.ts. @default false
   */
  readonly isPaced?: boolean;
}

/** A channel on which each message costs money: what can wait shares one. See relayed_channel.ts. */
export interface MeteredChannel extends Channel {
  readonly isMetered: true;
  /** Bytes of the largest message that would leave now; 0 while any would wait. */
  readonly room: number;
  /** Called when there is room again. */
  onroom: () => void;
  /** The measured round-trip time in milliseconds, undefined before the first. */
  readonly roundTripTime: number | undefined;
}

/** Whether each message of a channel costs money. */
export function isMetered(channel: Channel): channel is MeteredChannel {
  return channel.isMetered === true;
}
