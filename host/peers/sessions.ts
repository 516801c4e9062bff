// The pages' sessions: each outlives the connections that carry it, so that a page whose network has
// changed goes on where it was.
import { timingSafeEqual } from "node:crypto";
import {
  Carrier,
  type Channel,
  type Hello,
  HOST_LIVENESS,
  isOffer,
  LighthouseError,
  serveOffer,
  serveRequest,
  Session,
  type Stream,
} from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import type { Log } from "../platform/log.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import type { Sockets } from "../proxy/websocket.ts";
import type { PeerPath } from "./peer.ts";

/** Most sessions that wait for their page to come back; the oldest gives way. */
export const MAX_AWAY = 64;

/** Time that requests under way have when the host stops, in milliseconds. */
const GRACE_MS = 3000;

/** Options of {@linkcode Sessions}. */
export interface SessionsOptions {
  handler: ServiceHandler;
  /** Takes over the streams on which pages open WebSockets. Without it, the handler answers. */
  onWebSocket?: Sockets["serve"];
  /** Answers a page's offer of a further connection for its session. Without it, none is taken. */
  onOffer?: (sdp: string, session: Session, principal: Principal) => Promise<string>;
  /** Called when somebody connects, and when a connection is gone. */
  onSeen?: (principal: Principal) => void;
  log: Log;
}

/** Whose a connection is said to be, which its HELLO has to bear out. */
export interface Claim {
  /** Who offered it. */
  principal: Principal;
  /** The session in which it was offered: it may carry no other. */
  joins?: Session;
  /** Where it was offered through the relay: what HELLO shows. Known when the answer is sealed. */
  proof?: Uint8Array;
}

/** A session, and whose it is. */
interface Owned {
  session: Session;
  principal: Principal;
}

/** All sessions, with and without a connection. */
export class Sessions {
  readonly #options: SessionsOptions;
  /** By the session's name; the one that was connected last is at the end. */
  readonly #all = new Map<string, Owned>();
  /** Those whose page has yet to say HELLO. */
  readonly #greeting = new Map<Carrier, Principal>();

  constructor(options: SessionsOptions) {
    this.#options = options;
  }

  /** Sessions that have a connection now. */
  get connected(): number {
    return this.#attached.length;
  }

  /** Who is connected now, each once for each session. */
  get principals(): Principal[] {
    return this.#attached.map(({ principal }) => principal);
  }

  /** Requests and WebSockets that are under way. */
  get streams(): number {
    return [...this.#all.values()].reduce((sum, { session }) => sum + session.streams, 0);
  }

  get #attached(): Owned[] {
    return [...this.#all.values()].filter(({ session }) => session.carriers > 0);
  }

  /**
   * Gives a page's open channel to its session, or to a new one.
   *
   * @throws {LighthouseError} what is wrong with the page's HELLO.
   */
  async take(channel: Channel, path: PeerPath, claim: Claim): Promise<void> {
    const { principal, joins } = claim;
    const carrier = new Carrier(channel);
    this.#greeting.set(carrier, principal);
    const hello = await carrier.hello.finally(() => this.#greeting.delete(carrier));
    const key = hello.session.join();
    const known = this.#all.get(key);
    try {
      check(hello, known, claim);
    } catch (error) {
      carrier.leave(LighthouseError.from(error, "bad-frame"));
      throw error;
    }
    const owned = known ?? { session: this.#create(hello, principal), principal };
    const { session } = owned;
    this.#all.delete(key);
    this.#all.set(key, owned);
    session.accept(carrier, hello, !known);

    const { log, onSeen } = this.#options;
    onSeen?.(principal);
    const way = `${path.local} ↔ ${path.remote}`;
    const pages = this.connected;
    const who = nameOf(principal);
    const device = principal.id;
    if (joins) {
      const { carriers } = session;
      const fields = { path, carriers, device };
      log("info", "page-lane", `page uses ${carriers} connections (${way}): ${who}`, fields);
    } else {
      const [event, again] = known ? ["page-back", " again"] : ["page-connected", ""];
      const text = `page connected${again} (${way}), ${pages} open: ${who}`;
      log("info", event!, text, { path, pages, device });
    }
  }

  /** Ends the sessions of somebody who is no longer welcome, at once. */
  evict(id: string, reason: LighthouseError): void {
    for (const [carrier, principal] of this.#greeting) {
      if (principal.id === id) carrier.leave(reason);
    }
    for (const { session, principal } of [...this.#all.values()]) {
      if (principal.id === id) session.close(reason);
    }
  }

  /** Lets requests under way finish, for a short time, and says goodbye to all pages. */
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
    for (const { session } of all) session.close();
  }

  #create(hello: Hello, principal: Principal): Session {
    const { handler, onWebSocket, onSeen, log } = this.#options;
    const session: Session = new Session({
      role: "host",
      id: hello.session,
      liveness: HOST_LIVENESS,
      soon: setImmediate,
      onStream: async (stream) => {
        if (await this.#takeOffer(stream, session, principal)) return;
        serveRequest(
          stream,
          (request, signal) => handler(request, { signal, principal }),
          onWebSocket && ((request, stream) => onWebSocket(request, stream, principal)),
        );
      },
      onDetached: () => {
        const pages = this.connected;
        const text = `page is away, ${pages} open: ${nameOf(principal)}`;
        log("info", "page-away", text, { pages, device: principal.id });
        onSeen?.(principal);
        this.#makeRoom();
      },
    });
    session.closed.then(({ code, message }) => {
      this.#all.delete(hello.session.join());
      const pages = this.connected;
      const text = `page left (${message}), ${pages} open: ${nameOf(principal)}`;
      log("info", "page-left", text, { reason: code, pages, device: principal.id });
      onSeen?.(principal);
    });
    return session;
  }

  /** @returns whether the stream is one on which the page offers a further connection. */
  async #takeOffer(stream: Stream, session: Session, principal: Principal): Promise<boolean> {
    const { onOffer } = this.#options;
    const head = await stream.head.catch(() => undefined);
    if (!head || !isOffer(head) || !onOffer) return false;
    serveOffer(stream, (sdp) => onOffer(sdp, session, principal));
    return true;
  }

  #makeRoom(): void {
    const away = [...this.#all.values()].filter(({ session }) => session.carriers === 0);
    if (away.length <= MAX_AWAY) return;
    // Strangers go first.
    const { session } = away.find(({ principal }) => principal.name === undefined) ?? away[0]!;
    session.close(new LighthouseError("host-busy", "Too many pages are away"));
  }
}

/** A session belongs to one device, and begins once; what was offered in it joins it. */
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
  if (hello.mode === "new") {
    throw new LighthouseError("bad-frame", "The page began a session that exists");
  }
}

/** Who somebody is, for logs. */
function nameOf({ name }: Principal): string {
  return name === undefined ? "not paired" : `“${name}”`;
}
