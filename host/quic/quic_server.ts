// Takes pages over WebTransport (docs/wire.md, "Over WebTransport"). A page gets a ticket in the sealed answer to
// its offer, and each of its streams begins with it. Whoever has no ticket gets no further than that.
import { randomBytes } from "node:crypto";
import { isIPv6, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
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
import { inboxes } from "../peers/inboxes.ts";
import type { Log } from "../platform/log.ts";
import { quicAddresses } from "./addresses.ts";
import { CurrentCertificate } from "./certificate.ts";
import { findDeno } from "./deno.ts";
import type { QuicState } from "./describe.ts";
import { EndpointProcess } from "./endpoint_process.ts";

/** Most tickets of one owner and of all; the oldest are dropped. */
const MAX_OF_OWNER = 64;
const MAX_TICKETS = 1024;

/** Most channels of one ticket: a page uploads over eight, and replaces those that it has lost. */
const MAX_CHANNELS = 12;

/** Time for a stream's preamble, and for a channel's other streams, in milliseconds. */
const PREAMBLE_MS = 5_000;

/**
 * Pauses before an endpoint is started again that has ended or has not come about, in milliseconds: the first
 * one, which doubles up to the longest. An endpoint that has run for longer than that is one that works.
 */
const RETRY = { first: 1_000, longest: 300_000 };

const OLD_DENO = "deno upgrade, if Deno is an old one";

/** Times of {@linkcode RETRY}. */
export type QuicTiming = typeof RETRY;

/** Options of {@linkcode QuicServer}. */
export interface QuicServerOptions<Claim> {
  /** Whether the owner wants it. */
  isOn: () => boolean;
  /** The router's ports. @default none */
  ports?: Pick<MappedPorts, "hold">;
  /** Takes a page's open channel. @param claim That of the ticket. */
  onChannel: (channel: Channel, claim: Claim) => void;
  log: Log;
  /** This machine's addresses. @default os.networkInterfaces */
  interfaces?: typeof networkInterfaces;
  /** Environment variables that lead to Deno. @default this process's */
  environment?: Record<string, string | undefined>;
  /** Milliseconds since 1970, for the certificate. @default Date.now */
  now?: () => number;
  /** Times to change in tests. */
  timing?: Partial<QuicTiming>;
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
  readonly #timing: QuicTiming;
  readonly #certificate: CurrentCertificate;
  /** By their bytes in base64url, the newest at the end. */
  readonly #tickets = new Map<string, Ticket<Claim>>();
  /** By ticket and name of the channel. */
  readonly #opening = new Map<string, Opening>();
  #endpoint: EndpointProcess | undefined;
  /** The port of the endpoint before, which pages know. */
  #port = 0;
  /** The router's port that leads to it. */
  #held: HeldPort | undefined;
  #starting: Promise<void> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;
  #trouble: { reason: string; cure: string } | undefined;
  #hasEnded = false;

  constructor(options: QuicServerOptions<Claim>) {
    this.#options = options;
    this.#timing = { ...RETRY, ...options.timing };
    this.#certificate = new CurrentCertificate(options);
    this.check();
  }

  /** How it stands. */
  get state(): QuicState {
    if (!this.#options.isOn()) return { state: "off" };
    if (this.#endpoint) return { state: "on", addresses: this.#addresses(this.#endpoint) };
    return this.#trouble ? { state: "none", ...this.#trouble } : { state: "starting" };
  }

  /** Starts the endpoint or ends it: the settings may have changed. */
  check(): void {
    if (this.#hasEnded) return;
    if (this.#options.isOn()) this.#start();
    else void this.#end();
  }

  /**
   * Makes a ticket.
   *
   * @param owner Whose it is: an owner has a few.
   * @returns What the page needs to come; undefined while there is no endpoint, or no address that leads here.
   */
  propose(owner: string, claim: Claim): QuicWay | undefined {
    const endpoint = this.#endpoint;
    if (!endpoint || !this.#options.isOn()) return undefined;
    const { hash } = this.#certificate.get();
    if (endpoint.certificate.hash !== hash) {
      this.#start();
      return undefined;
    }
    const addresses = this.#addresses(endpoint);
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
    await this.#end();
  }

  /** Where pages reach the endpoint, as in URLs. */
  #addresses({ port }: EndpointProcess): string[] {
    const { interfaces = networkInterfaces } = this.#options;
    return quicAddresses({ interfaces: interfaces(), port, mapped: this.#held?.outer })
      .map(({ address, port }) => isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`);
  }

  #keep(key: string, ticket: Ticket<Claim>): void {
    const own = [...this.#tickets].filter(([, { owner }]) => owner === ticket.owner);
    const oldest = own.length >= MAX_OF_OWNER ? own[0] : undefined;
    const dropped = oldest?.[0] ??
      (this.#tickets.size >= MAX_TICKETS ? this.#tickets.keys().next().value : undefined);
    if (dropped !== undefined) this.#tickets.delete(dropped);
    this.#tickets.set(key, ticket);
  }

  /** Starts the endpoint, in place of one with another certificate. */
  #start(): void {
    const isCurrent = this.#endpoint?.certificate === this.#certificate.get();
    if (this.#hasEnded || this.#starting || isCurrent) return;
    clearTimeout(this.#timer);
    this.#starting = this.#restart().finally(() => {
      this.#starting = undefined;
      // The setting may have changed meanwhile.
      if (!this.#options.isOn()) this.check();
    });
  }

  async #restart(): Promise<void> {
    const deno = await findDeno(this.#options.environment);
    if (!deno) {
      return this.#fail("info", "quic-off", {
        reason: "Deno, which does QUIC for the host, is not installed",
        cure: "install it: https://docs.deno.com/runtime/getting_started/installation/",
      });
    }
    await this.#end();
    try {
      const endpoint = await EndpointProcess.start({
        deno,
        certificate: this.#certificate.get(),
        port: this.#port,
        onStream: (socket) => this.#take(socket),
      });
      this.#begin(endpoint);
    } catch (error) {
      // Another program may have the port by now.
      this.#port = 0;
      this.#fail("warn", "quic-failed", {
        reason: `the QUIC endpoint does not start: ${(error as Error).message}`,
        cure: OLD_DENO,
      });
    }
  }

  #begin(endpoint: EndpointProcess): void {
    const { port } = endpoint;
    this.#endpoint = endpoint;
    this.#port = port;
    this.#held = this.#options.ports?.hold(port);
    this.#trouble = undefined;
    const text = `pages that reach UDP port ${port} come by WebTransport`;
    this.#options.log("info", "quic-on", text, { port });
    const started = performance.now();
    void endpoint.ended.then((said) => {
      if (this.#endpoint !== endpoint) return;
      void this.#end();
      if (performance.now() - started > this.#timing.longest) this.#failures = 0;
      this.#fail("warn", "quic-ended", {
        reason: `the QUIC endpoint has ended: ${said}`,
        cure: OLD_DENO,
      });
    });
  }

  /** Ends the endpoint, if there is one, and with it all of its channels. */
  async #end(): Promise<void> {
    clearTimeout(this.#timer);
    const endpoint = this.#endpoint;
    this.#endpoint = undefined;
    this.#held?.release();
    this.#held = undefined;
    await endpoint?.close();
  }

  /** Tells the trouble if it is a new one, and tries again later. */
  #fail(level: "info" | "warn", event: string, trouble: { reason: string; cure: string }): void {
    if (this.#trouble?.reason !== trouble.reason) {
      this.#options.log(level, event, `pages come by WebRTC: ${trouble.reason}`);
    }
    this.#trouble = trouble;
    const { first, longest } = this.#timing;
    const pause = Math.min(longest, first * 2 ** this.#failures++);
    if (!this.#hasEnded) this.#timer = setTimeout(() => this.check(), pause).unref();
  }

  /** Takes a stream from the endpoint. Its sender is not known before its preamble is here. */
  #take(socket: Socket): void {
    const timer = setTimeout(() => socket.destroy(), PREAMBLE_MS).unref();
    socket.on("error", () => {}).on("close", () => clearTimeout(timer));
    socket.on("readable", function look() {
      const bytes = socket.read(PREAMBLE_BYTES) as Buffer | null;
      // Of a stream that has ended, the rest comes, however short.
      if (bytes?.length !== PREAMBLE_BYTES) return;
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
    const opening = this.#opening.get(name) ?? this.#await(name, known);
    if (!opening) return void socket.destroy();
    opening.streams.push(socket);
    if (opening.streams.length < count) return;
    clearTimeout(opening.timer);
    this.#opening.delete(name);
    this.#open(opening.streams, known);
  }

  /** Waits for the streams of a channel. @returns Undefined if the ticket has as many as it may. */
  #await(name: string, ticket: Ticket<Claim>): Opening | undefined {
    if (ticket.channels >= MAX_CHANNELS) return undefined;
    ticket.channels++;
    const opening: Opening = {
      streams: [],
      timer: setTimeout(() => {
        this.#opening.delete(name);
        ticket.channels--;
        for (const stream of opening.streams) stream.destroy();
      }, PREAMBLE_MS).unref(),
    };
    this.#opening.set(name, opening);
    return opening;
  }

  #open(sockets: Socket[], ticket: Ticket<Claim>): void {
    const streams = sockets.map((socket) => Duplex.toWeb(socket) as unknown as ByteStream);
    const end = () => {
      ticket.channels--;
      for (const socket of sockets) socket.destroy();
    };
    this.#options.onChannel(openChannel(streams, end, ticket.owner), ticket.claim);
  }
}

/** A channel over the streams, which is read as the owner's other connections are. */
function openChannel(streams: ByteStream[], end: () => void, owner: string): Channel {
  const striped = new StripedChannel(streams, end, () => inbox.whenRead());
  const channel: Channel = {
    isPaced: true,
    send: (message) => striped.send(message),
    get bufferedAmount() {
      return striped.bufferedAmount;
    },
    close: () => striped.close(),
    onmessage: () => {},
    onclose: () => {},
  };
  const inbox = inboxes.open({
    owner,
    read: (message) => channel.onmessage(message),
    onOverflow: () => striped.close(),
  });
  striped.onmessage = (message) => inbox.push(message);
  striped.onclose = () => inbox.end(() => channel.onclose());
  return channel;
}
