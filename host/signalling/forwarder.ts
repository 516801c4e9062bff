// Sends and takes the messages of sessions through the relay. Each may be lost: the channels repeat it.
//
// Only the registered connection of the host may address pages. While one follows another, the relay's
// instances disagree which that is: a refused message tells to use the other one.
import type { RelayMessage } from "../../wire/mod.ts";
import type { RelaySocket } from "./relay_socket.ts";

/** Takes what the relay says about sessions through it. */
export interface RelayedEvents {
  /** A page has sent a signal. @param from Its connection. @param data Any value whose type is `relayed`. */
  receive(from: string, data: unknown): void;
  /** A page's connection has ended. */
  gone(from: string): void;
  /** The gateway has dropped a message, since there were too many. */
  throttled(): void;
}

/** The part of {@linkcode RelaySocket} that is used. */
export type ForwardingSocket = Pick<RelaySocket, "isOpen" | "send">;

/** The sessions' way to the relay. */
export class Forwarder {
  readonly #connections: Iterable<ForwardingSocket>;
  readonly #events: RelayedEvents | undefined;
  /** The connection to send by. */
  #current: ForwardingSocket | undefined;

  /** @param connections All open connections, the newest last; others may follow. */
  constructor(connections: Iterable<ForwardingSocket>, events: RelayedEvents | undefined) {
    this.#connections = connections;
    this.#events = events;
  }

  /** The relay knows a connection as the host's. */
  isRegistered(connection: ForwardingSocket): void {
    this.#current = connection;
  }

  /** Sends a sealed text to a page, unless there is no connection. */
  send(ct: string, to: string): void {
    if (!this.#current?.isOpen) this.#current = this.#other();
    this.#current?.send({ type: "relayed", v: 1, ct }, to);
  }

  /** Takes a message of the relay. @returns Whether it concerns a session only. */
  receive(message: RelayMessage, connection: ForwardingSocket): boolean {
    if (message.kind === "error") {
      if (message.isThrottled) this.#events?.throttled();
      else if (message.to !== undefined && message.code === "peer-gone") {
        this.#events?.gone(message.to);
      } else if (message.code === "not-allowed" && connection === this.#current) {
        this.#current = this.#other() ?? connection;
      }
      return false;
    }
    const { from, data } = message;
    if ((data as { type?: unknown } | null)?.type !== "relayed") return false;
    if (from !== undefined) this.#events?.receive(from, data);
    return true;
  }

  /** The newest open connection that is not the current one. */
  #other(): ForwardingSocket | undefined {
    return [...this.#connections].findLast((each) => each.isOpen && each !== this.#current);
  }
}
