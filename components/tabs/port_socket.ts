// One WebSocket over a MessagePort: how documents and workers of an app use the leader's session. The
// leader speaks the wire's protocol; here are messages only, so the script in the app's documents is small.
//
//     opener                                   leader
//       ── the port, with the opening ────────▶   (tab_messages.ts, "socket")
//       ◀── open ─────────────────────────────   with the subprotocol
//       ── text, binary ── … close ───────────▶
//       ◀── sent ── … ────────────────────────   so many bytes are on their way
//       ◀── text, binary ── … close ── end ────
//       ── taken ── … ────────────────────────▶   so many bytes were read
//       ── reset ─────────────────────────────▶
//       ◀── failed ───────────────────────────
import { LighthouseError, type WebSocketMessage } from "../../wire/mod.ts";
import type { OpenedSocket, SocketWriter } from "../fetch/opened_socket.ts";

/** What the opener posts. */
export type ToLeaderSocket =
  | { type: "text" | "binary"; data: Uint8Array<ArrayBuffer> | Blob }
  | { type: "close"; code?: number; reason?: string }
  | { type: "taken"; bytes: number }
  | { type: "reset"; code: string; message: string };

/** What the leader posts. */
export type FromLeaderSocket =
  | { type: "open"; protocol: string }
  | { type: "sent"; bytes: number }
  | WebSocketMessage
  | { type: "end" }
  | { type: "failed"; code: LighthouseError["code"]; message: string };

/** The opener's end. */
export class PortSocket implements OpenedSocket {
  /** Resolves when the backend has accepted. Rejects with the leader's reason. */
  readonly opened: Promise<PortSocket>;
  readonly messages: AsyncIterable<WebSocketMessage>;
  readonly writer: SocketWriter;
  /** Resolves when nothing more can come. */
  readonly closed: Promise<void>;
  protocol = "";

  readonly #port: MessagePort;
  readonly #opened = Promise.withResolvers<PortSocket>();
  readonly #closed = Promise.withResolvers<void>();
  readonly #unread: WebSocketMessage[] = [];
  #wake = () => {};
  #failure: LighthouseError | undefined;
  #isOver = false;

  constructor(port: MessagePort) {
    this.#port = port;
    this.opened = this.#opened.promise;
    this.closed = this.#closed.promise;
    this.messages = this.#read();
    this.writer = {
      buffered: 0,
      send: (type, data) => this.#send(type, data),
      close: (code, reason) => this.#post({ type: "close", code, reason }),
      // The leader does that itself, where the other end's direction ends.
      abandon: () => {},
    };
    port.onmessage = ({ data }) => this.#hear(data as FromLeaderSocket);
  }

  reset(error: LighthouseError): void {
    this.#post({ type: "reset", code: error.code, message: error.message });
    this.fail(error);
  }

  /** Ends both directions at this end only: the other is gone, or knows. */
  fail(error: LighthouseError): void {
    if (this.#isOver) return;
    this.#failure = error;
    this.#opened.reject(error);
    this.#end();
  }

  #hear(message: FromLeaderSocket): void {
    switch (message.type) {
      case "open":
        this.protocol = message.protocol;
        return this.#opened.resolve(this);
      case "sent":
        (this.writer as { buffered: number }).buffered -= message.bytes;
        return;
      case "failed":
        return this.fail(new LighthouseError(message.code, message.message));
      case "end":
        return this.#end();
      default:
        this.#unread.push(message);
        this.#wake();
    }
  }

  async *#read(): AsyncGenerator<WebSocketMessage> {
    for (;;) {
      const message = this.#unread.shift();
      if (message) {
        yield message;
        if ("data" in message) this.#post({ type: "taken", bytes: message.data.length });
      } else if (this.#failure) throw this.#failure;
      else if (this.#isOver) return;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  #send(type: "text" | "binary", data: Uint8Array | Blob): void {
    const isBlob = data instanceof Blob;
    (this.writer as { buffered: number }).buffered += isBlob ? data.size : data.length;
    // A copy: the bytes are the page's own, and may be a part of a large buffer.
    const bytes = isBlob ? data : new Uint8Array(data);
    this.#post({ type, data: bytes }, bytes instanceof Blob ? [] : [bytes.buffer]);
  }

  #post(message: ToLeaderSocket, transfer: Transferable[] = []): void {
    if (!this.#isOver) this.#port.postMessage(message, transfer);
  }

  #end(): void {
    this.#isOver = true;
    this.#port.close();
    this.#wake();
    this.#closed.resolve();
  }
}

/** Refuses a WebSocket that cannot be opened. @param port The opener's. */
export function refuseSocket(port: MessagePort, { code, message }: LighthouseError): void {
  port.postMessage({ type: "failed", code, message } satisfies FromLeaderSocket);
  port.close();
}
