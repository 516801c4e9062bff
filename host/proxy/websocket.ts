// Forwards WebSockets to the backend, message by message, at the pace of the slower end.
import type { IncomingMessage } from "node:http";
import { connect as connectTo } from "node:net";
import { type ClientOptions, WebSocket } from "ws";
import {
  acceptWebSocket,
  type HeaderField,
  type HttpRequest,
  LighthouseError,
  MAX_WEBSOCKET_MESSAGE,
  NO_CLOSE_CODE,
  protocolsOf,
  readWebSocket,
  refuseWebSocket,
  type Stream,
  type WebSocketMessage,
  WebSocketWriter,
} from "../../wire/mod.ts";
import { mayReach, type Principal } from "../access/principal.ts";
import type { BackendConfig } from "../config/service_config.ts";
import type { UpstreamRequest } from "./backend.ts";
import { broken } from "./backend_errors.ts";
import { backendName, connectionOptions, PARSER } from "./connection_options.ts";
import { busy, Memory } from "./memory.ts";
import type { Services } from "./services.ts";

/** Bytes that may wait for one end before the host stops reading the other. */
const MAX_WAITING = 256 * 1024;

/** Most sockets at once, and most bytes of pages' messages in all of them: see {@linkcode SocketLimits}. */
const MAX_SOCKETS = 1024;
const MAX_OF_ONE = 256;
const MAX_HELD = 128 * 1024 * 1024;

/** Time for backends' close frames when the host stops, in milliseconds. */
const LEAVE_MS = 1000;

/** Close codes (RFC 6455 §7.4.1): the end is going away; the connection was cut off. */
const GONE = 1001;
const CUT_OFF = 1006;

/** Limits. Tests change them. */
export interface SocketLimits {
  /** Time for the backend's answer to the handshake, in milliseconds. @default 10_000 */
  open: number;
  /** Time for the backend's answer to a close, in milliseconds. @default 10_000 */
  close: number;
  /** Sockets at once. @default 1024 */
  sockets: number;
  /** Sockets of one principal at once. @default 256 */
  ofOne: number;
  /**
   * Bytes of messages, in all sockets, that are incomplete or that backends have not taken.
   * @default 134_217_728 (128 MiB)
   */
  held: number;
}

/** Forwards WebSockets to the services' backends. */
export class Sockets {
  readonly #services: Pick<Services, "find">;
  readonly #limits: SocketLimits;
  readonly #memory: Memory;
  /** Each with the id of its principal. */
  readonly #open = new Map<WebSocket, string>();

  constructor(services: Pick<Services, "find">, limits: Partial<SocketLimits> = {}) {
    this.#services = services;
    this.#limits = {
      open: 10_000,
      close: 10_000,
      sockets: MAX_SOCKETS,
      ofOne: MAX_OF_ONE,
      held: MAX_HELD,
      ...limits,
    };
    const { held } = this.#limits;
    this.#memory = new Memory("the messages", { all: held, each: held });
  }

  /** Sockets to backends that are opening, open or closing. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Serves the stream on which a page opens a WebSocket.
   *
   * @param principal Who asks.
   * @throws {LighthouseError} With which the stream is then reset.
   */
  async serve(
    request: Omit<HttpRequest, "body">,
    stream: Stream,
    principal: Principal,
  ): Promise<void> {
    stream.signal.throwIfAborted();
    const service = this.#services.find(request.target);
    if (!service?.upstream) return refuseWebSocket(stream, 404, "Not Found");
    if (!mayReach(principal, service.prefix)) return refuseWebSocket(stream, 403, "Forbidden");
    this.#checkRoom(principal);
    const { backend, config, credentials } = service.upstream;
    const upstream = backend.upstreamRequest(request, principal);
    const login = credentials.login(request.headers, principal);
    if (login?.authorization) upstream.headers.push(["Authorization", login.authorization]);
    const socket = connect(upstream, config, protocolsOf(request.headers), this.#limits);
    this.#open.set(socket, principal.id);
    socket.on("close", () => this.#open.delete(socket));
    stream.signal.addEventListener("abort", () => leave(socket));
    const name = backendName(config);
    const refusal = await opened(socket, upstream, name);
    login?.answered(refusal?.statusCode ?? 101);
    if (refusal) return refuseWebSocket(stream, refusal.statusCode!, refusal.statusMessage!);

    acceptWebSocket(stream, socket.protocol);
    const writer = sendToPage(socket, stream, name);
    const share = this.#memory.share(principal.id);
    try {
      for await (const message of readWebSocket(stream.readable, (bytes) => share.take(bytes))) {
        await sendToBackend(socket, message);
        share.release();
        if (message.type === "fault") writer.close(message.code, message.reason);
      }
      // Discard whatever follows the close.
      await stream.readable.cancel();
    } finally {
      share.release();
      // The socket is open here only if the page ended without a close message.
      leave(socket);
    }
  }

  #checkRoom({ id }: Principal): void {
    const { sockets, ofOne } = this.#limits;
    if (this.#open.size >= sockets) throw busy("has all the WebSockets");
    if (this.#open.size < ofOne) return;
    const own = [...this.#open.values()].filter((owner) => owner === id).length;
    if (own >= ofOne) throw busy("has all the WebSockets of one device");
  }

  /** Closes all sockets: pages and backends see 1001. Backends that do not answer in time are cut off. */
  async close(): Promise<void> {
    const closed = [...this.#open.keys()].map((socket) =>
      new Promise((resolve) => socket.once("close", resolve))
    );
    for (const socket of this.#open.keys()) leave(socket);
    const timer = setTimeout(() => {
      for (const socket of this.#open.keys()) socket.terminate();
    }, LEAVE_MS);
    await Promise.all(closed);
    clearTimeout(timer);
  }
}

function connect(
  { url, headers }: UpstreamRequest,
  config: BackendConfig,
  protocols: string[],
  { open, close }: SocketLimits,
): WebSocket {
  const { socketPath, ...tls } = connectionOptions(config);
  // Its types lack closeTimeout.
  const options: ClientOptions & { closeTimeout: number } = {
    ...PARSER,
    // Its types mistake checkServerIdentity.
    ...(tls as object),
    // It takes no socketPath.
    ...socketPath && { createConnection: () => connectTo(socketPath) },
    headers: Object.fromEntries(new Headers(headers)),
    handshakeTimeout: open,
    closeTimeout: close,
    maxPayload: MAX_WEBSOCKET_MESSAGE,
    perMessageDeflate: false,
  };
  try {
    return new WebSocket(url, protocols, options);
  } catch (error) {
    throw LighthouseError.from(error, "bad-request");
  }
}

/**
 * Waits for the backend's answer, and pauses the socket.
 *
 * @returns The answer if the backend refuses.
 * @throws {LighthouseError} `backend-unreachable`, `backend-timeout`, `backend-failed`.
 */
function opened(
  socket: WebSocket,
  { back }: UpstreamRequest,
  name: string,
): Promise<IncomingMessage | undefined> {
  return new Promise((resolve, reject) => {
    socket.on("upgrade", (answer) => back(fieldsOf(answer)));
    socket.on("open", () => {
      // Messages that arrive before the listener is there would be lost.
      socket.pause();
      resolve(undefined);
    });
    socket.on("unexpected-response", (_request, answer) => {
      back(fieldsOf(answer));
      resolve(answer);
      socket.terminate();
    });
    socket.on("error", (cause) => reject(failure(name, cause)));
  });
}

function failure(name: string, cause: Error): LighthouseError {
  if (!cause.message.endsWith("timed out")) return broken(cause, name);
  const message = `The backend ${name} does not answer the WebSocket's opening`;
  return new LighthouseError("backend-timeout", message, { cause });
}

/** The answer's Set-Cookie headers, for the cookie jar. */
function fieldsOf(answer: IncomingMessage): HeaderField[] {
  return (answer.headers["set-cookie"] ?? []).map((value) => ["set-cookie", value]);
}

/** Sends the backend's messages to the page, and pauses the backend while the page is behind. */
function sendToPage(socket: WebSocket, stream: Stream, name: string): WebSocketWriter {
  const writer = new WebSocketWriter(stream.writable);
  let trouble: Error | undefined;
  socket.on("message", (data: Buffer, isBinary) => {
    writer.send(isBinary ? "binary" : "text", data);
    if (writer.buffered < MAX_WAITING || socket.isPaused) return;
    socket.pause();
    writer.idle.then(() => socket.resume());
  });
  socket.on("error", (error) => trouble = error);
  socket.on("close", (code, reason) => {
    if (code !== CUT_OFF) writer.close(code, reason.toString());
    else if (trouble) writer.close(CUT_OFF, failure(name, trouble).message.slice(0, 120));
    else writer.end();
  });
  socket.resume();
  return writer;
}

/** Resolves when the backend can take more. */
async function sendToBackend(socket: WebSocket, message: WebSocketMessage): Promise<void> {
  if (message.type === "close" || message.type === "fault") {
    if (message.code === NO_CLOSE_CODE) socket.close();
    else socket.close(message.code, message.reason);
    return;
  }
  await new Promise<void>((resolve) => {
    socket.send(message.data, () => resolve());
    if (socket.bufferedAmount < MAX_WAITING) resolve();
  });
}

/** Closes a socket whose page is gone. A paused socket would not read the backend's close frame. */
function leave(socket: WebSocket): void {
  if (socket.isPaused) socket.resume();
  socket.close(GONE);
}
