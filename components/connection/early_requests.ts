// The requests that need not wait for a connection, since they may go with the offer.
import {
  LighthouseError,
  type OpenStream,
  type Session,
  type StreamOpener,
} from "../../wire/mod.ts";
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
   * The attempt has failed. Whoever has sent requests that the host cannot have seen waits again, and may send
   * them with the next attempt. Those that the host may have seen go on with that, if it follows soon.
   */
  fail(error: LighthouseError): void {
    const { isBegun } = this.#session;
    if (isBegun && !isSlow(error.code)) return;
    const reason = isBegun ? error : new LighthouseError("refused", error.message);
    for (const stream of [...this.#opened]) stream.reset(reason);
  }
}
