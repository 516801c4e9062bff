// The leader's session, as the site's other tabs and its service worker use it.
import type { LighthouseError } from "../../wire/mod.ts";
import { PortStream } from "./port_stream.ts";
import type { OpenMessage } from "./tab_messages.ts";

/** Opens streams of the leader's session. */
export class FollowerSession {
  readonly #alive: string;
  readonly #send: (message: OpenMessage, transfer: Transferable[]) => void;
  readonly #streams = new Set<PortStream>();

  /**
   * @param alive The follower's lock: once it is free, the leader ends the follower's streams.
   * @param send Takes the message to the leader.
   */
  constructor(alive: string, send: (message: OpenMessage, transfer: Transferable[]) => void) {
    this.#alive = alive;
    this.#send = send;
  }

  /** Streams that are open. */
  get streams(): number {
    return this.#streams.size;
  }

  /** Opens a stream, as the session's own `open` does. */
  open(head: Uint8Array): PortStream {
    const { port1, port2 } = new MessageChannel();
    const stream = new PortStream(port1, "opener");
    this.#streams.add(stream);
    stream.closed.then(() => this.#streams.delete(stream));
    this.#send({ lighthouse: "open", head, port: port2, alive: this.#alive }, [port2]);
    return stream;
  }

  /** Fails all open streams: the leader is gone. */
  end(error: LighthouseError): void {
    for (const stream of this.#streams) stream.fail(error);
  }
}
