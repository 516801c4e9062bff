// The way through the relay: a channel on the WebSocket that has brought the host's answer.
import {
  type ErrorCode,
  formatSendSignal,
  parseRelayMessage,
  parseSignal,
  RelayedChannel,
  type RelayedKeys,
  type RelayedPace,
} from "../../wire/mod.ts";
import type { PeerStats } from "./peer.ts";
import type { RelaySocket } from "./relay_socket.ts";

/** Options of {@linkcode RelayedWay}. */
export interface RelayedWayOptions {
  /** Has brought the answer. The way closes it. */
  socket: RelaySocket;
  /** The host's name, if several share the relay. */
  host?: string;
}

/** A channel through the relay, and the socket under it. */
export class RelayedWay {
  readonly channel: RelayedChannel;
  readonly #counts = { bytesSent: 0, bytesReceived: 0 };
  #isStarted = false;
  #isOver = false;

  constructor({ socket, host }: RelayedWayOptions) {
    this.channel = new RelayedChannel({
      send: (ct) => {
        const text = formatSendSignal({ host, data: { type: "relayed", v: 1, ct } });
        this.#counts.bytesSent += text.length;
        socket.send(text);
      },
      onEnd: () => {
        this.#isOver = true;
        socket.close();
      },
    });
  }

  /** Whether the socket is closed, or the channel. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Lets the channel send. The relay is billed from now on. */
  start(keys: RelayedKeys, pace: RelayedPace): void {
    this.#isStarted = true;
    this.channel.start(keys, pace);
  }

  /** Takes a message of the relay. It drops what is none of the channel's, such as a second answer. */
  receive(text: string): void {
    this.#counts.bytesReceived += text.length;
    try {
      const message = parseRelayMessage(text);
      if (message.kind === "error") return this.#fail(message.code);
      const signal = parseSignal(message.data);
      if (signal.type === "relayed") this.channel.receive(signal.ct);
    } catch (error) {
      console.warn("lighthouse-tunnel ignores a message of the relay:", error);
    }
  }

  /** Closes the channel and the socket. */
  close(): void {
    // Before its start, the channel has nobody to say goodbye to.
    if (this.#isStarted) this.channel.close();
    else this.end();
  }

  /** The socket has closed. */
  end(): void {
    this.channel.end();
  }

  /** Counts the channel's bytes, with those of the relay's envelopes. */
  stats(): Promise<PeerStats> {
    return Promise.resolve({ path: "relayed", ...this.#counts });
  }

  /** The relay has not forwarded a message: it was throttled, has failed, or the host is gone. */
  #fail(code: ErrorCode): void {
    if (code === "host-offline") this.end();
    else this.channel.throttled();
  }
}
