// TURN over TCP and TLS for libjuice, which speaks it over UDP only (libjuice#257): a UDP port on loopback
// that libjuice takes for the TURN server. Whatever arrives there goes on to the server over TCP, with
// one connection for each of libjuice's ports, so for each allocation (RFC 8656 §2.1).
//
// Another program of this machine can send to the port, too, and gets what it would get from the server:
// nothing without the credential, which only libjuice's messages have.
import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { IceUrl } from "../../wire/mod.ts";
import { frame, Unframer } from "./framing.ts";
import { mendTieBreaker } from "./tie_breaker.ts";

/** Most allocations, each with a connection to the server. */
const MAX_ALLOCATIONS = 128;

/** Most ways to a server that are tried at the same time. */
const MAX_WAYS = 4;

/** Bytes that may wait for the server. Later datagrams are lost, as a slow network loses them. */
const MAX_QUEUED = 256 * 1024;

/** Time without a message, in milliseconds, after which an allocation counts as unused: libjuice asks for consent every 5 s. */
const IDLE_MS = 60_000;

/** Limit for connecting to the server, in milliseconds. */
const CONNECT_MS = 5_000;

/** The type of an Allocate request (RFC 8656 §17). */
const ALLOCATE = 0x0003;

const LOOPBACK = "127.0.0.1";

/** Options of {@linkcode TurnOverTcp.open}. */
export interface TurnOverTcpOptions {
  /** The ways to the server: `tcp` or `tls`. The first that connects is used, and tried first from then on. */
  servers: IceUrl[];
  /** Certificates of authorities, as PEM. @default Node.js's */
  ca?: string;
  /** Finds the ICE password of a connection: see {@linkcode mendTieBreaker}. @default finds none */
  passwordOf?: (ufrag: string) => string | undefined;
  /** Called when no way leads to the server. */
  onTrouble?: (error: Error) => void;
}

/** A port that stands for a TURN server. */
export class TurnOverTcp {
  readonly #options: TurnOverTcpOptions;
  readonly #socket: UdpSocket;
  /** By libjuice's port. */
  readonly #allocations = new Map<number, Allocation>();
  /** The way that has worked. */
  #known: IceUrl | undefined;

  private constructor(options: TurnOverTcpOptions, socket: UdpSocket) {
    this.#options = options;
    this.#socket = socket;
    socket.on("message", (datagram, { port }) => this.#take(datagram, port));
    socket.on("error", () => {});
    socket.unref();
  }

  /** Opens the port. */
  static async open(options: TurnOverTcpOptions): Promise<TurnOverTcp> {
    const socket = createSocket("udp4");
    socket.bind(0, LOOPBACK);
    await once(socket, "listening");
    return new TurnOverTcp(options, socket);
  }

  /** The port of 127.0.0.1 that takes TURN over UDP. */
  get port(): number {
    return this.#socket.address().port;
  }

  /** Number of allocations. */
  get count(): number {
    return this.#allocations.size;
  }

  /** Ends all allocations, and closes the port. */
  close(): void {
    for (const allocation of this.#allocations.values()) allocation.end();
    this.#socket.close();
  }

  #take(datagram: Buffer, port: number): void {
    const message = frame(datagram);
    if (!message) return;
    let allocation = this.#allocations.get(port);
    if (!allocation) {
      // After the connection's end, the allocation is gone: only a new one needs a connection.
      if (message.readUInt16BE(0) !== ALLOCATE || this.count >= MAX_ALLOCATIONS) return;
      allocation = this.#allocate(port);
    }
    allocation.send(message);
  }

  #allocate(port: number): Allocation {
    const { servers, onTrouble, passwordOf } = this.#options;
    const known = this.#known;
    const allocation = new Allocation({
      ways: known ? [known] : servers.slice(0, MAX_WAYS),
      connect: (way) => this.#connect(way),
      onConnect: (way) => this.#known = way,
      onMessage: (message) => {
        if (passwordOf) mendTieBreaker(message, passwordOf);
        this.#socket.send(message, port, LOOPBACK);
      },
      onEnd: (error) => {
        this.#allocations.delete(port);
        if (!error) return;
        // The other ways may lead there now.
        this.#known = undefined;
        if (!known) onTrouble?.(error);
      },
    });
    this.#allocations.set(port, allocation);
    return allocation;
  }

  #connect({ host, port, transport }: IceUrl): Socket {
    if (transport !== "tls") return connect({ host, port });
    // SNI has names only (RFC 6066 §3).
    const servername = isIP(host) ? undefined : host;
    return connectTls({ host, port, ca: this.#options.ca, servername });
  }
}

/** Options of {@linkcode Allocation}. */
interface AllocationOptions {
  ways: IceUrl[];
  connect: (way: IceUrl) => Socket;
  onConnect: (way: IceUrl) => void;
  onMessage: (message: Buffer) => void;
  /** Called once. @param error If no way leads to the server. */
  onEnd: (error?: Error) => void;
}

/** One connection to the server: the first that comes about. */
class Allocation {
  readonly #options: AllocationOptions;
  readonly #trying = new Set<Socket>();
  #socket: Socket | undefined;
  /** What libjuice has said while there was no connection: it repeats itself, so the newest is enough. */
  #first: Buffer | undefined;

  constructor(options: AllocationOptions) {
    this.#options = options;
    for (const way of options.ways) this.#try(way);
  }

  send(message: Buffer): void {
    if (!this.#socket) this.#first = message;
    else if (this.#socket.writableLength < MAX_QUEUED) this.#socket.write(message);
  }

  end(): void {
    this.#socket?.destroy();
    for (const socket of this.#trying) socket.destroy();
  }

  #try(way: IceUrl): void {
    const socket = this.#options.connect(way);
    this.#trying.add(socket);
    let failure: Error | undefined;
    socket.setNoDelay(true).setTimeout(CONNECT_MS);
    socket.on(way.transport === "tls" ? "secureConnect" : "connect", () => this.#use(socket, way));
    socket.on("timeout", () => {
      socket.destroy(
        socket === this.#socket ? undefined : new Error(`no answer in ${CONNECT_MS} ms`),
      );
    });
    socket.on("error", (error) => failure = error);
    socket.on("close", () => {
      const wasLast = this.#trying.delete(socket) && this.#trying.size === 0;
      if (socket === this.#socket) this.#options.onEnd();
      else if (wasLast && !this.#socket) this.#options.onEnd(failure ?? new Error("it hung up"));
    });
  }

  #use(socket: Socket, way: IceUrl): void {
    const { onConnect, onMessage } = this.#options;
    this.#trying.delete(socket);
    this.#socket = socket;
    onConnect(way);
    for (const other of this.#trying) other.destroy();
    this.#trying.clear();
    socket.setTimeout(IDLE_MS);
    const unframer = new Unframer();
    socket.on("data", (chunk: Buffer) => {
      try {
        unframer.push(chunk).forEach(onMessage);
      } catch {
        socket.destroy();
      }
    });
    if (this.#first) socket.write(this.#first);
    this.#first = undefined;
  }
}
