// In the key's frame: opens streams of the session for the app's page, and passes on the bytes of each.
import { LighthouseError, type StreamOpener } from "../../wire/mod.ts";
import { joinStreams } from "../tabs/leader_streams.ts";
import { PortStream } from "../tabs/port_stream.ts";
import { type KeyApp, limitHead } from "./policy.ts";

/** Most open streams of a page: as many as the host takes of a session. */
const MAX_STREAMS = 512;

/** Streams of one page, from its port until the port is replaced. */
export class LentStreams {
  readonly #app: KeyApp;
  readonly #session: () => StreamOpener | undefined;
  readonly #streams = new Set<PortStream>();

  /** @param session The session to open streams of; undefined while there is none. */
  constructor(app: KeyApp, session: () => StreamOpener | undefined) {
    this.#app = app;
    this.#session = session;
  }

  /** Streams that are open. */
  get size(): number {
    return this.#streams.size;
  }

  /** Opens a stream, or resets it with the reason. @param head As the page has written it. */
  open(head: Uint8Array, port: MessagePort): void {
    const outer = new PortStream(port, "leader");
    try {
      const session = this.#session();
      if (!session) throw new LighthouseError("closed", "The key's frame is not connected");
      if (this.#streams.size >= MAX_STREAMS) {
        throw new LighthouseError("host-busy", `More than ${MAX_STREAMS} streams are open`);
      }
      joinStreams(outer, session.open(limitHead(head, this.#app)));
    } catch (error) {
      return outer.reset(LighthouseError.from(error, "connection-lost"));
    }
    this.#streams.add(outer);
    outer.closed.then(() => this.#streams.delete(outer));
  }

  /** Ends all streams. */
  close(): void {
    const error = new LighthouseError("connection-lost", "The page has left");
    for (const stream of this.#streams) stream.reset(error);
  }
}
