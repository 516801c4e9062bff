// Many streams over carriers that come and go (docs/wire.md): what is open, who sends next, what
// happens when a carrier is lost.
//
// The session outlives its carriers: while there is none, streams wait; the next one's HELLO says
// what each end holds, and everything else is sent again.
import { ByteWriter } from "../bytes.ts";
import { type ErrorCode, LighthouseError } from "../error.ts";
import type { Carrier, SessionFrame } from "./carrier.ts";
import { DATA_OVERHEAD, type Frame, MAX_MESSAGE, writeFrame } from "./frame.ts";
import { type Hello, ID_BYTES, INITIAL_LIMITS, MAX_HELD } from "./hello.ts";
import { Liveness, type LivenessRules } from "./liveness.ts";
import { RemoteStreamIds } from "./remote_stream_ids.ts";
import { RetransmitBudget } from "./retransmit_budget.ts";
import { Scheduler } from "./scheduler.ts";
import { Stream, type StreamOwner } from "./stream.ts";
import { Windows } from "./windows.ts";

/** The lowest number of each end's streams; each further one is 2 above the last. */
const FIRST = { page: 1, host: 2 } as const;

/** Most streams open at once that an end accepts. */
export const MAX_STREAMS = 512;

/**
 * Streams above that which are still accepted: the other end may know of the end of one before this
 * end does. As many more are refused, and stay until the other end knows; then the session ends.
 */
const STREAMS_SLACK = 512;

/**
 * Time for which a session without a carrier keeps its streams, and for which a stream that the other
 * end opened may be without its head, in milliseconds.
 */
export const DEADLINE_MS = 120_000;

/** Time after a stream's last bytes for which the session counts as busy, in milliseconds. */
const BUSY_MS = 2000;

/** Time for which a stream that was opened beside others counts as one that should not wait, in ms. */
const SHARED_MS = 1000;

/** Time for which the news that a stream is over waits for a message to go with, in milliseconds. */
const DONE_MS = 25;

/** A message is not filled up with less than this of a stream, in bytes. */
const LEAST_DATA = 256;

/** Options of {@linkcode Session}. */
export interface SessionOptions {
  /** Who this end is: the page's streams have odd numbers, and the page says HELLO first. */
  role: "page" | "host";
  /** Names the session, 16 bytes. @default random */
  id?: Uint8Array;
  /** Called with each stream that the other end opens. Without it, this end accepts none. */
  onStream?: (stream: Stream) => void;
  /** Called when the last carrier is gone, and the session waits for another. */
  onDetached?: (reason: LighthouseError) => void;
  /** Called when nothing is heard where something should be (true), and when it is again (false). */
  onSilence?: (silent: boolean) => void;
  /** Called when bytes of streams move after a pause. */
  onBusy?: () => void;
  /** When silence counts, see {@linkcode LivenessRules}. */
  liveness: LivenessRules;
  /** Time without a carrier, or without its head, before a stream fails, in ms. @default 120_000 */
  deadline?: number;
  /**
   * Calls back soon: what is to be sent until then shares a message. Where what belongs together comes
   * about over several turns, as an answer's head and body in Node, a longer wait saves messages.
   * @default queueMicrotask
   */
  soon?: (callback: () => void) => void;
}

/** A session. Nothing is sent before it is given a carrier. */
export class Session {
  /** Resolves with the reason when the session is over, whoever ended it. */
  readonly closed: Promise<LighthouseError>;
  /** Names the session, 16 bytes. */
  readonly id: Uint8Array;

  readonly #options: SessionOptions;
  readonly #closed = Promise.withResolvers<LighthouseError>();
  readonly #carriers = new Map<Carrier, Liveness>();
  readonly #streams = new Map<number, Stream>();
  /** Opened here and not begun, for want of a carrier or of room at the other end. */
  readonly #unbegun = new Set<Stream>();
  /** Streams with something to tell besides their bytes. */
  readonly #due = new Set<Stream>();
  /** Whether that is worth a message of its own; and what makes it so in time. */
  #urgent = false;
  #doneTimer: ReturnType<typeof setTimeout> | undefined;
  readonly #scheduler = new Scheduler();
  readonly #windows = new Windows();
  readonly #owner: StreamOwner;
  /** Streams that are over here, and that the other end asked about. */
  readonly #forgotten = new Set<number>();
  /** One for all messages: a buffer for each would keep the garbage collector busy. */
  readonly #writer = new ByteWriter(MAX_MESSAGE);
  #seen: RemoteStreamIds;
  #nextId: number;
  #peer: { streams: number; credit: number } = INITIAL_LIMITS;
  #greeted = false;
  /** When bytes of a stream moved last. */
  #moved = -Infinity;
  #bytes = 0;
  /** When a stream was opened last while there were others. */
  #joined = -Infinity;
  #goawayDue = false;
  #goingAway = false;
  #peerGoingAway = false;
  #scheduled = false;
  #deadline: ReturnType<typeof setTimeout> | undefined;
  #silent = false;
  #over = false;

  constructor(options: SessionOptions) {
    this.#options = options;
    this.id = options.id ?? crypto.getRandomValues(new Uint8Array(ID_BYTES));
    this.closed = this.#closed.promise;
    const [own, other] = options.role === "page"
      ? [FIRST.page, FIRST.host]
      : [FIRST.host, FIRST.page];
    this.#nextId = own;
    this.#seen = new RemoteStreamIds(other);
    this.#owner = {
      share: new RetransmitBudget(() => this.#wakeAll()),
      wake: (stream) => this.#wakeStream(stream),
      widen: (stream) => this.#windows.widen(stream, this.roundTripTime),
      forget: (stream) => this.#forget(stream),
    };
  }

  /** Streams open now, those included that have not begun. */
  get streams(): number {
    return this.#streams.size + this.#unbegun.size;
  }

  /** Channels that carry the session now. */
  get carriers(): number {
    return this.#carriers.size;
  }

  /** The newest measured round-trip time in milliseconds, undefined before the first. */
  get roundTripTime(): number | undefined {
    for (const { roundTripTime } of this.#carriers.keys()) {
      if (roundTripTime !== undefined) return roundTripTime;
    }
    return undefined;
  }

  /** The shortest time that any of the carriers has taken there and back, in milliseconds. */
  get shortestRoundTrip(): number {
    return Math.min(...[...this.#carriers.keys()].map((carrier) => carrier.shortestRoundTrip));
  }

  /** Bytes of streams that have been sent and received, those that were sent again included. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether bytes of streams have moved in the last 2 s. */
  get busy(): boolean {
    return performance.now() - this.#moved < BUSY_MS;
  }

  /**
   * Opens a stream and sends its head. It waits here while there is no carrier, and while the other
   * end has as many open as it accepts.
   *
   * @throws {LighthouseError} `closed` when the session is over.
   */
  open(head: Uint8Array): Stream {
    if (this.#over) {
      throw new LighthouseError("closed", "Cannot open a stream: the session is over");
    }
    const stream = new Stream(this.#owner, INITIAL_LIMITS.credit);
    this.#unbegun.add(stream);
    if (this.#carriers.size === 0 && this.#deadline === undefined) this.#limitWait();
    stream.sendHead(head);
    return stream;
  }

  /**
   * Says HELLO on a channel and goes on over it: the page's part. A new session sends at once, one
   * that was resumed when the host has answered.
   *
   * @param options `join`: whether the carriers that there are stay; by default this one replaces them.
   * `proof`: shows the host whose connection it is, where it was offered through the relay.
   * @returns Resolves when the host has answered.
   * @throws {LighthouseError} `no-answer`, `bad-frame` or `connection-lost` where it does not; what the
   * host says where it refuses.
   */
  async connect(
    carrier: Carrier,
    { join = false, proof }: { join?: boolean; proof?: Uint8Array } = {},
  ): Promise<void> {
    const isFirst = !this.#greeted;
    this.#greeted = true;
    const announced = this.#nextId;
    carrier.greet({ ...this.#hello(isFirst ? "new" : join ? "join" : "resume"), proof });
    if (isFirst) this.#adopt(carrier);
    const hello = await carrier.hello;
    if (this.#over) {
      carrier.close();
      throw new LighthouseError("closed", "The session is over");
    }
    this.#meet(hello);
    if (hello.mode === "new" && !isFirst) this.#restart(hello.next);
    else if (hello.mode === "resume") this.#resume(carrier, hello, announced);
    forget(hello);
    if (isFirst) this.#schedule();
    else this.#adopt(carrier);
  }

  /**
   * Takes a carrier whose HELLO named this session, and answers it: the host's part.
   *
   * @param isNew Whether the session was made for it.
   */
  accept(carrier: Carrier, hello: Hello, isNew: boolean): void {
    this.#meet(hello);
    if (isNew) this.#seen = new RemoteStreamIds(hello.next);
    const isJoining = hello.mode === "join" && !isNew;
    if (!isNew && !isJoining) this.#resume(carrier, hello, this.#nextId);
    forget(hello);
    carrier.greet(this.#hello(isNew ? "new" : isJoining ? "join" : "resume"));
    this.#adopt(carrier);
  }

  /** Looks at once whether the other end is there: after a sleep, or a change of network. */
  probe(): void {
    for (const liveness of this.#carriers.values()) liveness.probe();
  }

  /**
   * Accepts no more streams: what the other end opens is `refused`. Resolves when those that are open
   * have ended.
   */
  async goAway(): Promise<void> {
    this.#goingAway = this.#goawayDue = true;
    this.#schedule();
    await Promise.all([...this.#streams.values()].map((stream) => stream.closed));
  }

  /** Closes all carriers but the oldest. */
  shed(): void {
    for (const carrier of [...this.#carriers.keys()].slice(1)) carrier.close();
  }

  /** Says goodbye, fails all streams, and closes the carriers. */
  close(reason = new LighthouseError("closed", "This side closed the session")): void {
    if (this.#over) return;
    this.#sayGoodbye(reason);
    this.#end(reason);
  }

  #hello(mode: Hello["mode"]): Hello {
    return {
      session: this.id,
      mode,
      streams: MAX_STREAMS,
      credit: INITIAL_LIMITS.credit,
      next: this.#nextId,
      held: mode === "resume" ? [...this.#streams.values()].map((stream) => stream.held) : [],
    };
  }

  #meet({ streams, credit }: Hello): void {
    // A HELLO must be able to list them all.
    this.#peer = { streams: Math.min(streams, MAX_HELD), credit };
  }

  #adopt(carrier: Carrier): void {
    clearTimeout(this.#deadline);
    this.#deadline = undefined;
    const liveness = new Liveness(this.#options.liveness, {
      isBusy: () => this.busy,
      takeHeard: () => carrier.takeHeard(),
      roundTripTime: () => carrier.roundTripTime,
      ping: () => carrier.ping(),
      onSilence: (silent) => {
        // One of several is given up at once: the others carry again what may be lost with it.
        if (silent && this.#carriers.size > 1) carrier.close();
        else this.#hush(silent);
      },
      onDeath: () => carrier.close(),
    });
    this.#carriers.set(carrier, liveness);
    const isShared = () => performance.now() - this.#joined < SHARED_MS;
    carrier.adopt({
      get isShared() {
        return isShared();
      },
      receive: (frames) => this.#receive(carrier, frames),
      wake: () => this.#schedule(),
      broken: (error) => {
        if (this.#carriers.has(carrier)) this.#break(error);
      },
      closed: () => this.#lose(carrier),
    });
    carrier.ping();
    this.#hush(false);
    this.#schedule();
  }

  /**
   * The other end goes on where it stopped: its earlier carriers are over.
   *
   * @param announced The lowest stream of this end that the other could not know of.
   */
  #resume(carrier: Carrier, { held, next }: Hello, announced: number): void {
    for (const other of [...this.#carriers.keys()]) {
      if (other !== carrier) this.#discard(other);
    }
    const listed = new Map(held.map((entry) => [entry.stream, entry]));
    this.#seen.settle(next, listed);
    for (const stream of [...this.#streams.values()]) {
      const entry = listed.get(stream.id);
      this.#guard(stream, () => {
        const isNewer = stream.id >= (this.#isOurs(stream.id) ? announced : next);
        if (!entry && !isNewer) {
          if (!stream.unlisted()) stream.drop(lost());
          return;
        }
        if (entry?.limit === 0) stream.receiveDone();
        else if (entry) stream.receiveCredit(entry.received, entry.limit);
        stream.rewind();
      });
    }
  }

  /** The other end has lost the session: what had begun is over, what had not goes to the new one. */
  #restart(next: number): void {
    for (const carrier of [...this.#carriers.keys()]) this.#discard(carrier);
    for (const stream of [...this.#streams.values()]) stream.drop(lost());
    this.#seen = new RemoteStreamIds(next);
    this.#peerGoingAway = false;
  }

  #discard(carrier: Carrier): void {
    this.#carriers.get(carrier)?.stop();
    this.#carriers.delete(carrier);
    carrier.close();
  }

  #lose(carrier: Carrier): void {
    const liveness = this.#carriers.get(carrier);
    if (!liveness || this.#over) return;
    liveness.stop();
    this.#carriers.delete(carrier);
    if (this.#carriers.size > 0) {
      // What it carried may be lost: the others say it again.
      for (const stream of this.#streams.values()) stream.rewind();
      return;
    }
    this.#detached(
      new LighthouseError("connection-lost", "The connection to the other side ended"),
    );
  }

  #detached(reason: LighthouseError): void {
    this.#silent = false;
    this.#limitWait();
    this.#options.onDetached?.(reason);
  }

  /** Fails what waits for a carrier, unless one comes in time. */
  #limitWait(): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => {
      this.#deadline = undefined;
      const late = new LighthouseError(
        "connection-lost",
        "The connection was not restored in time",
      );
      if (this.#options.role === "host") return this.#end(late);
      for (const stream of [...this.#streams.values(), ...this.#unbegun]) stream.drop(late);
    }, this.#patience);
  }

  get #patience(): number {
    return this.#options.deadline ?? DEADLINE_MS;
  }

  #hush(silent: boolean): void {
    if (this.#silent === silent) return;
    this.#silent = silent;
    this.#options.onSilence?.(silent);
  }

  #receive(carrier: Carrier, frames: SessionFrame[]): void {
    for (const frame of frames) {
      // One that was given up stays open for a while: what it brings belongs to what is over.
      if (!this.#carriers.has(carrier)) return;
      if (frame.type === "goaway") this.#peerGoingAway = true;
      else if (frame.type === "close") this.#closedByPeer(frame);
      else this.#receiveOf(frame);
    }
  }

  #receiveOf(frame: Exclude<SessionFrame, { type: "goaway" | "close" }>): void {
    const known = this.#streams.get(frame.stream);
    const stream = known ?? this.#accept(frame);
    if (!stream) return;
    this.#guard(stream, () => {
      switch (frame.type) {
        case "data":
          this.#move(frame.bytes.length);
          return stream.receiveData(frame.offset, frame.bytes, frame.end);
        case "credit":
          return stream.receiveCredit(frame.received, frame.limit);
        case "stop":
          return stream.receiveStop();
        case "done":
          return stream.receiveDone();
        case "reset":
          return stream.receiveReset(frame.code, frame.message);
      }
    });
    if (!known && !stream.hasHead) this.#limitHead(stream);
  }

  /** One whose head does not come would hold its place for ever. Nobody has looked at it yet. */
  #limitHead(stream: Stream): void {
    const late = new LighthouseError("refused", "The stream's head did not come in time");
    const timer = setTimeout(() => stream.reset(late), this.#patience);
    stream.head.catch(() => {}).then(() => clearTimeout(timer));
  }

  /** A stream that breaks the rules ends alone. */
  #guard(stream: Stream, act: () => void): void {
    try {
      act();
    } catch (error) {
      stream.reset(LighthouseError.from(error, "bad-frame"));
    }
  }

  /** The stream that a frame of an unknown one opens, if any: those that are over stay so. */
  #accept(frame: Extract<Frame, { stream: number }>): Stream | undefined {
    try {
      if (
        this.#isOurs(frame.stream) || frame.type !== "data" && frame.type !== "reset" ||
        !this.#seen.add(frame.stream)
      ) {
        // Its end may not have arrived there: said again, the other end forgets it as well.
        if (frame.type === "reset" || (frame.type === "data" && frame.end)) {
          this.#answerForgotten(frame.stream);
        }
        return undefined;
      }
    } catch (error) {
      this.#break(LighthouseError.from(error, "bad-frame"));
      return undefined;
    }
    if (frame.type === "reset") {
      this.#answerForgotten(frame.stream);
      return undefined;
    }
    if (this.#streams.size >= MAX_STREAMS + 2 * STREAMS_SLACK) {
      this.#break(new LighthouseError("bad-frame", "Too many streams were opened"));
      return undefined;
    }
    const stream = new Stream(this.#owner, INITIAL_LIMITS.credit, frame.stream);
    stream.begin(frame.stream, this.#peer.credit);
    this.#keep(stream);
    const isFull = this.#streams.size > MAX_STREAMS + STREAMS_SLACK;
    if (this.#goingAway || !this.#options.onStream || isFull) {
      const why = this.#goingAway
        ? "this side is about to stop"
        : `${MAX_STREAMS} are open already`;
      stream.reset(new LighthouseError("refused", `Cannot open a stream: ${why}`));
      return undefined;
    }
    this.#options.onStream(stream);
    return stream;
  }

  #keep(stream: Stream): void {
    for (const { isOpen } of this.#streams.values()) {
      if (!isOpen) continue;
      this.#joined = performance.now();
      break;
    }
    this.#streams.set(stream.id, stream);
  }

  #isOurs(id: number): boolean {
    return (id - this.#nextId) % 2 === 0;
  }

  #answerForgotten(id: number): void {
    // More than these arrive only from an end that repeats itself: it can wait.
    if (this.#forgotten.size < MAX_STREAMS) this.#forgotten.add(id);
    this.#schedule();
  }

  #closedByPeer({ code, message }: { code: ErrorCode; message: string }): void {
    const isHost = this.#options.role === "host";
    // A page connects again: to it, a host that stops is a connection that was lost.
    const isItself = isHost || code === "bad-frame" || code === "device-revoked";
    const reason = new LighthouseError(
      isItself ? code : "connection-lost",
      `The other side closed the connection: ${message}`,
    );
    if (isHost) {
      for (const carrier of [...this.#carriers.keys()]) this.#discard(carrier);
      return this.#end(reason);
    }
    this.#startOver(reason);
  }

  /** The other end broke the protocol. */
  #break(error: LighthouseError): void {
    if (this.#over) return;
    if (this.#options.role === "host") return this.close(error);
    this.#sayGoodbye(error);
    this.#startOver(error);
  }

  /** The session that the host had is over: the page waits for a carrier to begin another. */
  #startOver(reason: LighthouseError): void {
    this.#restart(FIRST.host);
    this.#detached(reason);
  }

  #sayGoodbye(reason: LighthouseError): void {
    for (const [carrier, liveness] of this.#carriers) {
      liveness.stop();
      carrier.leave(reason);
    }
    this.#carriers.clear();
  }

  #wakeStream(stream: Stream): void {
    if (this.#over) return;
    if (stream.id === 0) return this.#schedule();
    const { ready, due, urgent } = stream;
    if (ready) this.#scheduler.add(stream);
    if (due) this.#due.add(stream);
    this.#urgent ||= urgent;
    if (ready || urgent) return this.#schedule();
    if (!due) return;
    this.#doneTimer ??= setTimeout(() => {
      this.#doneTimer = undefined;
      this.#urgent = this.#due.size > 0;
      this.#schedule();
    }, DONE_MS);
  }

  #wakeAll(): void {
    for (const stream of this.#streams.values()) this.#wakeStream(stream);
  }

  #forget(stream: Stream): void {
    this.#unbegun.delete(stream);
    this.#due.delete(stream);
    this.#scheduler.delete(stream);
    this.#windows.release(stream);
    if (this.#streams.get(stream.id) === stream) this.#streams.delete(stream.id);
    if (this.#unbegun.size > 0) this.#schedule();
  }

  /** Sends soon: what happens until then goes into the same message. */
  #schedule(): void {
    if (this.#scheduled || this.#over || this.#carriers.size === 0) return;
    this.#scheduled = true;
    const { soon = queueMicrotask } = this.#options;
    soon(() => {
      this.#scheduled = false;
      this.#flush();
    });
  }

  /** One message on each carrier in turn, until there is nothing to send or no room. */
  #flush(): void {
    for (let sent = true; sent;) {
      sent = false;
      for (const carrier of [...this.#carriers.keys()]) {
        const message = this.#compose(carrier);
        if (message.length === 0) continue;
        carrier.send(message);
        sent = true;
      }
    }
  }

  #compose(carrier: Carrier): Uint8Array<ArrayBuffer> {
    if (carrier.isFull || this.#over) return new Uint8Array();
    this.#beginStreams();
    const { isResting } = carrier;
    const ready = isResting ? this.#scheduler.small : this.#scheduler.size;
    const hasData = carrier.isInPace && ready > 0;
    const hasControl = carrier.isDue || this.#goawayDue || this.#forgotten.size > 0 ||
      (this.#urgent && this.#due.size > 0);
    if (!hasData && !hasControl) return new Uint8Array();

    const writer = this.#writer;
    carrier.write(writer);
    if (this.#goawayDue) writeFrame(writer, { type: "goaway" });
    this.#goawayDue = false;
    for (const stream of this.#forgotten) {
      if (writer.room < LEAST_CONTROL) break;
      this.#forgotten.delete(stream);
      writeFrame(writer, { type: "done", stream });
    }
    for (const stream of this.#due) {
      if (writer.room < LEAST_CONTROL) break;
      this.#due.delete(stream);
      stream.writeControl(writer);
    }
    this.#urgent &&= this.#due.size > 0;
    while (hasData && writer.room >= LEAST_DATA + DATA_OVERHEAD) {
      const { room } = writer;
      const stream = this.#scheduler.next(isResting);
      if (!stream) break;
      stream.writeData(writer);
      if (stream.ready) this.#scheduler.add(stream);
      this.#move(room - writer.room);
    }
    return writer.finish();
  }

  #move(bytes: number): void {
    const now = performance.now();
    const wasBusy = now - this.#moved < BUSY_MS;
    this.#moved = now;
    this.#bytes += bytes;
    if (!wasBusy) this.#options.onBusy?.();
    for (const liveness of this.#carriers.values()) liveness.nudge();
  }

  /** Gives waiting streams their numbers, in the order in which they were opened. */
  #beginStreams(): void {
    for (const stream of this.#unbegun) {
      if (this.#peerGoingAway || this.#streams.size >= this.#peer.streams) return;
      this.#unbegun.delete(stream);
      stream.begin(this.#nextId, this.#peer.credit);
      this.#nextId += 2;
      this.#keep(stream);
      this.#scheduler.add(stream);
    }
  }

  #end(reason: LighthouseError): void {
    if (this.#over) return;
    this.#over = true;
    clearTimeout(this.#deadline);
    clearTimeout(this.#doneTimer);
    for (const liveness of this.#carriers.values()) liveness.stop();
    this.#carriers.clear();
    for (const stream of [...this.#streams.values(), ...this.#unbegun]) stream.drop(reason);
    this.#closed.resolve(reason);
  }
}

/** Room that a stream's control frames may need, in bytes. */
const LEAST_CONTROL = 700;

/** Lets the list go, of 2,048 entries at most: its carrier keeps the HELLO for as long as it lives. */
function forget(hello: Hello): void {
  hello.held = [];
}

function lost(): LighthouseError {
  return new LighthouseError(
    "session-lost",
    "The host has lost this session, and may have seen the request or not",
  );
}
