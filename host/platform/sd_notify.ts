// Tells systemd how the host is: ready, what it does, and that it is alive.
// https://www.freedesktop.org/software/systemd/man/latest/sd_notify.html
import { execFile } from "node:child_process";

/** Tells the service manager. Without one, nothing is told. */
export interface Notifier extends Disposable {
  /** The host is up. */
  ready(): void;
  /** What it does, in one line for people. */
  status(text: string): void;
  /** It is about to end. */
  stopping(): void;
}

/** Time for a message, in milliseconds: the next waits for it. */
const PATIENCE_MS = 10_000;

/**
 * Makes the notifier, which says that the host is alive as often as `WATCHDOG_USEC` asks for: it does
 * so for as long as the event loop turns.
 *
 * Node.js has no datagram sockets of UNIX, so `systemd-notify`, which is where systemd is, sends them.
 *
 * @param environment `NOTIFY_SOCKET` and `WATCHDOG_USEC`, as systemd sets them.
 * @param onTrouble Told once, when that does not work. Without a `systemd-notify` no more is sent.
 */
export function createNotifier(
  environment: Record<string, string | undefined>,
  onTrouble: (error: Error) => void,
): Notifier {
  const isManaged = Boolean(environment.NOTIFY_SOCKET);
  let isBroken = !isManaged;
  let isTold = false;
  // One after the other: a status that is overtaken would stay.
  let last: Promise<void> = Promise.resolve();
  const send = (...variables: string[]) => {
    if (isBroken) return;
    last = last.then(() =>
      new Promise((resolve) => {
        execFile("systemd-notify", variables, { timeout: PATIENCE_MS }, (error) => {
          if (error && !isTold) onTrouble(error);
          isTold ||= error !== null;
          // Any other failure may pass, and systemd must go on hearing of the host.
          isBroken ||= error?.code === "ENOENT";
          resolve();
        });
      })
    );
  };
  const patience = Number(environment.WATCHDOG_USEC ?? 0) / 1000;
  const timer = isManaged && patience > 0
    ? setInterval(() => send("WATCHDOG=1"), patience / 2).unref()
    : undefined;
  return {
    ready: () => send("READY=1"),
    status: (text) => send(`STATUS=${text.replaceAll("\n", " ")}`),
    stopping: () => send("STOPPING=1"),
    [Symbol.dispose]: () => clearInterval(timer),
  };
}
