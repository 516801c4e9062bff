// Delivers the host's answer to a page, also while the relay's instances disagree on the host.
//
// For up to a minute after a registration, some instances of the Lambda still have the old LAPTOP_ID. The
// offer may come through one instance, and the answer reach another, which refuses it. And the gateway's
// throttle, which sessions through the relay use as well, drops messages without saying which.
import { setTimeout as sleep } from "node:timers/promises";
import type { RelayMessage, Signal } from "../../wire/mod.ts";
import type { RelaySocket } from "./relay_socket.ts";

/** Most attempts. Each connection makes two in turn. */
const MAX_TRIES = 8;

/** Time within which a refusal comes, in milliseconds. */
const REFUSAL_MS = 2_000;

/**
 * Pause after the gateway has dropped a message, in milliseconds; it grows by as much each time, so that it
 * becomes long enough for all messages that were sent at once.
 */
const THROTTLED_MS = 250;

/**
 * Sends a signal to a page, and sends it again if the relay refuses it. A page that gets it twice acts on
 * the first.
 *
 * @param first The connection that the page's own signal came by.
 * @param connections All open connections, the newest last; others may follow them meanwhile. Those
 * that close are left out.
 */
export async function deliver(
  signal: Signal,
  to: string,
  first: RelaySocket,
  connections: Iterable<RelaySocket>,
): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const open = [first, ...[...connections].reverse().filter((connection) => connection !== first)]
      .filter(({ isOpen }) => isOpen);
    const connection = open[(tries >> 1) % open.length];
    if (!connection) return;
    const fate = fateOf(connection, to);
    connection.send(signal, to);
    switch (await fate) {
      case "delivered":
        return;
      case "throttled":
        await sleep(THROTTLED_MS * (tries + 0.5 + Math.random()));
    }
  }
}

/**
 * What becomes of the connection's next message to a page. A connection that ends meanwhile counts as
 * refused; a message that was dropped may have been another.
 */
function fateOf(
  connection: RelaySocket,
  to: string,
): Promise<"delivered" | "refused" | "throttled"> {
  return new Promise((resolve) => {
    const listener = (message: RelayMessage) => {
      if (message.kind !== "error") return;
      if (message.isThrottled) end("throttled");
      else if (message.to === to) end(message.code === "not-allowed" ? "refused" : "delivered");
    };
    const timer = setTimeout(() => end(connection.isOpen ? "delivered" : "refused"), REFUSAL_MS)
      .unref();
    connection.listeners.add(listener);
    function end(fate: "delivered" | "refused" | "throttled"): void {
      clearTimeout(timer);
      connection.listeners.delete(listener);
      resolve(fate);
    }
  });
}
