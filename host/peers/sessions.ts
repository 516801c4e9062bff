// The pages' sessions. A session outlives its connections, so that a page goes on after a change of
// network.
import { timingSafeEqual } from "node:crypto";
import {
  Carrier,
  type Channel,
  EarlyChannel,
  type Hello,
  HOST_LIVENESS,
  isOffer,
  LighthouseError,
  serveOffer,
  serveRequest,
  Session,
  type Stream,
} from "../../wire/mod.ts";
import { Memory } from "../access/memory.ts";
import type { Principal } from "../access/principal.ts";
import type { Resumption } from "../access/resumption.ts";
import { busy, groupOf, type ShareLimits, Shares } from "../access/shares.ts";
import type { Log } from "../platform/log.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import type { Sockets } from "../proxy/websocket.ts";
import type { PeerPath } from "./peer.ts";
import { Rounds } from "./rounds.ts";
import { describeWay, type Way, wayOf } from "./way.ts";

/** Most sessions of a device without a connection; above that, its oldest ends. As many of all strangers. */
export const MAX_AWAY = 16;

/** Most sessions of all strangers that have begun in offers, and have no connection yet. */
export const MAX_EARLY_OF_STRANGERS = 16;

/** Most streams in all sessions of a device; a stranger has a quarter, which one session can open. */
const STREAMS: ShareLimits = { own: 64, each: 2048, all: 16_384 };

/**
 * What each byte of a request's head counts: the host parses the head, checks it, and writes another one
 * for the backend. Small heads, of a kilobyte, are free, whatever the others hold.
 */
const HEAD_FACTOR = 16;
const FREE_OF_HEAD = HEAD_FACTOR * 1024;

/** Time for requests under way when the host stops, in milliseconds. */
const GRACE_MS = 3000;

/** The part of a device's memory for the windows of its streams: heads, bodies and messages have the rest. */
const OF_SESSIONS = 3 / 4;

/** Options of {@linkcode Sessions}. */
export interface SessionsOptions {
  handler: ServiceHandler;
  /** Serves the streams on which pages open WebSockets. Without it, the handler answers. */
  onWebSocket?: Sockets["serve"];
  /** Answers a page's offer of a further connection for its session. Without it, offers are refused. */
  onOffer?: (sdp: string, session: Session, principal: Principal) => Promise<string>;
  /** Called when a session has ended. */
  onEnded?: (session: Session) => void;
  /** Called when a principal connects, and when a connection ends. */
  onSeen?: (principal: Principal) => void;
  /** Makes a secret for a device's next offer. Without it, or where it gives none, devices get none. */
  resumption?: (device: string) => Uint8Array<ArrayBuffer> | undefined;
  /** Holds the bytes of pages. @default the sessions' own */
  memory?: Memory;
  log: Log;
  /**
   * Time for a page whose first messages came with its offer to open a connection, in milliseconds.
   * @default 20_000
   */
  earlyTimeout?: number;
}

/** The claimed owner of a connection. Its HELLO must prove the claim. */
export interface Claim {
  /** The sender of the offer. */
  principal: Principal;
  /** The session in which the connection was offered: it may carry only that one. */
  joins?: Session;
  /** The proof that HELLO must show, if the offer came through the relay. Known when the answer is sealed. */
  proof?: Uint8Array;
}

/** A session, its principal, and its way. */
interface Owned {
  session: Session;
  principal: Principal;
  /** The way of its carriers but those over QUIC, and since when, in milliseconds since 1970. */
  way: Way;
  since: number;
  /**
   * While only an offer carries it: the offer's secret, the time for a connection, and whether the session
   * has had none yet.
   */
  early?: { resumption: Resumption; timer: ReturnType<typeof setTimeout>; isNew: boolean };
}

/** The first messages of a page, and the host's. */
export interface EarlyStart {
  session: Session;
  /** Has what the answer can bring. */
  channel: EarlyChannel;
}

/** A page that is connected. */
export interface ConnectedPage {
  /** The device's id and name; a stranger has no name. */
  device: string;
  name: string | null;
  /** The origin of the page's site. */
  origin: string;
  way: Way;
  /** Start of the connection by this way, in ISO 8601. */
  since: string;
  /** The newest measured round trip, in milliseconds. */
  roundTrip: number | null;
  /** Bytes of requests and WebSockets from the page, and to it, since its session began. */
  bytesIn: number;
  bytesOut: number;
}

/** All sessions, with and without a connection. */
export class Sessions {
  readonly #options: SessionsOptions;
  readonly #memory: Memory;
  readonly #streams = new Shares(STREAMS);
  readonly #rounds = new Rounds();
  /** By the session's id, the last connected one at the end. */
  readonly #all = new Map<string, Owned>();
  /** Carriers that wait for the page's HELLO. */
  readonly #greeting = new Map<Carrier, Principal>();

  constructor(options: SessionsOptions) {
    this.#options = options;
    this.#memory = options.memory ?? new Memory();
  }

  /** Number of sessions with a connection. */
  get connected(): number {
    return this.#attached.length;
  }

  /** The connected principals, one entry for each session. */
  get principals(): Principal[] {
    return this.#attached.map(({ principal }) => principal);
  }

  /** The connected pages, the last one that connected at the end. */
  get pages(): ConnectedPage[] {
    return this.#attached.map((owned) => {
      const { session, principal: { id, name, origin }, since } = owned;
      return {
        device: id,
        name: name ?? null,
        origin,
        way: currentWay(owned),
        since: new Date(since).toISOString(),
        roundTrip: session.roundTripTime ?? null,
        bytesIn: session.traffic.received,
        bytesOut: session.traffic.sent,
      };
    });
  }

  /**
   * Measures the round trip to a device's page, of several to the one that connected last.
   *
   * @returns Undefined if none is connected. It stays pending while the page does not answer.
   */
  async ping(device: string): Promise<{ way: Way; roundTrip: number } | undefined> {
    const owned = this.#attached.findLast(({ principal }) => principal.id === device);
    const roundTrip = await owned?.session.ping();
    return roundTrip === undefined ? undefined : { way: currentWay(owned!), roundTrip };
  }

  /** Number of requests and WebSockets under way. */
  get streams(): number {
    return [...this.#all.values()].reduce((sum, { session }) => sum + session.streams, 0);
  }

  get #attached(): Owned[] {
    return [...this.#all.values()].filter(({ session }) => session.carriers > 0);
  }

  /**
   * Gives a page's open channel to its session, or to a new one.
   *
   * @param path Of the packets, or `quic`, or `relayed`.
   * @throws {LighthouseError} If the page's HELLO is refused.
   */
  async take(channel: Channel, path: PeerPath | "quic" | "relayed", claim: Claim): Promise<void> {
    const { principal, joins } = claim;
    const carrier = new Carrier(channel);
    this.#greeting.set(carrier, principal);
    const hello = await carrier.hello.finally(() => this.#greeting.delete(carrier));
    const known = this.#all.get(hello.session.join());
    const isBack = known !== undefined && !known.early?.isNew;
    const way = wayOf(path);
    const owned = this.#own(carrier, hello, claim, way);
    settle(owned);
    const { session } = owned;

    const { log, onSeen } = this.#options;
    onSeen?.(principal);
    const pages = this.connected;
    const who = nameOf(principal);
    const device = principal.id;
    if (joins || (isBack && hello.mode === "join")) {
      const { carriers } = session;
      const text = `page uses ${carriers} connections, ${describeWay(way)}: ${who}`;
      log("info", "page-lane", text, { way, carriers, device });
    } else {
      const [event, again] = isBack ? ["page-back", " again"] : ["page-connected", ""];
      const text = `page connected${again} ${describeWay(way)}, ${pages} open: ${who}`;
      log("info", event!, text, { way, pages, device });
    }
  }

  /**
   * Takes a page's first messages out of its offer: for a new session, or for one that the page resumes.
   *
   * @param claim With the proof of the messages' secret.
   * @param resumption The secret, which counts for this session from now on, until it has a connection.
   * @returns Undefined if the session may not begin so. Then nothing was taken.
   * @throws {LighthouseError} If the page's HELLO is refused, or missing. Then, too.
   */
  async takeEarly(
    messages: Uint8Array<ArrayBuffer>,
    claim: Claim,
    resumption: Resumption,
  ): Promise<EarlyStart | undefined> {
    const channel = new EarlyChannel();
    const carrier = new Carrier(channel);
    channel.receive(messages);
    const hello = await Promise.race([carrier.hello, undefined]);
    if (!hello || hello.mode === "join") {
      throw new LighthouseError(
        "bad-frame",
        "The first messages have no HELLO that begins or resumes",
      );
    }
    const key = hello.session.join();
    const known = this.#all.get(key);
    const isFirst = resumption.session === undefined;
    if (!isFirst && (resumption.session !== key || !known)) {
      throw new LighthouseError("refused", "The secret of the first messages was used before");
    }
    const { begins } = resumption;
    const mayBegin = begins === "any" || (begins === "new" && hello.mode === "new");
    if (!known && !(mayBegin && this.#makeEarlyRoom(claim.principal))) return undefined;
    const isNew = !known || known.early?.isNew === true;
    const owned = this.#own(carrier, hello, claim, "relayed");
    settle(owned, resumption);
    resumption.session = key;
    const { session } = owned;
    const late = new LighthouseError("connection-lost", "The page did not connect in time");
    const timer = setTimeout(() => {
      // A page that was connected may need longer.
      if (isNew) session.close(late);
      else session.withdraw(carrier, false);
    }, this.#options.earlyTimeout ?? 20_000);
    owned.early = { resumption, timer, isNew };
    const { principal } = claim;
    this.#makeRoom(principal);
    const text = `page's first requests came with its offer: ${nameOf(principal)}`;
    this.#options.log("info", "page-early", text, { device: principal.id });
    return { session, channel };
  }

  /** Ends the sessions of a principal at once. */
  evict(id: string, reason: LighthouseError): void {
    for (const [carrier, principal] of this.#greeting) {
      if (principal.id === id) carrier.leave(reason);
    }
    for (const { session, principal } of [...this.#all.values()]) {
      if (principal.id === id) session.close(reason);
    }
  }

  /** Gives requests under way a short time to finish, and closes all sessions. */
  async close(): Promise<void> {
    const stopping = new LighthouseError("closed", "The host is stopping");
    for (const carrier of this.#greeting.keys()) carrier.leave(stopping);
    const all = [...this.#all.values()];
    const timeout = Promise.withResolvers<void>();
    const timer = setTimeout(timeout.resolve, GRACE_MS);
    await Promise.race([
      Promise.all(this.#attached.map(({ session }) => session.goAway())),
      timeout.promise,
    ]);
    clearTimeout(timer);
    for (const { session } of all) session.close(stopping);
  }

  /** Gives a carrier to its session, or to a new one. */
  #own(carrier: Carrier, hello: Hello, claim: Claim, way: Way): Owned {
    const { principal, joins } = claim;
    const key = hello.session.join();
    const known = this.#all.get(key);
    try {
      check(hello, known, claim);
    } catch (error) {
      carrier.leave(LighthouseError.from(error, "bad-frame"));
      throw error;
    }
    const since = Date.now();
    const owned = known ?? { session: this.#create(hello, principal), principal, way, since };
    // A further connection goes the same way, unless it takes the relay's place, and QUIC comes on top.
    const isFirst = !joins && way !== "quic";
    if (isFirst || owned.way === "relayed") Object.assign(owned, { way, since });
    this.#all.delete(key);
    this.#all.set(key, owned);
    const isDevice = principal.name !== undefined;
    const resumption = isDevice && !joins ? this.#options.resumption?.(principal.id) : undefined;
    owned.session.accept(carrier, hello, !known, resumption);
    return owned;
  }

  #create(hello: Hello, principal: Principal): Session {
    const { handler, onWebSocket, onEnded, onSeen, log } = this.#options;
    const memory = this.#memory.share(principal, { part: OF_SESSIONS });
    const session: Session = new Session({
      role: "host",
      id: hello.session,
      liveness: HOST_LIVENESS,
      soon: setImmediate,
      memory,
      onStream: (stream) => {
        this.#rounds.run(groupOf(principal), async () => {
          if (!await this.#admit(stream, principal)) return;
          if (await this.#takeOffer(stream, session, principal)) return;
          serveRequest(
            stream,
            (request, signal) => handler(request, { signal, principal }),
            onWebSocket && ((request, stream) => onWebSocket(request, stream, principal)),
          );
        });
      },
      onDetached: () => {
        const pages = this.connected;
        const text = `page is away, ${pages} open: ${nameOf(principal)}`;
        log("info", "page-away", text, { pages, device: principal.id });
        onSeen?.(principal);
        this.#makeRoom(principal);
      },
    });
    session.closed.then(({ code, message }) => {
      const key = hello.session.join();
      const owned = this.#all.get(key);
      if (owned) settle(owned);
      this.#all.delete(key);
      onEnded?.(session);
      const pages = this.connected;
      // That a page has hung up needs no reason.
      const why = code === "closed" ? "" : ` (${message})`;
      const text = `page left${why}, ${pages} open: ${nameOf(principal)}`;
      log("info", "page-left", text, { reason: code, pages, device: principal.id });
      onSeen?.(principal);
    });
    return session;
  }

  /** Waits for a stream's head, and counts stream and head. @returns Whether there is room for them. */
  async #admit(stream: Stream, principal: Principal): Promise<boolean> {
    if (!this.#streams.take(principal, 1)) {
      stream.reset(busy("serves all the requests"));
      return false;
    }
    const memory = this.#memory.share(principal, { free: FREE_OF_HEAD });
    stream.closed.then(() => {
      this.#streams.give(principal, 1);
      memory.give();
    });
    const head = await stream.head.catch(() => undefined);
    if (!head || stream.signal.aborted) return false;
    if (memory.take(HEAD_FACTOR * head.length)) return true;
    stream.reset(busy("holds all the bytes"));
    return false;
  }

  /** Answers an offer of a further connection. @returns Whether the stream carried one. */
  async #takeOffer(stream: Stream, session: Session, principal: Principal): Promise<boolean> {
    const { onOffer } = this.#options;
    const head = await stream.head.catch(() => undefined);
    if (!head || !isOffer(head) || !onOffer) return false;
    serveOffer(stream, (sdp) => onOffer(sdp, session, principal));
    return true;
  }

  /**
   * Ends a stranger's oldest session that has begun in an offer where there are enough already, and never
   * another's: a flood pushes nobody out.
   *
   * @returns Whether there is room.
   */
  #makeEarlyRoom(principal: Principal): boolean {
    const early = [...this.#all.values()].filter(isPassing);
    if (principal.name !== undefined || early.length < MAX_EARLY_OF_STRANGERS) return true;
    const own = early.find((owned) => owned.principal.id === principal.id);
    own?.session.close(new LighthouseError("host-busy", "This page has offered too often"));
    return own !== undefined;
  }

  /** Ends a session of the device that has just gone, and never another's. */
  #makeRoom(principal: Principal): void {
    const group = groupOf(principal);
    const away = [...this.#all.values()].filter((owned) =>
      (owned.session.carriers === 0 || owned.early) && groupOf(owned.principal) === group &&
      !isPassing(owned)
    );
    if (away.length <= MAX_AWAY) return;
    // A stranger with several ends one of its own.
    const own = away.filter((owned) => owned.principal.id === principal.id);
    const { session } = (own.length > 1 ? own : away)[0]!;
    session.close(new LighthouseError("host-busy", "Too many pages of this device are away"));
  }
}

/** Refuses a HELLO that does not fit the claim: a session belongs to one device, and begins once. */
function check(
  hello: Hello,
  known: Owned | undefined,
  { principal, joins, proof }: Claim,
): void {
  if (joins && (known?.session !== joins || hello.mode !== "join")) {
    throw new LighthouseError("bad-frame", "A connection did not join the session that offered it");
  }
  if (!joins && !(proof && hello.proof && timingSafeEqual(proof, hello.proof))) {
    throw new LighthouseError(
      "bad-seal",
      "The page does not show that it has the key of the device that offered the connection",
    );
  }
  if (!known) return;
  if (known.principal.id !== principal.id) {
    throw new LighthouseError("not-allowed", "The session belongs to another device");
  }
  // A page that was told that the host is not there says the same again.
  if (hello.mode === "new" && !known.early) {
    throw new LighthouseError("bad-frame", "The page began a session that exists");
  }
}

/** Whether a stranger has begun a session in an offer, and may never come. */
function isPassing({ principal, early }: Owned): boolean {
  return principal.name === undefined && early?.isNew === true;
}

/** A session has a connection, or is over: the secrets that have carried it count no more, but for one. */
function settle(owned: Owned, kept?: Resumption): void {
  const { early } = owned;
  if (!early) return;
  clearTimeout(early.timer);
  early.resumption.isOver = early.resumption !== kept;
  owned.early = undefined;
}

/** The way that the session's bytes take now. */
function currentWay({ way, session }: Owned): Way {
  return session.pacedCarriers > 0 ? "quic" : way;
}

/** A principal's name for logs. */
function nameOf({ name }: Principal): string {
  return name === undefined ? "not paired" : `“${name}”`;
}
