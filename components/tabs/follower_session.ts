// The session of another tab, as its service worker and the site's other tabs use it.
import type { LighthouseError } from "../../wire/mod.ts";
import { PortStream } from "./port_stream.ts";
import type { OpenMessage } from "./tab_messages.ts";

/** Opens streams of a session that another tab holds. */
export class FollowerSession {
  readonly #alive: string;
  readonly #send: (message: OpenMessage, transfer: Transferable[]) => void;
  readonly #streams = new Set<PortStream>();

  /**
   * @param alive The lock of this end: its leader ends what this end leaves behind.
   * @param send Takes the message to the leader.
   */
  constructor(alive: string, send: (message: OpenMessage, transfer: Transferable[]) => void) {
    this.#alive = alive;
    this.#send = send;
  }

  /** Streams open now. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Opens a stream: as the session's own `open`. */
  open(head: Uint8Array): PortStream {
    const { port1, port2 } = new MessageChannel();
    const stream = new PortStream(port1, "opener");
    this.#streams.add(stream);
    stream.closed.then(() => this.#streams.delete(stream));
    this.#send({ lighthouse: "open", head, port: port2, alive: this.#alive }, [port2]);
    return stream;
  }

  /** Fails what is open: the leader is gone. */
  end(error: LighthouseError): void {
    for (const stream of this.#streams) stream.fail(error);
  }
}
