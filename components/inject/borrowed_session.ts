// The session of the tab that leads, as the app's documents and workers use it: through the service worker.
import { LighthouseError } from "../../wire/mod.ts";
import type { Connect } from "../fetch/fetch.ts";
import { FollowerSession } from "../tabs/follower_session.ts";
import { holdLifetimeLock, lifetimeEnd } from "../tabs/lifetime_lock.ts";
import { type Broadcast, groupOf, type OpenMessage } from "../tabs/tab_messages.ts";

/** Takes a message to the service worker. */
export type PostToWorker = (message: OpenMessage, transfer: Transferable[]) => void;

/**
 * Borrows the session. Nothing happens before the first call of what this returns.
 *
 * @param scope The URL of the service worker's scope.
 */
export function borrowSession(scope: string, post: PostToWorker): Connect {
  let session: FollowerSession | undefined;
  let leader: string | undefined;

  const end = () => {
    session?.end(
      new LighthouseError("connection-lost", "The tab that held the connection is gone"),
    );
    session = undefined;
  };
  const hear = (message: Broadcast) => {
    if (message.lighthouse !== "state" || message.alive === leader) return;
    // Streams are the leader's own: those of one before end with it.
    if (leader !== undefined) end();
    const { alive } = message;
    leader = alive;
    lifetimeEnd(alive).then(() => {
      if (leader !== alive) return;
      leader = undefined;
      end();
    }, () => {});
  };
  const join = () => {
    const channel = new BroadcastChannel(groupOf(scope));
    channel.onmessage = ({ data }) => hear(data as Broadcast);
    channel.postMessage({ lighthouse: "who" } satisfies Broadcast);
    return holdLifetimeLock();
  };
  let alive: Promise<string> | undefined;
  return async () => {
    alive ??= join();
    const own = await alive;
    return session ??= new FollowerSession(own, post);
  };
}
