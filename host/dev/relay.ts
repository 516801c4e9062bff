// The relay of `lighthouse-host dev`: the real relay's core behind WebSockets of this process. The host's
// registration is in memory.
import { randomUUID } from "node:crypto";
import { type IncomingMessage, STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { environmentKeys, environmentLookup } from "../../relay/registry.ts";
import { type Delivery, relay, type RelayEnvironment } from "../../relay/relay.ts";
import { SUBPROTOCOL } from "../../wire/mod.ts";
import type { Registry, RegistryEntry } from "../signalling/registry.ts";

/** Longest message, in bytes: that of a frame at API Gateway. */
const MAX_MESSAGE = 32 * 1024;

/** Most connections at once. A page closes its own once it has its answer. */
const MAX_CONNECTIONS = 100;

/** Most bytes that may wait for a client that does not read. */
const MAX_WAITING = 1024 * 1024;

/** Times in milliseconds. */
export interface RelayTimes {
  /** Between two pings of a connection, which ends if it has not answered the last one. */
  heartbeat: number;
  /** Silence after which a connection ends, unless it is the host's. As in AWS, 2 minutes. */
  idle: number;
}

const TIMES: RelayTimes = { heartbeat: 30_000, idle: 120_000 };

/** Options of {@linkcode DevRelay}. */
export interface DevRelayOptions {
  /** Gives the origins whose pages may connect. Called at each handshake. */
  origins: () => readonly string[];
  times?: Partial<RelayTimes>;
}

/** An open connection. */
interface Connection {
  socket: WebSocket;
  /** When it said something last, in milliseconds since 1970. */
  heard: number;
  /** Whether it has answered the last ping. */
  isAlive: boolean;
}

/** The relay. It has no server of its own: {@linkcode accept} takes a server's upgrades. */
export class DevRelay implements Disposable {
  /** The host's side of the registration. */
  readonly registry: Registry;
  readonly #options: DevRelayOptions;
  readonly #connections = new Map<string, Connection>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE,
    perMessageDeflate: false,
    handleProtocols: (offered) => offered.has(SUBPROTOCOL) ? SUBPROTOCOL : false,
  });
  readonly #timer: NodeJS.Timeout;
  #registered: { connectionId?: string; admission?: string } = {};
  /** Handshakes that the core has not answered yet. */
  #waiting = 0;

  constructor(options: DevRelayOptions) {
    this.#options = options;
    this.registry = { name: "this process", read: () => Promise.resolve(this.#entry()) };
    const { heartbeat, idle } = { ...TIMES, ...options.times };
    this.#timer = setInterval(() => this.#look(idle), heartbeat).unref();
  }

  /** How many connections are open. */
  get size(): number {
    return this.#connections.size;
  }

  /** Answers a handshake. */
  async accept(request: IncomingMessage, stream: Duplex, head: Buffer): Promise<void> {
    const connectionId = randomUUID();
    const status = await this.#admit(request, connectionId);
    if (status !== 200) {
      stream.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nConnection: close\r\n\r\n`);
      return;
    }
    this.#sockets.handleUpgrade(request, stream, head, (socket) => {
      this.#open(connectionId, socket);
    });
  }

  /** Ends all connections. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    for (const { socket } of this.#connections.values()) socket.terminate();
  }

  async #admit({ headers }: IncomingMessage, connectionId: string): Promise<number> {
    if (this.#connections.size + this.#waiting >= MAX_CONNECTIONS) return 429;
    this.#waiting++;
    try {
      const { origin, "sec-websocket-protocol": offered = "" } = headers;
      const protocols = offered.split(",").map((each) => each.trim());
      const event = { kind: "connect" as const, connectionId, origin, protocols };
      return (await relay(event, this.#environment(), this.#post)).statusCode;
    } finally {
      this.#waiting--;
    }
  }

  #open(connectionId: string, socket: WebSocket): void {
    const connection: Connection = { socket, heard: Date.now(), isAlive: true };
    this.#connections.set(connectionId, connection);
    socket.on("pong", () => connection.isAlive = true);
    socket.on("error", () => socket.terminate());
    socket.on("close", () => this.#connections.delete(connectionId));
    socket.on("message", (data, isBinary) => {
      connection.heard = Date.now();
      const body = isBinary ? undefined : data.toString();
      // The relay never throws.
      void relay({ kind: "message", connectionId, body }, this.#environment(), this.#post);
    });
  }

  readonly #post = (connectionId: string, text: string): Promise<Delivery> => {
    const socket = this.#connections.get(connectionId)?.socket;
    if (socket?.readyState !== socket?.OPEN || !socket) return Promise.resolve("gone");
    if (socket.bufferedAmount > MAX_WAITING) {
      socket.terminate();
      return Promise.resolve("gone");
    }
    socket.send(text);
    return Promise.resolve("delivered");
  };

  #environment(): RelayEnvironment {
    const { connectionId = "", admission = "" } = this.#registered;
    return {
      allowedOrigins: this.#options.origins(),
      lookup: environmentLookup(connectionId),
      admissionKeys: environmentKeys(admission),
    };
  }

  #entry(): RegistryEntry {
    const { connectionId, admission } = this.#registered;
    return {
      connectionId,
      admission,
      replace: (newId = connectionId, _signal, key = admission) => {
        this.#registered = { connectionId: newId, admission: key };
        return Promise.resolve();
      },
    };
  }

  #look(idle: number): void {
    for (const [id, connection] of this.#connections) {
      const isSilent = Date.now() - connection.heard >= idle &&
        id !== this.#registered.connectionId;
      if (isSilent || !connection.isAlive) {
        connection.socket.terminate();
        continue;
      }
      connection.isAlive = false;
      connection.socket.ping();
    }
  }
}
