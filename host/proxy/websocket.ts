// Forwards WebSockets to backends: opens and closes them. websocket_messages.ts carries their messages.
import type { IncomingMessage } from "node:http";
import { connect as connectTo } from "node:net";
import type { DuplexOptions } from "node:stream";
import { type ClientOptions, WebSocket } from "ws";
import {
  acceptWebSocket,
  type HeaderField,
  type HttpRequest,
  LighthouseError,
  MAX_WEBSOCKET_MESSAGE,
  protocolsOf,
  refuseWebSocket,
  type Stream,
} from "../../wire/mod.ts";
import { Memory } from "../access/memory.ts";
import type { Principal } from "../access/principal.ts";
import { busy, type ShareLimits, Shares } from "../access/shares.ts";
import type { BackendConfig } from "../config/service_config.ts";
import type { UpstreamRequest } from "./backend.ts";
import { backendName, connectionOptions, PARSER } from "./connection_options.ts";
import { mayAsk, takeCookies } from "./documents.ts";
import type { Services } from "./services.ts";
import { sendToBackend, sendToPage, socketFailure } from "./websocket_messages.ts";

/** Most sockets of a host at once. */
const SOCKETS: ShareLimits = { own: 8, each: 256, all: 1024 };

/** Time for backends' close frames when the host stops, or a page left that was behind, in milliseconds. */
const LEAVE_MS = 1000;

/** The close code of an end that is going away (RFC 6455 §7.4.1). */
const GONE = 1001;

/** Times, in milliseconds. Tests change them. */
export interface SocketTimes {
  /** Time for the backend's answer to the handshake. @default 10_000 */
  open: number;
  /** Time for the backend's answer to a close. @default 10_000 */
  close: number;
}

/** A message that passes. */
export interface SocketMessage {
  from: "page" | "backend";
  isBinary: boolean;
  data: Uint8Array;
}

/** Sees a socket that passes. */
export interface SocketWatcher {
  /** The backend has answered the opening; 101 accepts it. */
  answered(status: number, headers: HeaderField[]): void;
  message(message: SocketMessage): void;
  /** The backend's end is closed. @param code See RFC 6455 §7.4.1 */
  closed(code: number, reason: string): void;
  /** The socket could not be opened. */
  failed(error: unknown): void;
}

/** Options of {@linkcode Sockets}. */
export interface SocketsOptions {
  /** Called for each socket that a page opens. @default nobody looks on */
  watch?: (request: Omit<HttpRequest, "body">, principal: Principal) => SocketWatcher;
  /** Holds messages that are incomplete, or that an end has not taken. @default the sockets' own */
  memory?: Memory;
  times?: Partial<SocketTimes>;
  /** Most sockets at once. Replaces the defaults, for tests. */
  limits?: Partial<ShareLimits>;
}

/** Forwards WebSockets to the services' backends. */
export class Sockets {
  readonly #services: Pick<Services, "find">;
  readonly #watch: SocketsOptions["watch"];
  readonly #times: SocketTimes;
  readonly #memory: Memory;
  readonly #shares: Shares;
  readonly #open = new Set<WebSocket>();

  constructor(services: Pick<Services, "find">, options: SocketsOptions = {}) {
    const { memory = new Memory(), times, limits, watch } = options;
    this.#watch = watch;
    this.#services = services;
    this.#times = { open: 10_000, close: 10_000, ...times };
    this.#memory = memory;
    this.#shares = new Shares({ ...SOCKETS, ...limits });
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
    const watcher = this.#watch?.(request, principal);
    try {
      await this.#serve(request, stream, principal, watcher);
    } catch (error) {
      watcher?.failed(error);
      throw error;
    }
  }

  async #serve(
    request: Omit<HttpRequest, "body">,
    stream: Stream,
    principal: Principal,
    watcher: SocketWatcher | undefined,
  ): Promise<void> {
    stream.signal.throwIfAborted();
    const refuse = (status: number, statusText: string) => {
      watcher?.answered(status, []);
      refuseWebSocket(stream, status, statusText);
    };
    const service = this.#services.find(request.target);
    if (!service?.upstream) return refuse(404, "Not Found");
    if (!mayAsk(principal, service.prefix, request.headers)) return refuse(403, "Forbidden");
    const answerFields = takeCookies(request, principal, this.#services.find);
    const { backend, config, credentials } = service.upstream;
    const upstream = backend.upstreamRequest(request, principal);
    const login = credentials.login(request.headers, principal);
    if (login?.authorization) upstream.headers.push(["Authorization", login.authorization]);
    const socket = this.#connect(upstream, config, protocolsOf(request.headers), principal);
    stream.signal.addEventListener("abort", () => leave(socket));
    const name = backendName(config);
    const answer = await opened(socket, upstream, name);
    const { statusCode, statusMessage, socket: connection } = answer;
    login?.answered(statusCode!);
    if (statusCode !== 101) return refuse(statusCode!, statusMessage!);
    if (watcher) look(socket, answer, watcher);

    acceptWebSocket(stream, socket.protocol, answerFields(service));
    const page = { connection, stream };
    const writer = sendToPage(socket, { ...page, name, share: this.#memory.share(principal) });
    const onMessage = watcher &&
      ((isBinary: boolean, data: Uint8Array) => watcher.message({ from: "page", isBinary, data }));
    const share = this.#memory.share(principal);
    await sendToBackend(socket, { ...page, writer, share, onMessage })
      // The socket is open here only if the page ended without a close message.
      .finally(() => leave(socket));
  }

  /** @throws {LighthouseError} `host-busy` if there are too many sockets; `bad-request`. */
  #connect(
    upstream: UpstreamRequest,
    config: BackendConfig,
    protocols: string[],
    principal: Principal,
  ): WebSocket {
    if (!this.#shares.take(principal, 1)) throw busy("has all the WebSockets");
    try {
      const socket = connect(upstream, config, protocols, this.#times);
      this.#open.add(socket);
      socket.on("close", () => {
        this.#open.delete(socket);
        this.#shares.give(principal, 1);
      });
      return socket;
    } catch (error) {
      this.#shares.give(principal, 1);
      throw error;
    }
  }

  /** Closes all sockets: pages and backends see 1001. Backends that do not answer in time are cut off. */
  async close(): Promise<void> {
    const closed = [...this.#open].map((socket) =>
      new Promise((resolve) => socket.once("close", resolve))
    );
    for (const socket of this.#open) leave(socket);
    const timer = setTimeout(() => {
      for (const socket of this.#open) socket.terminate();
    }, LEAVE_MS);
    await Promise.all(closed);
    clearTimeout(timer);
  }
}

function connect(
  { url, headers }: UpstreamRequest,
  config: BackendConfig,
  protocols: string[],
  { open, close }: SocketTimes,
): WebSocket {
  const { socketPath, ...tls } = connectionOptions(config);
  // Its types lack closeTimeout.
  const options: ClientOptions & { closeTimeout: number } & DuplexOptions = {
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
    // A socket that is paused holds less.
    readableHighWaterMark: 16 * 1024,
  };
  try {
    return new WebSocket(url, protocols, options);
  } catch (error) {
    throw LighthouseError.from(error, "bad-request");
  }
}

/**
 * Waits for the backend's answer, and pauses the socket. The status is 101 if the backend accepts.
 *
 * @throws {LighthouseError} `backend-unreachable`, `backend-timeout`, `backend-failed`.
 */
function opened(
  socket: WebSocket,
  { back }: UpstreamRequest,
  name: string,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    socket.on("upgrade", (answer) => {
      back(fieldsOf(answer));
      socket.on("open", () => {
        // Messages that arrive before the listener is there would be lost.
        socket.pause();
        resolve(answer);
      });
    });
    socket.on("unexpected-response", (_request, answer) => {
      back(fieldsOf(answer));
      resolve(answer);
      socket.terminate();
    });
    socket.on("error", (cause) => reject(socketFailure(name, cause)));
  });
}

/** Tells a watcher what the backend's end does. */
function look(socket: WebSocket, { headers }: IncomingMessage, watcher: SocketWatcher): void {
  const fields = Object.entries(headers).map(([name, value]): HeaderField => [name, String(value)]);
  watcher.answered(101, fields);
  socket.on("message", (data: Buffer, isBinary) => {
    watcher.message({ from: "backend", isBinary, data });
  });
  socket.on("close", (code, reason) => watcher.closed(code, reason.toString()));
}

/** The answer's Set-Cookie headers, for the cookie jar. */
function fieldsOf(answer: IncomingMessage): HeaderField[] {
  return (answer.headers["set-cookie"] ?? []).map((value) => ["set-cookie", value]);
}

/**
 * Closes a socket whose page is gone. A paused one reads no close frame of the backend, before which much
 * may come: it is cut off a little later.
 */
function leave(socket: WebSocket): void {
  if (socket.isPaused) setTimeout(() => socket.terminate(), LEAVE_MS).unref();
  socket.close(GONE);
}
