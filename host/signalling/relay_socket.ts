// The host's WebSocket to the relay, by ws.
import { WebSocket } from "ws";
import {
  DEFAULT_HOST,
  formatProof,
  formatProtocols,
  formatSendSignal,
  HOST_SIGNAL,
  type HostProof,
  LighthouseError,
  MAX_MESSAGE_BYTES,
  ME,
  parseRelayMessage,
  REGISTRY,
  type RegistryRequest,
  type RelayMessage,
  SEND_SIGNAL,
  type Signal,
  SUBPROTOCOL,
} from "../../wire/mod.ts";
import { isWithoutSubprotocol, noAnswer, unexpected, unreachable } from "./relay_errors.ts";
import type { RelayUsage } from "./usage.ts";

/**
 * Limit for the handshake and for the answer to `to: "me"`, in milliseconds. The next attempt notices a
 * network that is back, while TCP repeats its packets at longer and longer intervals.
 */
const OPEN_MS = 6_000;
const ECHO_MS = 5_000;

/** Limit for an answer of the registry, in milliseconds: the relay may make four requests to S3. */
const ANSWER_MS = 10_000;

/** What the relay does not do without an answer, in words. */
const ECHO = "say which connection this is";
const REGISTER = "register this host";

/** Options of {@linkcode RelaySocket.open}. */
export interface RelaySocketOptions {
  /** Counts the connection's cost. */
  usage?: RelayUsage;
  /** This host's name, if several share the relay. */
  host?: string;
  /** The admission value to show. @default none, which an open relay accepts */
  admission?: string;
  /** In its place: the proof for a relay that knows the host's key. */
  proof?: HostProof;
}

/** A connection to the relay that knows its own id. */
export class RelaySocket {
  /** This connection's id at the gateway. */
  readonly connectionId: string;
  /** Resolves with the reason when the connection has ended. */
  readonly closed: Promise<string>;
  /** The connection's address on this machine. */
  readonly localAddress: string | undefined;
  /** Called with each well-formed message that is not the registry's; others are dropped. */
  readonly listeners = new Set<(message: RelayMessage) => void>();
  /** Whether the relay knows admissions, and hosts' own route. Earlier versions do not. */
  readonly knowsAdmissions: boolean;
  readonly #socket: WebSocket;
  readonly #host: string | undefined;
  readonly #usage: RelayUsage | undefined;
  /** Takes the registry's answer, while one is awaited. */
  #onAnswer: ((message: RelayMessage) => void) | undefined;

  private constructor(
    socket: WebSocket,
    closed: Promise<string>,
    connectionId: string,
    localAddress: string | undefined,
    { usage, host }: RelaySocketOptions,
  ) {
    this.#socket = socket;
    this.knowsAdmissions = socket.protocol === SUBPROTOCOL;
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
    const { host = DEFAULT_HOST, admission: value, proof } = options;
    const shown = proof ? formatProof(host, proof) : formatProtocols({ host, value });
    try {
      return await RelaySocket.#open(url, signal, options, shown);
    } catch (error) {
      if (!isWithoutSubprotocol(error as Error)) throw error;
      // A relay of an earlier version.
      return await RelaySocket.#open(url, signal, options, []);
    }
  }

  static async #open(
    url: URL,
    signal: AbortSignal,
    options: RelaySocketOptions,
    protocols: string[],
  ): Promise<RelaySocket> {
    const { usage } = options;
    const socket = new WebSocket(url, protocols, {
      handshakeTimeout: OPEN_MS,
      maxPayload: 2 * MAX_MESSAGE_BYTES,
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
      socket.on("error", (error) => reject(unreachable(url, error, options)));
      // Otherwise, ws makes an error that has the status alone.
      socket.on("unexpected-response", (_request, { statusCode, headers: { date } }) => {
        reject(unreachable(url, unexpected(statusCode), { ...options, date }));
        socket.terminate();
      });
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

  /** Whether the connection can send. While it is closing, it cannot, though it has not ended yet. */
  get isOpen(): boolean {
    return this.#socket.readyState === WebSocket.OPEN;
  }

  /** Sends a signal to the registered host or, from the registered host, to another connection. */
  send(data: Signal, to?: string): void {
    if (!this.isOpen) return;
    const text = formatSendSignal({ to, host: this.#host, data }, routeOf(this.#socket));
    this.#usage?.sent({ to, data, bytes: text.length });
    this.#socket.send(text);
  }

  /**
   * Asks the relay's registry, one question at a time.
   *
   * @param data The question, whose answer has the same `nonce`.
   * @returns The answer, unchecked.
   * @throws {LighthouseError} The relay's refusal; `relay-unreachable` without an answer.
   */
  async ask(data: RegistryRequest, signal: AbortSignal): Promise<unknown> {
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    this.#onAnswer = (message) => {
      if (message.kind === "error") reject(new LighthouseError(message.code, message.message));
      else if (isProbe(message.data, data.nonce)) resolve(message.data);
    };
    const end = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]);
    const onEnd = () => {
      reject(
        signal.aborted
          ? signal.reason
          : noAnswer(REGISTER, `no answer within ${ANSWER_MS / 1000} s`),
      );
    };
    const onClose = () => reject(noAnswer(REGISTER, "the connection ended"));
    end.addEventListener("abort", onEnd);
    this.#socket.on("close", onClose);
    try {
      signal.throwIfAborted();
      if (!this.isOpen) throw noAnswer(REGISTER, "the connection ended");
      const text = formatSendSignal({ to: REGISTRY, host: this.#host, data }, HOST_SIGNAL);
      this.#usage?.sent({ to: REGISTRY, data, bytes: text.length });
      this.#socket.send(text);
      return await promise;
    } finally {
      this.#onAnswer = undefined;
      this.#socket.off("close", onClose);
      end.removeEventListener("abort", onEnd);
    }
  }

  /**
   * Checks that the connection carries messages both ways, and ends it if it does not.
   *
   * @param signal Ends the check; the connection stays as it is.
   * @returns Whether it carries messages.
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
    // Without a network, no close frame comes back.
    setTimeout(() => this.#socket.terminate(), 1000).unref();
  }

  #receive(text: string, isBinary: boolean): void {
    const message = isBinary ? undefined : tryParse(text);
    this.#usage?.received(message, text.length);
    if (!message) return;
    const from = message.kind === "error" ? message.to : message.from;
    if (from === REGISTRY) return this.#onAnswer?.(message);
    for (const listener of this.listeners) listener(message);
  }
}

/** Asks for the connection's id: the relay stamps it on a message to `me`. */
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
  const onClose = () => reject(noAnswer(ECHO, "the connection ended"));
  const onAbort = () => reject(signal.reason);
  const timer = setTimeout(() => reject(noAnswer(ECHO, "no answer within 5 s")), ECHO_MS);
  socket.on("message", onMessage);
  socket.on("close", onClose);
  signal.addEventListener("abort", onAbort);
  try {
    signal.throwIfAborted();
    if (socket.readyState !== WebSocket.OPEN) throw noAnswer(ECHO, "the connection ended");
    const data: Signal = { type: "probe", nonce };
    const text = formatSendSignal({ to: ME, data }, routeOf(socket));
    usage?.sent({ to: ME, data, bytes: text.length });
    socket.send(text);
    return await promise;
  } finally {
    clearTimeout(timer);
    socket.off("message", onMessage);
    socket.off("close", onClose);
    signal.removeEventListener("abort", onAbort);
  }
}

/** The route for hosts' messages, which a flood of pages' messages cannot fill. */
function routeOf({ protocol }: WebSocket): typeof SEND_SIGNAL | typeof HOST_SIGNAL {
  return protocol === SUBPROTOCOL ? HOST_SIGNAL : SEND_SIGNAL;
}

/** Whether a signal's data is the probe with the nonce. */
export function isProbe(data: unknown, nonce: string): boolean {
  return (data as { nonce?: unknown } | null)?.nonce === nonce;
}

/** Drops malformed messages: the relay sends none, and a forger gets no reaction. */
function tryParse(text: string): RelayMessage | undefined {
  try {
    return parseRelayMessage(text);
  } catch {
    return undefined;
  }
}
