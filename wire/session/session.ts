// Many streams over carriers that come and go (docs/wire.md): how a session begins, resumes and ends,
// and where the frames go that arrive.
//
// The session outlives its carriers: without one, its streams wait. The next carrier's HELLOs say what
// each end holds, and each end sends the rest again.
import { type ErrorCode, LighthouseError } from "../error.ts";
import type { Carrier, SessionFrame } from "./carrier.ts";
import { Carriers } from "./carriers.ts";
import { type Hello, ID_BYTES, INITIAL_LIMITS } from "./hello.ts";
import { Deadline } from "./deadline.ts";
import { Incoming } from "./incoming.ts";
import type { LivenessRules } from "./liveness.ts";
import { ENDLESS, type MemoryBudget } from "./memory_budget.ts";
import { Packer } from "./packer.ts";
import { RetransmitBudget } from "./retransmit_budget.ts";
import { Stream, type StreamOwner } from "./stream.ts";
import { MAX_STREAMS, type Role, Streams } from "./streams.ts";
import { Traffic } from "./traffic.ts";
import { Windows } from "./windows.ts";

/**
 * Time for which a session without a carrier keeps its streams, and for which a stream that the other
 * end opened may be without its head, in milliseconds.
 */
const DEADLINE_MS = 120_000;

/**
 * The round trip by which windows grow where each message costs, in milliseconds: above the real one, so
 * that there are few CREDITs.
 */
const METERED_ROUND_TRIP_MS = 250;

/** Options of {@linkcode Session}. */
export interface SessionOptions {
  /** This end: the page's streams have odd numbers, and the page says HELLO first. */
  role: Role;
  /** Names the session, 16 bytes. @default random */
  id?: Uint8Array;
  /** Called with each stream that the other end opens. Without it, this end accepts no streams. */
  onStream?: (stream: Stream) => void;
  /** Called with each stream that this end opens, and its head. */
  onOpen?: (stream: Stream, head: Uint8Array) => void;
  /** Called when the last carrier is gone, and the session waits for another. */
  onDetached?: (reason: LighthouseError) => void;
  /** Called when nothing is heard where something should be (true), and when it is again (false). */
  onSilence?: (silent: boolean) => void;
  /** Gives the error of streams that no carrier came for in time. @default `connection-lost` */
  whyLate?: () => LighthouseError | undefined;
  /** Called when bytes of streams move after a pause. */
  onBusy?: () => void;
  /** Called with each secret for a later offer that the host gives: see wire/signal/early.ts. */
  onResumption?: (secret: Uint8Array<ArrayBuffer>) => void;
  /** When silence counts, see {@linkcode LivenessRules}. */
  liveness: LivenessRules;
  /**
   * Counts the bytes that the session holds at the other end's doing. A stream for which there are not
   * enough ends with `host-busy`, or its window does not grow. @default no bound but the session's own
   */
  memory?: MemoryBudget;
  /** Time without a carrier, or without its head, before a stream fails, in ms. @default 120_000 */
  deadline?: number;
  /**
   * Calls back soon: whatever there is to send by then shares a message. Where parts of one answer
   * come up over several turns, as its head and body do in Node, a longer wait saves messages.
   * @default queueMicrotask
   */
  soon?: (callback: () => void) => void;
}

/** Options of {@linkcode Session.connect}. */
interface ConnectOptions {
  /** Whether the present carriers stay. @default this one replaces them */
  join?: boolean;
  /** Shows the host whose connection it is, where it was offered through the relay. */
  proof?: Uint8Array;
  /** Whether the messages go in an offer: `withdraw` follows where that has no answer. @default false */
  early?: boolean;
}

/** A session. It sends nothing before it has a carrier. */
export class Session {
  /** Resolves with the reason when the session ends, whichever end ended it. */
  readonly closed: Promise<LighthouseError>;
  /** Names the session, 16 bytes. */
  readonly id: Uint8Array;

  readonly #options: SessionOptions;
  readonly #closed = Promise.withResolvers<LighthouseError>();
  readonly #streams: Streams;
  readonly #carriers: Carriers;
  readonly #packer: Packer;
  readonly #owner: StreamOwner;
  #isGreeted = false;
  /** The carrier in an offer that has no answer yet. */
  #early: Carrier | undefined;
  /**
   * The lowest number of this end's streams that only such carriers have carried, while no HELLO says
   * whether the host has seen them.
   */
  #unsure: number | undefined;
  readonly #traffic: Traffic;
  readonly #incoming: Incoming;
  #isOver = false;
  /** Fails the streams that wait for a carrier, unless one comes in time. */
  readonly #deadline: Deadline;

  constructor(options: SessionOptions) {
    const { role, id, liveness, soon, onStream, memory = ENDLESS, deadline = DEADLINE_MS } =
      options;
    this.#options = options;
    this.id = id ?? crypto.getRandomValues(new Uint8Array(ID_BYTES));
    this.closed = this.#closed.promise;
    const streams = this.#streams = new Streams(role);
    const traffic = this.#traffic = new Traffic((wasBusy) => {
      if (!wasBusy) options.onBusy?.();
      carriers.nudge();
    });
    const carriers = this.#carriers = new Carriers({
      liveness,
      isBusy: () => traffic.isBusy,
      isUnsettled: () => traffic.isUnsettled && streams.open > 0,
      isShared: () => streams.isShared,
      receive: (frames, isCurrent) => this.#receive(frames, isCurrent),
      wake: () => packer.schedule(),
      onBroken: (error) => this.#break(error),
      onLost: () => this.#loseCarrier(),
      onSilence: (silent) => options.onSilence?.(silent),
    });
    const packer = this.#packer = new Packer({
      carriers,
      streams,
      onData: (bytes) => traffic.add("sent", bytes),
      soon,
    });
    const owner = this.#owner = ownerOf({ memory, streams, carriers, packer });
    this.#incoming = new Incoming({ streams, packer, owner, traffic, onStream, deadline });
    this.#deadline = new Deadline(deadline, () => this.#expire());
  }

  /** Streams open now, and those that wait to begin. */
  get streams(): number {
    return this.#streams.open + this.#streams.waiting;
  }

  /** Whether this end has said HELLO, as far as the other end may know. */
  get isBegun(): boolean {
    return this.#isGreeted;
  }

  /** Channels that carry the session now. */
  get carriers(): number {
    return this.#carriers.size;
  }

  /** Those among them whose transport paces itself, as QUIC does. */
  get pacedCarriers(): number {
    return this.#carriers.paced;
  }

  /** Whether all carriers are such that each message costs money. */
  get isMetered(): boolean {
    return this.#carriers.isMetered;
  }

  /** The newest measured round-trip time in milliseconds, undefined before the first. */
  get roundTripTime(): number | undefined {
    return this.#carriers.roundTripTime;
  }

  /** The shortest time that any carrier has taken there and back, in ms; Infinity before the first. */
  get shortestRoundTrip(): number {
    return this.#carriers.shortestRoundTrip;
  }

  /** Bytes of streams that were sent and received; those sent twice count twice. */
  get bytes(): number {
    return this.#traffic.sent + this.#traffic.received;
  }

  /** The same by direction. */
  get traffic(): { sent: number; received: number } {
    return this.#traffic;
  }

  /** Whether the other end waits for this one: for an answer's head, or for the rest of an answer. */
  get isAwaited(): boolean {
    return [...this.#streams].some((stream) => stream.isAwaited);
  }

  /** Whether bytes of streams have moved in the last 2 s. */
  get busy(): boolean {
    return this.#traffic.isBusy;
  }

  /**
   * Opens a stream and sends its head. The stream waits while there is no carrier, and while the other
   * end has as many open as it accepts.
   *
   * @throws {LighthouseError} `closed` when the session has ended.
   */
  open(head: Uint8Array): Stream {
    if (this.#isOver) {
      throw new LighthouseError("closed", "Cannot open a stream: the session is over");
    }
    const stream = new Stream(this.#owner, INITIAL_LIMITS.credit);
    this.#streams.add(stream);
    this.#limitWait();
    stream.sendHead(head);
    this.#options.onOpen?.(stream, head);
    return stream;
  }

  /**
   * Says HELLO on a channel and goes on over it: the page's part. A new session sends at once; one
   * that resumes, when the host has answered.
   *
   * @returns Resolves when the host has answered.
   * @throws {LighthouseError} `no-answer`, `bad-frame` or `connection-lost` if the host does not
   * answer; the host's reason where it refuses.
   */
  async connect(
    carrier: Carrier,
    { join = false, proof, early = false }: ConnectOptions = {},
  ): Promise<void> {
    const isFirst = !this.#isGreeted;
    this.#isGreeted = true;
    const announced = this.#streams.nextId;
    if (early && isFirst) this.#unsure ??= announced;
    if (early) this.#early = carrier;
    carrier.greet({ ...this.#hello(isFirst ? "new" : join ? "join" : "resume"), proof });
    if (isFirst) this.#adopt(carrier);
    const hello = await carrier.hello;
    if (this.#isOver) {
      carrier.close();
      throw new LighthouseError("closed", "The session is over");
    }
    this.#early = undefined;
    this.#streams.limit(hello);
    // The host opens messages in an offer once: where they begin the session, it has seen no earlier ones.
    const isUnseen = early && this.#unsure !== undefined;
    if (hello.mode === "new" && !isFirst && !isUnseen) this.#restart(hello.next);
    else if (hello.mode === "resume") this.#resume(carrier, hello, announced);
    else if (isUnseen && !isFirst) this.#rewind();
    this.#unsure = undefined;
    if (hello.resumption) this.#options.onResumption?.(hello.resumption);
    forgetSecrets(hello);
    // Those that it was to join are lost meanwhile: it carries again what was lost with them.
    if (hello.mode === "join" && this.#carriers.size === 0) this.#rewind();
    if (!isFirst) return this.#adopt(carrier);
    if (early) this.#deadline.stop();
    this.#packer.schedule();
  }

  /**
   * Gives up a carrier whose messages went in an offer.
   *
   * @param isUnseen Whether the host has not seen them for certain: then all is as before them.
   */
  withdraw(carrier: Carrier, isUnseen: boolean): void {
    const isCurrent = this.#early === carrier;
    if (isCurrent) this.#early = undefined;
    this.#carriers.drop(carrier);
    if (this.#isOver) return;
    if (isCurrent && isUnseen && this.#unsure !== undefined) {
      this.#isGreeted = false;
      this.#rewind();
    }
    this.#limitWait();
  }

  /**
   * Takes a carrier whose HELLO named this session, and answers it: the host's part.
   *
   * @param isNew Whether the session was made for it.
   * @param resumption A secret for a later offer of this page, 32 bytes.
   */
  accept(
    carrier: Carrier,
    hello: Hello,
    isNew: boolean,
    resumption?: Uint8Array<ArrayBuffer>,
  ): void {
    const mode = isNew ? "new" : hello.mode === "join" ? "join" : "resume";
    this.#streams.limit(hello);
    if (mode === "new") this.#streams.restart(hello.next);
    if (mode === "resume") this.#resume(carrier, hello, this.#streams.nextId);
    forgetSecrets(hello);
    carrier.greet({ ...this.#hello(mode), resumption });
    this.#adopt(carrier);
  }

  /** Measures the round trip, in ms; undefined without a carrier. It stays pending without an answer. */
  async ping(): Promise<number | undefined> {
    const [carrier] = this.#carriers.active;
    return carrier && await new Promise((resolve) => carrier.ping(resolve));
  }

  /** Finds out at once whether the other end is there: after a sleep, or a change of network. */
  probe(): void {
    this.#carriers.probe();
  }

  /**
   * Accepts no more streams: refuses those that the other end opens. Resolves when the open ones have
   * ended.
   */
  async goAway(): Promise<void> {
    this.#incoming.isGoingAway = true;
    this.#packer.goAway();
    await Promise.all([...this.#streams].map((stream) => stream.closed));
  }

  /** Closes all carriers but the oldest, and the oldest one whose transport paces itself. */
  shed(): void {
    this.#carriers.shed();
  }

  /** Says CLOSE, fails all streams, and closes the carriers. */
  close(
    reason = new LighthouseError("closed", `The ${this.#options.role} disconnected`),
  ): void {
    if (this.#isOver) return;
    this.#carriers.leave(reason);
    this.#end(reason);
  }

  #hello(mode: Hello["mode"]): Hello {
    return {
      session: this.id,
      mode,
      streams: MAX_STREAMS,
      credit: INITIAL_LIMITS.credit,
      next: this.#unsure ?? this.#streams.nextId,
      held: mode === "resume" ? this.#streams.held : [],
    };
  }

  #adopt(carrier: Carrier): void {
    if (this.#early !== carrier) this.#deadline.stop();
    this.#carriers.adopt(carrier);
    this.#packer.schedule();
  }

  /** Sends again all that the other end is not known to have. */
  #rewind(): void {
    for (const stream of this.#streams) stream.rewind();
  }

  /** The other end goes on where it stopped, over the new carrier only. */
  #resume(carrier: Carrier, hello: Hello, announced: number): void {
    this.#carriers.discard(carrier);
    this.#streams.resume(hello, announced);
  }

  /** The other end has lost the session, and begins another. */
  #restart(next?: number): void {
    this.#carriers.discard();
    this.#streams.restart(next);
  }

  #loseCarrier(): void {
    // The others carry again what may be lost with it.
    if (this.#carriers.size > 0) this.#rewind();
    else this.#detach(new LighthouseError("connection-lost", "The connection ended"));
  }

  #detach(reason: LighthouseError): void {
    this.#carriers.forgetSilence();
    this.#deadline.restart();
    this.#options.onDetached?.(reason);
  }

  #limitWait(): void {
    if (this.#carriers.size === 0 || this.#early) this.#deadline.start();
  }

  #expire(): void {
    const late = this.#options.whyLate?.() ??
      new LighthouseError("connection-lost", "The connection was not restored in time");
    if (this.#options.role === "host") this.#end(late);
    else this.#streams.drop(late);
  }

  #receive(frames: SessionFrame[], isCurrent: () => boolean): void {
    try {
      this.#incoming.startMessage();
      for (const frame of frames) {
        // A carrier that was given up stays open for a while: its frames come too late.
        if (!isCurrent()) return;
        if (frame.type === "goaway") this.#streams.refuse();
        else if (frame.type === "close") this.#closeByPeer(frame.code, frame.message);
        else this.#incoming.receive(frame);
      }
    } catch (error) {
      this.#break(LighthouseError.from(error, "bad-frame"));
    }
  }

  #closeByPeer(code: ErrorCode, message: string): void {
    const isHost = this.#options.role === "host";
    const reason = closedBy(isHost ? "page" : "host", code, message);
    if (!isHost) return this.#startOver(reason);
    this.#carriers.discard();
    this.#end(reason);
  }

  /** The other end broke the protocol. */
  #break(error: LighthouseError): void {
    if (this.#isOver) return;
    if (this.#options.role === "host") return this.close(error);
    this.#carriers.leave(error);
    this.#startOver(error);
  }

  /** The host's session has ended: the page waits for a carrier to begin another. */
  #startOver(reason: LighthouseError): void {
    this.#restart();
    this.#detach(reason);
  }

  #end(reason: LighthouseError): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#deadline.stop();
    this.#packer.stop();
    this.#streams.drop(reason);
    this.#closed.resolve(reason);
  }
}

/** The reason of a session's end that the other end has told. */
function closedBy(other: Role, code: ErrorCode, message: string): LighthouseError {
  // A page connects again: to it, a host that stops is a connection that was lost.
  const isKept = other === "page" || code === "bad-frame" || code === "device-revoked";
  return new LighthouseError(
    isKept ? code : "connection-lost",
    `The ${other} closed the connection: ${message}`,
  );
}

/** What the streams need of their session. */
function ownerOf({ memory, streams, carriers, packer }: {
  memory: MemoryBudget;
  streams: Streams;
  carriers: Carriers;
  packer: Packer;
}): StreamOwner {
  const windows = new Windows(memory);
  return {
    budget: new RetransmitBudget(() => {
      for (const stream of streams) packer.wake(stream);
    }, memory),
    memory,
    wake: (stream) => packer.wake(stream),
    widen: (stream) => {
      const { isMetered, roundTripTime } = carriers;
      return windows.widen(stream, isMetered ? METERED_ROUND_TRIP_MS : roundTripTime);
    },
    forget: (stream) => {
      streams.delete(stream);
      packer.delete(stream);
      windows.release(stream);
    },
  };
}

/** Lets the list of 2,048 entries at most and the secret go: the carrier keeps the HELLO while it lives. */
function forgetSecrets(hello: Hello): void {
  hello.held = [];
  hello.resumption = undefined;
}
