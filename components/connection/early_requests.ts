// The requests that need not wait for a connection, since they may go with the offer.
import type { LighthouseError, OpenStream, Session, StreamOpener } from "../../wire/mod.ts";
import { isSlow } from "./connection_state.ts";

/** Opens streams before the session has a connection. */
export class EarlyRequests implements StreamOpener {
  readonly #session: Session;
  readonly #opened = new Set<OpenStream>();

  constructor(session: Session) {
    this.#session = session;
  }

  /** Opens a stream, as the session's own `open` does. */
  open(head: Uint8Array): OpenStream {
    const stream = this.#session.open(head);
    this.#opened.add(stream);
    stream.closed.then(() => this.#opened.delete(stream));
    return stream;
  }

  /**
   * The attempt has failed: fails the requests as if they had waited. Those that the host may have seen go
   * on with the next attempt, if that follows soon.
   */
  fail(error: LighthouseError): void {
    if (this.#session.isBegun && !isSlow(error.code)) return;
    for (const stream of [...this.#opened]) stream.reset(error);
  }
}
