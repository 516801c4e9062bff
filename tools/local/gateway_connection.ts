// An open WebSocket of the development gateway, with its limits, timers and counters. Users do not deploy
// it.
import type { Duplex } from "node:stream";
import type { WebSocket } from "ws";
import type { Ending, EventSource } from "./gateway_events.ts";
import { watchFrames } from "./gateway_frames.ts";

/** Longest message, in bytes: https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-execution-service-websocket-limits-table.html */
export const MAX_MESSAGE = 128 * 1024;
const MAX_FRAME = 32 * 1024;
/** AWS bills a message per started 32 KiB: https://aws.amazon.com/api-gateway/pricing/ */
const BILLED_UNIT = 32 * 1024;
/** Limit of queued bytes for a client that does not read. */
const MAX_QUEUED = 1024 * 1024;
/** Deadline for a client's answer to a close frame, in milliseconds. */
const CLOSE_TIMEOUT = 1_000;

/** The gateway's counters of one connection. "In" means from the client. */
export interface ConnectionCounts {
  /** Id of the connection. */
  readonly connectionId: string;
  /** The handshake's `Origin`, if it has one. */
  readonly origin: string | undefined;
  /** Time of the upgrade request, in milliseconds since 1970. */
  readonly connectedAt: number;
  /** Time of the last message in either direction, in milliseconds since 1970. */
  readonly lastActiveAt: number;
  /** Messages from the client. */
  readonly messagesIn: number;
  /** Messages to the client, including the gateway's own replies. */
  readonly messagesOut: number;
  /** {@linkcode messagesIn} in units of 32 KiB, as AWS bills them. */
  readonly unitsIn: number;
  /** {@linkcode messagesOut} in units of 32 KiB, as AWS bills them. */
  readonly unitsOut: number;
}

/** Options of {@linkcode Connection}. */
export interface ConnectionOptions {
  /** The handshake's `Origin`. */
  origin: string | undefined;
  /** Idle time after which the connection is closed, in milliseconds. */
  idleTimeout: number;
  /** Limit for the connection, idle or not, in milliseconds. */
  lifetime: number;
  /** Called for each text message. */
  onMessage: (text: string) => void;
  /** Called once, when the connection has closed. */
  onClose: (ending: Ending) => void;
}

/** An open connection. */
export class Connection implements ConnectionCounts {
  /** The connection's part of events. */
  readonly source: EventSource;
  readonly origin: string | undefined;
  lastActiveAt = Date.now();
  messagesIn = 0;
  messagesOut = 0;
  unitsIn = 0;
  unitsOut = 0;
  /** Resolves when the connection has closed. */
  readonly closed: Promise<void>;
  readonly #socket: WebSocket;
  readonly #idleTimer: NodeJS.Timeout;
  #closeTimer: NodeJS.Timeout | undefined;
  #ending: Ending | undefined;

  /**
   * @param socket The newly opened WebSocket.
   * @param stream Its underlying stream, for the sizes of frames.
   */
  constructor(socket: WebSocket, stream: Duplex, source: EventSource, options: ConnectionOptions) {
    this.source = source;
    this.origin = options.origin;
    this.#socket = socket;
    this.#idleTimer = setTimeout(() => this.close(1001, "Going away"), options.idleTimeout);
    const lifeTimer = setTimeout(() => this.close(1001, "Going away"), options.lifetime);
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;

    const checkFrame = watchFrames((length) => {
      if (length > MAX_FRAME) this.close(1009, "Message too big");
    });
    stream.prependListener("data", checkFrame);
    socket.on("message", (data, isBinary) => {
      if (this.#ending) return;
      if (isBinary) return this.close(1003, "Binary messages are not supported");
      const text = data.toString();
      this.messagesIn++;
      this.unitsIn += billedUnits(text);
      this.#touch();
      options.onMessage(text);
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "WS_ERR_UNSUPPORTED_MESSAGE_LENGTH") return;
      this.#ending ??= { code: 1009, reason: "Message too big" };
    });
    socket.on("close", (code, reason) => {
      clearTimeout(this.#idleTimer);
      clearTimeout(lifeTimer);
      clearTimeout(this.#closeTimer);
      resolve();
      options.onClose(this.#ending ?? { code, reason: reason.toString() });
    });
  }

  /** Id of the connection. */
  get connectionId(): string {
    return this.source.connectionId;
  }

  /** Time of the upgrade request, in milliseconds since 1970. */
  get connectedAt(): number {
    return this.source.connectedAt;
  }

  /**
   * Sends a text message.
   *
   * @returns Whether the connection was open.
   */
  send(text: string): boolean {
    if (this.#ending || this.#socket.readyState !== this.#socket.OPEN) return false;
    if (this.#socket.bufferedAmount > MAX_QUEUED) {
      this.#socket.terminate();
      return false;
    }
    this.messagesOut++;
    this.unitsOut += billedUnits(text);
    this.#touch();
    this.#socket.send(text);
    return true;
  }

  /** Starts the closing handshake, and ignores further messages of the client. */
  close(code: number, reason: string): void {
    this.#ending ??= { code, reason };
    this.#socket.close(code, reason);
    this.#closeTimer ??= setTimeout(() => this.#socket.terminate(), CLOSE_TIMEOUT);
  }

  #touch(): void {
    this.lastActiveAt = Date.now();
    this.#idleTimer.refresh();
  }
}

/** Number of messages that AWS bills for one. */
export function billedUnits(text: string): number {
  return Math.max(1, Math.ceil(Buffer.byteLength(text) / BILLED_UNIT));
}
