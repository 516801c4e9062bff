// Gets the host's answer to a page, also while the relay's instances do not agree on who the host is.
//
// For up to a minute after a registration some instances of the Lambda still have the old LAPTOP_ID.
// The page's offer may come through one of them and the answer meet the other, which refuses it.
import type { RelayMessage, Signal } from "../wire/mod.ts";
import type { RelaySocket } from "./relay_socket.ts";

/** Most attempts, of which each link makes two in turn. */
const MAX_TRIES = 8;

/** A refusal comes within this time, in milliseconds. */
const REFUSAL_MS = 2_000;

/**
 * Sends a signal to a page, again where the relay refuses it. A page may get it twice: it acts on the
 * first.
 *
 * @param links Links that are open: the one that the page's own signal came by, then the others.
 */
export async function deliver(signal: Signal, to: string, links: RelaySocket[]): Promise<void> {
  for (let tries = 0; tries < MAX_TRIES && links.length > 0; tries++) {
    const link = links[(tries >> 1) % links.length]!;
    const refused = isRefused(link, to);
    link.send(signal, to);
    if (!await refused) return;
  }
}

/** Whether the relay refuses what the link sends to a page from now on. */
function isRefused(link: RelaySocket, to: string): Promise<boolean> {
  return new Promise((resolve) => {
    const listener = (message: RelayMessage) => {
      if (message.kind === "error" && message.to === to) end(message.code === "not-allowed");
    };
    const timer = setTimeout(() => end(false), REFUSAL_MS).unref();
    link.listeners.add(listener);
    function end(answer: boolean): void {
      clearTimeout(timer);
      link.listeners.delete(listener);
      resolve(answer);
    }
  });
}
