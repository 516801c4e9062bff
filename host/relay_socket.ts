// The host's WebSocket to the relay: the one file that knows ws.
import { WebSocket } from "ws";
import {
  formatSendSignal,
  LighthouseError,
  MAX_MESSAGE_BYTES,
  ME,
  parseRelayMessage,
  type RelayMessage,
  type Signal,
} from "../wire/mod.ts";

/** Longest wait for the handshake and for an answer to `to: "me"`, in milliseconds. */
const OPEN_MS = 10_000;
const ECHO_MS = 5_000;

/** A connection to the relay that knows its own id. */
export class RelaySocket {
  /** This connection's id at the gateway. */
  readonly connectionId: string;
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<string>;
  /** Called with each message that is well-formed; what is not is dropped. */
  readonly listeners = new Set<(message: RelayMessage) => void>();
  readonly #socket: WebSocket;

  private constructor(socket: WebSocket, closed: Promise<string>, connectionId: string) {
    this.#socket = socket;
    this.closed = closed;
    this.connectionId = connectionId;
  }

  /**
   * Connects, and asks the relay for the connection's id.
   *
   * @throws {LighthouseError} `relay-unreachable` with what to check.
   */
  static async open(url: URL, signal: AbortSignal): Promise<RelaySocket> {
    const socket = new WebSocket(url, {
      handshakeTimeout: OPEN_MS,
      maxPayload: 4 * MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
    });
    const closed = new Promise<string>((resolve) => {
      socket.on("close", (code, reason) => resolve(`${code} ${reason}`.trim()));
    });
    const abort = () => socket.terminate();
    signal.addEventListener("abort", abort);
    closed.then(() => signal.removeEventListener("abort", abort));

    await new Promise<void>((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("error", (error) => reject(unreachable(url, error)));
    });
    try {
      const connectionId = await echo(socket, signal);
      const relay = new RelaySocket(socket, closed, connectionId);
      socket.on("message", (data, isBinary) => relay.#receive(data.toString(), isBinary));
      return relay;
    } catch (error) {
      socket.terminate();
      throw error;
    }
  }

  /** Sends a signal: to the host that is registered, or to a connection where this is the host. */
  send(data: Signal, to?: string): void {
    if (this.#socket.readyState === WebSocket.OPEN) {
      this.#socket.send(formatSendSignal({ to, data }));
    }
  }

  /**
   * Checks that the connection carries messages both ways, and ends it where it does not.
   *
   * @param signal Gives the check up; the connection then stays as it is.
   * @returns Whether it does.
   */
  async check(signal: AbortSignal): Promise<boolean> {
    try {
      await echo(this.#socket, signal);
      return true;
    } catch {
      if (!signal.aborted) this.#socket.terminate();
      return false;
    }
  }

  /** Ends the connection. */
  close(): void {
    this.#socket.close(1000);
    // A network that is gone answers no close.
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }

  #receive(text: string, isBinary: boolean): void {
    const message = isBinary ? undefined : tryParse(text);
    if (message) { for (const listener of this.listeners) listener(message); }
  }
}

/** Resolves with the connection's id, which the relay stamps on a message to oneself. */
async function echo(socket: WebSocket, signal: AbortSignal): Promise<string> {
  const nonce = crypto.randomUUID();
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const onMessage = (data: { toString(): string }) => {
    const message = tryParse(data.toString());
    if (message?.kind !== "signal" || message.from === undefined) return;
    if (isProbe(message.data, nonce)) resolve(message.from);
  };
  const onClose = () => reject(noAnswer("the connection ended"));
  const onAbort = () => reject(signal.reason);
  const timer = setTimeout(() => reject(noAnswer("no answer within 5 s")), ECHO_MS);
  socket.on("message", onMessage);
  socket.on("close", onClose);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    if (socket.readyState !== WebSocket.OPEN) throw noAnswer("the connection ended");
    socket.send(formatSendSignal({ to: ME, data: { type: "probe", nonce } }));
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off("message", onMessage);
    socket.off("close", onClose);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Whether a signal's data is the probe with that nonce. */
export function isProbe(data: unknown, nonce: string): boolean {
  return (data as { nonce?: unknown } | null)?.nonce === nonce;
}

/** The relay itself says nothing malformed; whoever can forge its messages gets no reaction. */
function tryParse(text: string): RelayMessage | undefined {
  try {
    return parseRelayMessage(text);
  } catch {
    return undefined;
  }
}

function noAnswer(why: string): LighthouseError {
  return new LighthouseError(
    "relay-unreachable",
    `The relay does not say which connection this is: ${why}. Is it a Lighthouse relay, and up?`,
  );
}

function unreachable(url: URL, cause: Error): LighthouseError {
  return new LighthouseError(
    "relay-unreachable",
    `Cannot connect to ${url.href}: ${cause.message || (cause as { code?: string }).code}`,
    { cause },
  );
}
