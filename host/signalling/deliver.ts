// Gets the host's answer to a page, also while the relay's instances do not agree on who the host is.
//
// For up to a minute after a registration some instances of the Lambda still have the old LAPTOP_ID.
// The page's offer may come through one of them and the answer meet the other, which refuses it.
import type { RelayMessage, Signal } from "../../wire/mod.ts";
import type { RelaySocket } from "./relay_socket.ts";

/** Most attempts, of which each link makes two in turn. */
const MAX_TRIES = 8;

/** A refusal comes within this time, in milliseconds. */
const REFUSAL_MS = 2_000;

/**
 * Sends a signal to a page, again where the relay refuses it. A page may get it twice: it acts on the
 * first.
 *
 * @param first The link that the page's own signal came by.
 * @param links All that there are, the newest last; others may follow them meanwhile. Those that close
 * are left out.
 */
export async function deliver(
  signal: Signal,
  to: string,
  first: RelaySocket,
  links: Iterable<RelaySocket>,
): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const open = [first, ...[...links].reverse().filter((link) => link !== first)]
      .filter(({ isOpen }) => isOpen);
    const link = open[(tries >> 1) % open.length];
    if (!link) return;
    const refused = isRefused(link, to);
    link.send(signal, to);
    if (!await refused) return;
  }
}

/**
 * Whether the relay refuses what the link sends to a page from now on. One that has ended meanwhile
 * cannot tell, so it counts as refused.
 */
function isRefused(link: RelaySocket, to: string): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = (message: RelayMessage) => {
      if (message.kind === "error" && message.to === to) end(message.code === "not-allowed");
    };
    const timer = setTimeout(() => end(!link.isOpen), REFUSAL_MS).unref();
    link.listeners.add(listener);
    function end(answer: boolean): void {
      clearTimeout(timer);
      link.listeners.delete(listener);
      resolve(answer);
    }
  });
}
