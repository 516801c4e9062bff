// WebSockets on the session of the tab that leads, as the app's documents and workers open them: through
// the service worker.
import { LighthouseError } from "../../wire/mod.ts";
import type { OpenSocket } from "../fetch/opened_socket.ts";
import { holdLifetimeLock, lifetimeEnd } from "../tabs/lifetime_lock.ts";
import { PortSocket } from "../tabs/port_socket.ts";
import { type Broadcast, groupOf, type SocketMessage } from "../tabs/tab_messages.ts";

/** Takes a message to the service worker. */
export type PostToWorker = (message: SocketMessage, transfer: Transferable[]) => void;

/**
 * Opens sockets. Nothing happens before the first call of what this returns.
 *
 * @param scope The URL of the service worker's scope.
 */
export function borrowSockets(scope: string, post: PostToWorker): OpenSocket {
  const sockets = new Set<PortSocket>();
  let leader: string | undefined;

  const end = () => {
    const error = new LighthouseError(
      "connection-lost",
      "The tab that held the connection is gone",
    );
    for (const socket of sockets) socket.fail(error);
  };
  const hear = (message: Broadcast) => {
    if (message.lighthouse !== "state" || message.alive === leader) return;
    // Sockets are the leader's own: those of one before end with it.
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
  let joined: Promise<string> | undefined;
  return async (opening, signal) => {
    const alive = await (joined ??= join());
    signal.throwIfAborted();
    const { port1, port2 } = new MessageChannel();
    const socket = new PortSocket(port1);
    sockets.add(socket);
    const abort = () => socket.reset(LighthouseError.from(signal.reason, "aborted"));
    signal.addEventListener("abort", abort);
    socket.closed.then(() => {
      sockets.delete(socket);
      signal.removeEventListener("abort", abort);
    });
    post({ lighthouse: "socket", opening, port: port2, alive }, [port2]);
    return await socket.opened;
  };
}
