// Notifies systemd of the host's state: ready, status, alive.
// https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
import { execFile } from "node:child_process";
import { escapeControls } from "./terminal.ts";

/** Notifies the service manager, if there is one. */
export interface Notifier extends Disposable {
  /** The host is ready. */
  ready(): void;
  /** The status in one line for people. */
  status(text: string): void;
  /** The host is stopping. */
  stopping(): void;
}

/** Limit for sending a message, in milliseconds: the next one waits for it. */
const SEND_MS = 10_000;

/**
 * Creates the notifier. It sends keep-alives as often as `WATCHDOG_USEC` asks, for as long as the event
 * loop runs.
 *
 * Node.js has no UNIX datagram sockets, so the program `systemd-notify` sends the messages.
 *
 * @param environment `NOTIFY_SOCKET` and `WATCHDOG_USEC`, which systemd sets.
 * @param onTrouble Called once if sending fails. If `systemd-notify` is missing, no more is sent.
 */
export function createNotifier(
  environment: Record<string, string | undefined>,
  onTrouble: (error: Error) => void,
): Notifier {
  const isManaged = Boolean(environment.NOTIFY_SOCKET);
  let isBroken = !isManaged;
  let isTold = false;
  // Send one after the other: an older status must not arrive last.
  let last: Promise<void> = Promise.resolve();
  const send = (...variables: string[]) => {
    if (isBroken) return;
    last = last.then(() =>
      new Promise((resolve) => {
        execFile("systemd-notify", variables, { timeout: SEND_MS }, (error) => {
          if (error && !isTold) onTrouble(error);
          isTold ||= error !== null;
          // Go on after any other failure: it may pass, and systemd expects keep-alives.
          isBroken ||= error?.code === "ENOENT";
          resolve();
        });
      })
    );
  };
  const interval = Number(environment.WATCHDOG_USEC ?? 0) / 1000;
  const timer = isManaged && interval > 0
    ? setInterval(() => send("WATCHDOG=1"), interval / 2).unref()
    : undefined;
  return {
    ready: () => send("READY=1"),
    status: (text) => send(`STATUS=${escapeControls(text)}`),
    stopping: () => send("STOPPING=1"),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
