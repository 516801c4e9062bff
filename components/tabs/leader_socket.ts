// In the leader: a WebSocket of its session for a document or a worker of an app, over a port
// (port_socket.ts has the messages).
import {
  LighthouseError,
  readWebSocket,
  type StreamOpener,
  type WebSocketOpening,
  WebSocketWriter,
} from "../../wire/mod.ts";
import { openOnStream } from "../fetch/opened_socket.ts";
import type { FromLeaderSocket, ToLeaderSocket } from "./port_socket.ts";

/** Bytes of messages that the opener has not read, above which no more are read for it. */
const MAX_UNREAD = 1024 * 1024;

/** The time between reports of what was sent, while more waits, in milliseconds. */
const REPORT_MS = 50;

/** The leader's end of a WebSocket. */
export class LeaderSocket {
  /** Resolves when it has ended. Never rejects. */
  readonly closed: Promise<void>;
  readonly #port: MessagePort;
  readonly #ended = new AbortController();
  #writer: WebSocketWriter | undefined;
  /** Bytes that the opener has given, and those of them that it was told are on their way. */
  #given = 0;
  #told = 0;
  #isTelling = false;
  #unread = 0;
  #wake = () => {};

  /** @param session Called at once. Throws where there is none. */
  constructor(port: MessagePort, opening: WebSocketOpening, session: () => StreamOpener) {
    this.#port = port;
    port.onmessage = ({ data }) => this.#hear(data as ToLeaderSocket);
    this.closed = this.#run(opening, session);
  }

  /** Ends both directions at once. */
  reset(error: LighthouseError): void {
    this.#ended.abort(error);
    this.#wake();
  }

  async #run(opening: WebSocketOpening, session: () => StreamOpener): Promise<void> {
    const { signal } = this.#ended;
    try {
      const { stream, protocol } = await openOnStream(session(), opening, signal);
      this.#writer = new WebSocketWriter(stream.writable);
      this.#post({ type: "open", protocol });
      for await (const message of readWebSocket(stream.readable)) {
        const isBinary = message.type === "binary";
        if ("data" in message) this.#unread += message.data.length;
        this.#post(message, isBinary ? [message.data.buffer] : []);
        while (this.#unread > MAX_UNREAD && !signal.aborted) {
          await new Promise<void>((resolve) => this.#wake = resolve);
        }
      }
      this.#post({ type: "end" });
    } catch (error) {
      const { code, message } = LighthouseError.from(error, "connection-lost");
      this.#post({ type: "failed", code, message });
    }
    this.#writer?.abandon();
    this.#ended.abort();
    this.#port.close();
  }

  #hear(message: ToLeaderSocket): void {
    switch (message.type) {
      case "close":
        return this.#writer?.close(message.code, message.reason);
      case "taken":
        this.#unread -= message.bytes;
        return this.#wake();
      case "reset":
        return this.reset(new LighthouseError("aborted", message.message));
      default: {
        const { type, data } = message;
        this.#given += data instanceof Blob ? data.size : data.length;
        this.#writer?.send(type, data);
        void this.#tell();
      }
    }
  }

  /** Tells the opener what is on its way, until nothing waits. */
  async #tell(): Promise<void> {
    if (this.#isTelling || !this.#writer) return;
    this.#isTelling = true;
    const { signal } = this.#ended;
    while (this.#told < this.#given && !signal.aborted) {
      await Promise.race([this.#writer.idle, new Promise((wake) => setTimeout(wake, REPORT_MS))]);
      const bytes = this.#given - this.#writer.buffered - this.#told;
      this.#told += bytes;
      if (bytes > 0) this.#post({ type: "sent", bytes });
    }
    this.#isTelling = false;
  }

  #post(message: FromLeaderSocket, transfer: Transferable[] = []): void {
    this.#port.postMessage(message, transfer);
  }
}
