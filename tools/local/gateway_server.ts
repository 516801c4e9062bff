// A development stand-in for an API Gateway WebSocket API, between a Lambda and its clients. Users do not
// deploy it.
//
// As on AWS: `$request.body.action` selects the route ($connect, $disconnect, sendSignal, hostSignal; no
// $default), the upgrade waits for $connect, messages invoke the Lambda concurrently, the client does not
// get the Lambda's result for a message, only messages reset the idle timer, and each route may have a
// throttle of its own.
// Unlike AWS: no TLS, no signatures, at most 1,000 connections, no integration timeout of 29 s (the
// function has its own). Undocumented details are guesses, such as the reasons in close frames.
//
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-overview.html
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";
import { type WebSocket, WebSocketServer } from "ws";
import { TokenBucket } from "../../host/access/token_bucket.ts";
import type { RouteKey, Throttle } from "../../stack/throttles.ts";
import { listen } from "../testing/listen.ts";
import {
  billedUnits,
  Connection,
  type ConnectionCounts,
  MAX_MESSAGE,
} from "./gateway_connection.ts";
import {
  connectEvent,
  disconnectEvent,
  type Ending,
  type EventSource,
  gatewayMessage,
  messageEvent,
  randomId,
  splitUrl,
} from "./gateway_events.ts";
import { answerManagementRequest } from "./gateway_management.ts";

/** The API's own routes, besides the predefined ones. */
const ROUTES: unknown[] = ["sendSignal", "hostSignal"];
/** Most connections, open or pending. (AWS limits new ones, to 500 a second.) */
const MAX_CONNECTIONS = 1_000;

/** Options of {@linkcode startGateway}. */
export interface GatewayOptions {
  /** The Lambda: gets each event, and returns the handler's answer. */
  invoke: (event: unknown) => Promise<unknown>;
  /** Port to listen on; 0 for any free one. @default 0 */
  port?: number;
  /** Stage of the API: the path that clients connect to. @default "prod" */
  stage?: string;
  /** Idle time after which a connection is closed, in milliseconds. @default 600_000 */
  idleTimeout?: number;
  /** Limit for a connection, idle or not, in milliseconds. @default 7_200_000 */
  lifetime?: number;
  /** The throttle of each route, such as those of stack/throttles.ts. @default none */
  throttles?: Partial<Record<RouteKey, Throttle>>;
  /** Called for each event of the connections. */
  onActivity?: (activity: GatewayActivity) => void;
}

/** An event at the gateway. The counters of `connection` change further. */
export type GatewayActivity =
  | { type: "open"; connection: ConnectionCounts }
  | { type: "refuse"; origin: string | undefined; status: number }
  | { type: "in"; connection: ConnectionCounts; text: string }
  | { type: "out"; connection: ConnectionCounts; text: string }
  | { type: "close"; connection: ConnectionCounts; code: number; reason: string };

/** The gateway's counters since its start. "In" means from the clients. */
export interface GatewayCounts {
  /** Connections opened. */
  readonly connects: number;
  /** Upgrades refused. */
  readonly refused: number;
  /** Messages from clients. */
  readonly messagesIn: number;
  /** Messages to clients, including the gateway's own replies. */
  readonly messagesOut: number;
  /** {@linkcode messagesIn} in units of 32 KiB, as AWS bills them. */
  readonly unitsIn: number;
  /** {@linkcode messagesOut} in units of 32 KiB, as AWS bills them. */
  readonly unitsOut: number;
}

/** Injected faults. Unset at first; set and unset them at any time. */
export interface GatewayFaults {
  /** Returns a status for a post to an open connection; undefined delivers the message. */
  post?: (connectionId: string, body: string) => number | undefined;
  /** Whether to drop a client's message before the Lambda. */
  dropMessage?: (connectionId: string, text: string) => boolean;
  /** Gives what arrives in place of a message, in both directions: nothing, it twice, or another text. */
  alter?: (text: string) => string[];
  /** Delay of messages in both directions, in milliseconds, or of each: then one overtakes another. */
  delay?: number | (() => number);
}

/** A listening gateway. */
export interface Gateway extends AsyncDisposable {
  /** The clients' URL: `ws://127.0.0.1:PORT/prod`. */
  readonly url: string;
  /**
   * The Lambda's URL for posts, for `AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI`: `http://127.0.0.1:PORT`.
   */
  readonly endpoint: string;
  /** Its port. */
  readonly port: number;
  /** The open connections by id. */
  readonly connections: ReadonlyMap<string, ConnectionCounts>;
  /** Totals, including closed connections. */
  readonly counts: GatewayCounts;
  /** The injected faults. */
  readonly faults: GatewayFaults;
  /** Closes all connections (1001) and the server, without invoking `$disconnect`. */
  close(): Promise<void>;
}

/**
 * Starts a gateway in front of a Lambda.
 *
 * @throws {Error} If the port is not available.
 *
 * @example
 * ```ts
 * await using gateway = await startGateway({ invoke: (event) => relay.invoke(event) });
 * const socket = new WebSocket(gateway.url);
 * ```
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  const server = createServer();
  const { port } = await listen(server, options.port);
  return new GatewayServer(server, port, options);
}

/** A {@linkcode Gateway} on a listening HTTP server. */
class GatewayServer implements Gateway {
  readonly url: string;
  readonly endpoint: string;
  readonly port: number;
  readonly connections = new Map<string, Connection>();
  readonly counts = {
    connects: 0,
    refused: 0,
    messagesIn: 0,
    messagesOut: 0,
    unitsIn: 0,
    unitsOut: 0,
  };
  readonly faults: GatewayFaults = {};
  readonly #options: GatewayOptions;
  readonly #domainName: string;
  readonly #stage: string;
  readonly #server: Server;
  readonly #upgrader = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    // AWS selects a subprotocol only if the answer to $connect names one:
    // https://docs.aws.amazon.com/apigateway/latest/developerguide/websocket-connect-route-subprotocol.html
    handleProtocols: (_offered, request) => this.#protocols.get(request) ?? false,
  });
  /** The subprotocols that the Lambda has selected. */
  readonly #protocols = new WeakMap<IncomingMessage, string>();
  readonly #buckets: Map<string, TokenBucket>;
  readonly #pending = new Set<Duplex>();
  #closed = false;

  /**
   * @param server A listening HTTP server without handlers.
   * @param port Its port on 127.0.0.1.
   */
  constructor(server: Server, port: number, options: GatewayOptions) {
    this.#options = options;
    this.#buckets = new Map(
      Object.entries(options.throttles ?? {}).map(([route, { rate, burst }]) => [
        route,
        new TokenBucket(burst, rate),
      ]),
    );
    this.#stage = options.stage ?? "prod";
    this.#server = server;
    this.port = port;
    this.#domainName = `127.0.0.1:${port}`;
    this.url = `ws://${this.#domainName}/${this.#stage}`;
    this.endpoint = `http://${this.#domainName}`;
    server.on("upgrade", (request, socket, head) => this.#connect(request, socket, head));
    server.on("request", (request, response) => {
      answerManagementRequest(request, response, {
        stage: this.#stage,
        find: (id) => this.connections.get(id),
        post: (connection, body) => this.#post(connection, body),
      }).catch(() => response.destroy());
    });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const stopped = once(this.#server, "close");
    this.#server.close();
    this.#server.closeAllConnections();
    for (const socket of this.#pending) socket.destroy();
    const open = [...this.connections.values()];
    for (const connection of open) connection.close(1001, "Going away");
    await Promise.all([stopped, ...open.map((connection) => connection.closed)]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** Asks the Lambda whether to open a connection, while the client waits. */
  async #connect(request: IncomingMessage, socket: Duplex, head: Buffer): Promise<void> {
    socket.on("error", () => socket.destroy());
    const userAgent = request.headers["user-agent"];
    const source: EventSource = {
      connectionId: randomId(),
      connectedAt: Date.now(),
      identity: { sourceIp: request.socket.remoteAddress ?? "", ...userAgent && { userAgent } },
      domainName: this.#domainName,
      stage: this.#stage,
    };

    let status = 403;
    const isFull = this.#pending.size + this.connections.size >= MAX_CONNECTIONS;
    if (isFull || this.#throttles("$connect")) {
      status = 429;
    } else if (splitUrl(request.url!)[0].replace(/\/$/, "") === `/${this.#stage}`) {
      this.#pending.add(socket);
      // AWS answers 502 to the client if a handler throws, users report:
      // https://github.com/serverless/serverless-websockets-plugin/issues/13
      const answer = await this.#invoke(connectEvent(source, request))
        .catch(() => ({ status: 502, headers: {} }));
      this.#pending.delete(socket);
      status = answer.status;
      const protocol = new Headers(answer.headers).get("sec-websocket-protocol");
      if (protocol !== null) this.#protocols.set(request, protocol);
    }

    const { origin } = request.headers;
    if (this.#closed || socket.destroyed) {
      socket.destroy();
    } else if (status >= 200 && status <= 299) {
      this.#upgrader.handleUpgrade(request, socket, head, (webSocket) => {
        this.#open(webSocket, socket, source, origin);
      });
    } else {
      this.counts.refused++;
      this.#report({ type: "refuse", origin, status });
      socket.end(refusal(status, source.connectionId), () => socket.destroy());
    }
  }

  #open(
    webSocket: WebSocket,
    stream: Duplex,
    source: EventSource,
    origin: string | undefined,
  ): void {
    const { idleTimeout = 600_000, lifetime = 7_200_000 } = this.#options;
    const connection: Connection = new Connection(webSocket, stream, source, {
      origin,
      idleTimeout,
      lifetime,
      onMessage: (text) => this.#receive(connection, text),
      onClose: (ending) => this.#disconnect(connection, ending),
    });
    this.connections.set(connection.connectionId, connection);
    this.counts.connects++;
    this.#report({ type: "open", connection });
  }

  async #receive(connection: Connection, text: string): Promise<void> {
    const { connectionId } = connection;
    this.counts.messagesIn++;
    this.counts.unitsIn += billedUnits(text);
    this.#report({ type: "in", connection, text });
    if (this.faults.dropMessage?.(connectionId, text)) return;
    await Promise.all(this.#altered(text).map((each) => this.#route(connection, each)));
  }

  async #route(connection: Connection, text: string): Promise<void> {
    const { connectionId } = connection;
    await this.#late();

    const route = selectRoute(text);
    if (route === undefined) {
      this.#send(connection, gatewayMessage("Forbidden", connectionId));
      return;
    }
    if (this.#throttles(route)) {
      this.#send(connection, gatewayMessage("Too Many Requests", connectionId));
      return;
    }
    try {
      await this.#invoke(messageEvent(connection.source, route, text));
    } catch {
      this.#send(connection, gatewayMessage("Internal server error", connectionId));
    }
  }

  async #post(connection: Connection, body: string): Promise<number> {
    const fault = this.faults.post?.(connection.connectionId, body);
    if (fault !== undefined) return fault;
    const sent = await Promise.all(
      this.#altered(body).map(async (text) => {
        await this.#late();
        return this.#send(connection, text);
      }),
    );
    return sent.includes(false) ? 410 : 200;
  }

  #altered(text: string): string[] {
    return this.faults.alter?.(text) ?? [text];
  }

  #send(connection: Connection, text: string): boolean {
    if (!connection.send(text)) return false;
    this.counts.messagesOut++;
    this.counts.unitsOut += billedUnits(text);
    this.#report({ type: "out", connection, text });
    return true;
  }

  #disconnect(connection: Connection, ending: Ending): void {
    this.connections.delete(connection.connectionId);
    this.#report({ type: "close", connection, ...ending });
    if (this.#closed || this.#throttles("$disconnect")) return;
    // A failure has no client to report to.
    this.#invoke(disconnectEvent(connection.source, ending)).catch(() => {});
  }

  /**
   * Invokes the Lambda.
   *
   * @returns The answer's `statusCode`, or 200 if it has none, and its headers.
   * @throws {TypeError} If API Gateway would not accept the answer.
   */
  async #invoke(event: object): Promise<{ status: number; headers: Record<string, string> }> {
    const answer = await this.#options.invoke(event);
    if (typeof answer !== "object" || answer === null) {
      throw new TypeError("Cannot use the handler's answer: it is not an object");
    }
    const status = "statusCode" in answer ? Number(answer.statusCode) : 200;
    if (!(status >= 200 && status <= 599)) {
      throw new TypeError(`Cannot use the handler's answer: statusCode is ${status}`);
    }
    const headers = "headers" in answer ? answer.headers as Record<string, string> : {};
    return { status, headers };
  }

  /** Whether a route's throttle stops one more event of it. */
  #throttles(route: string): boolean {
    return this.#buckets.get(route)?.take() === false;
  }

  async #late(): Promise<void> {
    const { delay } = this.faults;
    if (delay) await sleep(typeof delay === "number" ? delay : delay());
  }

  #report(activity: GatewayActivity): void {
    this.#options.onActivity?.(activity);
  }
}

/** Evaluates `$request.body.action`; undefined if no route has that name. */
function selectRoute(text: string): string | undefined {
  try {
    const action: unknown = JSON.parse(text)?.action;
    return ROUTES.includes(action) ? String(action) : undefined;
  } catch {
    return undefined;
  }
}

/** Returns the HTTP answer to a refused upgrade. */
function refusal(status: number, connectionId: string): string {
  const phrase = STATUS_CODES[status] ?? "";
  const body = gatewayMessage(status >= 500 ? "Internal server error" : phrase, connectionId);
  return [
    `HTTP/1.1 ${status} ${phrase}`,
    `Date: ${new Date().toUTCString()}`,
    "Connection: close",
    "Content-Type: application/json",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "",
    body,
  ].join("\r\n");
}
