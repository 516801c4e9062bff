// Closes connections that say nothing: a page that has its answer closes its own, so what stays idle is
// a forgotten tab or somebody who runs up the bill. API Gateway would keep them for ten minutes, as it does
// with those that carry a session: a page would have to pay for messages that only keep its own.
//
// Best effort: an instance of the Lambda knows only the connections that it has seen opened, and closes
// them while it handles other events.
import { DEFAULT_HOST } from "../wire/signal/envelope.ts";
import { parseProtocols } from "../wire/signal/admission.ts";
import type { GatewayEvent } from "./event.ts";
import type { Lookup } from "./relay.ts";

/** Time without a message after which a connection is closed, in milliseconds. A page waits for 10 s. */
const IDLE_MS = 120_000;

/** Most connections that an instance remembers, and most that it closes at one event. */
const MAX_KNOWN = 1_000;
const MAX_CLOSED = 3;

/** In a message of a session. */
const RELAYED = /"type"\s*:\s*"relayed"/;

/** A connection that was opened. */
interface Known {
  /** The host that it named. */
  host: string;
  /** When it said something last, in milliseconds since 1970. */
  heard: number;
}

/** The connections that an instance of the Lambda has seen opened, the longest silent ones first. */
export class IdleConnections {
  readonly #known = new Map<string, Known>();

  /**
   * Takes note of an event, and closes connections that have been silent for two minutes, but for
   * registered hosts. Never rejects.
   *
   * @param close Closes a connection. Never rejects.
   * @param now In milliseconds since 1970.
   */
  async sweep(
    event: GatewayEvent,
    lookup: Lookup,
    close: (connectionId: string) => Promise<void>,
    now = Date.now(),
  ): Promise<void> {
    this.#note(event, now);
    const silent: [string, Known][] = [];
    for (const each of this.#known) {
      if (silent.length === MAX_CLOSED || now - each[1].heard < IDLE_MS) break;
      silent.push(each);
    }
    await Promise.all(silent.map(async ([id, { host }]) => {
      this.#known.delete(id);
      const registered = await lookup(host, { fresh: true }).catch(() => id);
      if (registered !== id) await close(id);
    }));
  }

  #note(event: GatewayEvent, now: number): void {
    const { kind, connectionId: id } = event;
    const known = this.#known.get(id);
    this.#known.delete(id);
    if (kind === "connect") {
      const { host } = parseProtocols(event.protocols) ?? { host: DEFAULT_HOST };
      this.#known.set(id, { host, heard: now });
      if (this.#known.size > MAX_KNOWN) this.#known.delete(this.#known.keys().next().value!);
    } else if (kind === "message" && known && !RELAYED.test(event.body ?? "")) {
      this.#known.set(id, { ...known, heard: now });
    }
  }
}
