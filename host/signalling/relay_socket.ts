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
} from "../../wire/mod.ts";
import type { RelayUsage } from "./usage.ts";

/**
 * Longest wait for the handshake and for an answer to `to: "me"`, in milliseconds. A network that comes
 * back is noticed by the next attempt, while TCP repeats its own at longer and longer intervals.
 */
const OPEN_MS = 6_000;
const ECHO_MS = 5_000;

/** Options of {@linkcode RelaySocket.open}. */
export interface RelaySocketOptions {
  /** Counts what the connection costs. */
  usage?: RelayUsage;
  /** This host's name, where several share the relay. */
  host?: string;
}

/** A connection to the relay that knows its own id. */
export class RelaySocket {
  /** This connection's id at the gateway. */
  readonly connectionId: string;
  /** Resolves with the reason when the connection is over. */
  readonly closed: Promise<string>;
  /** The address of this machine that it goes out from. */
  readonly localAddress: string | undefined;
  /** Called with each message that is well-formed; what is not is dropped. */
  readonly listeners = new Set<(message: RelayMessage) => void>();
  readonly #socket: WebSocket;
  readonly #host: string | undefined;
  readonly #usage: RelayUsage | undefined;

  private constructor(
    socket: WebSocket,
    closed: Promise<string>,
    connectionId: string,
    localAddress: string | undefined,
    { usage, host }: RelaySocketOptions,
  ) {
    this.#socket = socket;
    this.localAddress = localAddress;
    this.#host = host;
    this.closed = closed;
    this.connectionId = connectionId;
    this.#usage = usage;
  }

  /**
   * Connects, and asks the relay for the connection's id.
   *
   * @throws {LighthouseError} `relay-unreachable` with what to check.
   */
  static async open(
    url: URL,
    signal: AbortSignal,
    options: RelaySocketOptions = {},
  ): Promise<RelaySocket> {
    const { usage } = options;
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

    let localAddress: string | undefined;
    socket.on("upgrade", (response) => localAddress = response.socket.localAddress);
    await new Promise<void>((resolve, reject) => {
      socket.on("open", resolve);
      socket.on("error", (error) => reject(unreachable(url, error)));
    });
    if (usage) closed.then(usage.opened());
    try {
      const connectionId = await echo(socket, signal, usage);
      usage?.received(undefined);
      const relay = new RelaySocket(socket, closed, connectionId, localAddress, options);
      socket.on("message", (data, isBinary) => relay.#receive(data.toString(), isBinary));
      return relay;
    } catch (error) {
      socket.terminate();
      throw error;
    }
  }

  /** Whether it can still send. It may not be over yet where it cannot: closing takes a while. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a signal: to the host that is registered, or to a connection where this is the host. */
  send(data: Signal, to?: string): void {
    if (this.isOpen) {
      this.#usage?.sent(to);
      this.#socket.send(formatSendSignal({ to, host: this.#host, data }));
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
      await echo(this.#socket, signal, this.#usage);
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
    this.#usage?.received(message);
    if (message) { for (const listener of this.listeners) listener(message); }
  }
}

/** Resolves with the connection's id, which the relay stamps on a message to oneself. */
async function echo(
  socket: WebSocket,
  signal: AbortSignal,
  usage: RelayUsage | undefined,
): Promise<string> {
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
    usage?.sent(ME);
    socket.send(formatSendSignal({ to: ME, data: { type: "probe", nonce } }));
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off("message", onMessage);
    socket.off("close", onClose);
    signal.removeEventListener("abort", onAbort);
  }
}

/** Whether an attempt failed at somebody who answers, and not for want of a network. */
export function isAnswered({ cause }: Error): boolean {
  return !(cause instanceof Error) || /^Unexpected server response/.test(cause.message);
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
