// Takes pages over WebTransport (docs/wire.md, "Over WebTransport"). A page gets a ticket in the sealed answer to
// its offer, and each of its streams begins with it. Whoever has no ticket gets no further than that.
import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { isIPv6 } from "node:net";
import { Duplex } from "node:stream";
import {
  type ByteStream,
  type Channel,
  decodePreamble,
  PREAMBLE_BYTES,
  QUIC_TICKET_BYTES,
  type QuicWay,
  StripedChannel,
  type StripePreamble,
  toBase64url,
} from "../../wire/mod.ts";
import type { HeldPort, MappedPorts } from "../mapping/mod.ts";
import type { Log } from "../platform/log.ts";
import { quicAddresses } from "./addresses.ts";
import { CurrentCertificate } from "./certificate.ts";
import { findDeno } from "./deno.ts";
import { EndpointProcess } from "./endpoint_process.ts";

/** Most tickets of one owner and of all; the oldest are dropped. */
const MAX_OF_OWNER = 16;
const MAX_TICKETS = 1024;

/** Most channels of one ticket: a page that has lost one opens another before the host hears of it. */
const MAX_CHANNELS = 4;

/** Time for a stream's preamble, and for a channel's other streams, in milliseconds. */
const PREAMBLE_MS = 5_000;

/** Pauses before an endpoint that has ended is started again, in milliseconds. */
const RESTART = { first: 1_000, longest: 300_000 };

/** Options of {@linkcode QuicServer}. */
export interface QuicServerOptions<Claim> {
  /** Whether the owner wants it. */
  isOn: () => boolean;
  /** The router's ports. @default none */
  ports?: Pick<MappedPorts, "hold">;
  /** Takes a page's open channel. @param claim That of the ticket. */
  onChannel: (channel: Channel, claim: Claim) => void;
  log: Log;
}

/** A page that may come. */
interface Ticket<Claim> {
  owner: string;
  claim: Claim;
  /** Channels that are open. */
  channels: number;
}

/** A channel of which some streams are here. */
interface Opening {
  streams: Socket[];
  timer: ReturnType<typeof setTimeout>;
}

/** The endpoint, and the tickets to it. It starts in the background: nobody waits for it. */
export class QuicServer<Claim> implements AsyncDisposable {
  readonly #options: QuicServerOptions<Claim>;
  readonly #certificate = new CurrentCertificate();
  /** By their bytes in base64url, the newest at the end. */
  readonly #tickets = new Map<string, Ticket<Claim>>();
  /** By ticket and name of the channel. */
  readonly #opening = new Map<string, Opening>();
  #endpoint: EndpointProcess | undefined;
  /** The router's port that leads to it. */
  #held: HeldPort | undefined;
  #starting: Promise<void> | undefined;
  #retryAt = 0;
  #failures = 0;
  #told: string | undefined;
  #hasEnded = false;

  constructor(options: QuicServerOptions<Claim>) {
    this.#options = options;
    this.#start();
  }

  /** Whether pages can come now. */
  get isOpen(): boolean {
    return this.#endpoint !== undefined;
  }

  /**
   * Makes a ticket.
   *
   * @param owner Whose it is: an owner has a few.
   * @returns What the page needs to come; undefined while there is no endpoint, or no address that leads here.
   */
  propose(owner: string, claim: Claim): QuicWay | undefined {
    const { isOn } = this.#options;
    const endpoint = this.#endpoint;
    if (!isOn()) return undefined;
    const { hash } = this.#certificate.get();
    if (!endpoint || endpoint.certificate.hash !== hash) {
      this.#start();
      return undefined;
    }
    const addresses = quicAddresses({
      interfaces: networkInterfaces(),
      port: endpoint.port,
      mapped: this.#held?.outer,
    })
      .map(({ address, port }) => isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`);
    if (addresses.length === 0) return undefined;
    const ticket = new Uint8Array(randomBytes(QUIC_TICKET_BYTES));
    this.#keep(toBase64url(ticket), { owner, claim, channels: 0 });
    return { addresses, hash, ticket };
  }

  /** Drops the tickets of an owner. */
  forget(owner: string): void {
    for (const [key, ticket] of this.#tickets) {
      if (ticket.owner === owner) this.#tickets.delete(key);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    this.#tickets.clear();
    await this.#starting;
    await this.#endpoint?.close();
  }

  #keep(key: string, ticket: Ticket<Claim>): void {
    const own = [...this.#tickets].filter(([, { owner }]) => owner === ticket.owner);
    const oldest = own.length >= MAX_OF_OWNER ? own[0] : undefined;
    const dropped = oldest?.[0] ??
      (this.#tickets.size >= MAX_TICKETS ? this.#tickets.keys().next().value : undefined);
    if (dropped !== undefined) this.#tickets.delete(dropped);
    this.#tickets.set(key, ticket);
  }

  /** Starts the endpoint, or starts it again with another certificate, unless that has just failed. */
  #start(): void {
    if (this.#hasEnded || this.#starting || !this.#options.isOn()) return;
    if (performance.now() < this.#retryAt) return;
    this.#starting = this.#restart().finally(() => this.#starting = undefined);
  }

  async #restart(): Promise<void> {
    const { ports } = this.#options;
    const deno = await findDeno();
    if (!deno) {
      this.#postpone();
      return this.#tell(
        "quic-off",
        "pages come by WebRTC only: Deno, which does QUIC, is not installed",
      );
    }
    try {
      await this.#endpoint?.close();
      const endpoint = await EndpointProcess.start({
        deno,
        certificate: this.#certificate.get(),
        onStream: (socket) => this.#take(socket),
      });
      this.#endpoint = endpoint;
      this.#held = ports?.hold(endpoint.port);
      this.#failures = 0;
      this.#tell("quic-on", `pages that reach UDP port ${endpoint.port} come by WebTransport`);
      void endpoint.ended.then((said) => {
        if (this.#endpoint !== endpoint) return;
        this.#endpoint = undefined;
        this.#held?.release();
        if (!this.#hasEnded) this.#tell("quic-ended", `the QUIC endpoint has ended: ${said}`);
        this.#postpone();
      });
    } catch (error) {
      this.#postpone();
      this.#tell("quic-failed", `the QUIC endpoint does not start: ${(error as Error).message}`);
    }
  }

  #postpone(): void {
    const ms = Math.min(RESTART.longest, RESTART.first * 2 ** this.#failures++);
    this.#retryAt = performance.now() + ms;
  }

  #tell(event: string, text: string): void {
    if (text === this.#told) return;
    this.#told = text;
    this.#options.log(
      event === "quic-failed" || event === "quic-ended" ? "warn" : "info",
      event,
      text,
    );
  }

  /** Takes a stream from the endpoint. Its sender is not known before its preamble is here. */
  #take(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), PREAMBLE_MS);
    socket.on("error", () => {}).on("close", () => clearTimeout(timer));
    socket.on("readable", function look() {
      const bytes = socket.read(PREAMBLE_BYTES) as Buffer | null;
      if (!bytes) return;
      clearTimeout(timer);
      socket.off("readable", look);
      onPreamble(bytes);
    });
    const onPreamble = (bytes: Buffer) => {
      try {
        this.#join(socket, decodePreamble(bytes));
      } catch {
        socket.destroy();
      }
    };
  }

  /** Adds a stream to its channel, which opens with the last one. */
  #join(socket: Socket, { ticket, channel, count }: StripePreamble): void {
    const key = toBase64url(ticket);
    const known = this.#tickets.get(key);
    if (!known) return void socket.destroy();
    const name = `${key} ${toBase64url(channel)}`;
    const opening = this.#opening.get(name) ?? this.#begin(name, known);
    if (!opening) return void socket.destroy();
    opening.streams.push(socket);
    if (opening.streams.length < count) return;
    clearTimeout(opening.timer);
    this.#opening.delete(name);
    this.#open(opening.streams, known);
  }

  #begin(name: string, ticket: Ticket<Claim>): Opening | undefined {
    if (ticket.channels >= MAX_CHANNELS) return undefined;
    ticket.channels++;
    const opening: Opening = {
      streams: [],
      timer: setTimeout(() => {
        this.#opening.delete(name);
        ticket.channels--;
        for (const stream of opening.streams) stream.destroy();
      }, PREAMBLE_MS),
    };
    this.#opening.set(name, opening);
    return opening;
  }

  #open(sockets: Socket[], ticket: Ticket<Claim>): void {
    let left = sockets.length;
    for (const socket of sockets) socket.once("close", () => --left || ticket.channels--);
    const streams = sockets.map((socket) => Duplex.toWeb(socket) as unknown as ByteStream);
    const channel = new StripedChannel(streams, () => {
      for (const socket of sockets) socket.destroy();
    });
    this.#options.onChannel(channel, ticket.claim);
  }
}
