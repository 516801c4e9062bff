// One channel of a session: sends and receives its messages, bounds the bytes on their way, and measures
// the round trip (docs/wire.md, "Carriers").
import type { ByteWriter } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { NEAR_MS } from "../limits.ts";
import { type Channel, isMetered, type MeteredChannel } from "./channel.ts";
import { CongestionWindow, METERED, PACED, type PathWindow } from "./congestion_window.ts";
import {
  decodeMessage,
  encodeMessage,
  type Frame,
  MAX_MESSAGE,
  MAX_MESSAGE_ACCEPTED,
  writeFrame,
} from "./frame.ts";
import type { Hello } from "./hello.ts";

/**
 * Bytes of messages between two acknowledgements: every message of a transfer; less often to an end that
 * is near, where an acknowledgement costs as much as a message. No window is smaller, or its sender would
 * wait for an acknowledgement that waits for more bytes.
 */
const ACK_EVERY = 1024;
const ACK_EVERY_NEAR = 64 * 1024;

/** The same over a transport that paces itself: there, ACKs are many at a high rate. */
const ACK_EVERY_PACED = 4 * 1024;

/** The same where each message costs: the channel has acknowledgements of its own. */
const ACK_EVERY_METERED = 256 * 1024;

/**
 * Bytes after which large transfers to an end that is near rest while streams are shared, and the time
 * of a rest in milliseconds. There, the processors of the two ends are the path, and new streams would
 * wait until one is free. The rests cost large transfers a tenth.
 */
const REST_EVERY = 64 * 1024;
const REST_MS = 1;

/** Most bytes that a channel may queue: browsers close it at 16 MiB. */
const MAX_QUEUED = 2 * 1024 * 1024;

/** Most bytes that may arrive before the HELLO, which an unordered channel can deliver last. */
const MAX_EARLY = 1024 * 1024;

/** Memory that each frame of them needs beside its bytes. */
const FRAME_BYTES = 64;

/**
 * Most bytes that may arrive beyond those that this end has acknowledged. The other end's window is half
 * as large (congestion_window.ts), and it gets the acknowledgements later than they are sent: so it never
 * has as much on its way, however long this end was busy.
 */
const MAX_UNACKNOWLEDGED = 2 * 1024 * 1024;

/** The same over a transport that paces itself, where the window may be larger (congestion_window.ts). */
const MAX_UNACKNOWLEDGED_PACED = 16 * 1024 * 1024;

/** Time for the other end's HELLO, in milliseconds. */
const HELLO_MS = 10_000;

/** Time for the other end to close the channel after a CLOSE, in milliseconds. */
const CLOSE_MS = 500;

/** Frames that concern the session; the others are the carrier's own. */
export type SessionFrame = Exclude<Frame, { type: "hello" | "ack" | "ping" | "pong" }>;

/** The session, as a carrier sees it. */
export interface CarrierOwner {
  /** Takes frames, of one message each time. */
  receive(frames: SessionFrame[]): void;
  /** Something is to be sent, or there is room for it again. */
  wake(): void;
  /** The other end broke the protocol. */
  broken(error: LighthouseError): void;
  /** The channel is closed. */
  closed(): void;
  /** Whether streams were opened beside others lately: then no stream should take much of the path. */
  readonly isShared: boolean;
  /** What all carriers of the session share, except for those that are metered. */
  readonly path: PathWindow;
}

/** An open channel, before and after a session adopts it. */
export class Carrier {
  /** The other end's HELLO. Rejects when none comes, it is malformed, or a CLOSE comes instead. */
  readonly hello: Promise<Hello>;
  /** Whether another one carries the session, and this one waits for its end. @default false */
  isStandby = false;

  readonly #channel: Channel;
  readonly #metered: MeteredChannel | undefined;
  readonly #hello = Promise.withResolvers<Hello>();
  readonly #window: CongestionWindow;
  readonly #timer: ReturnType<typeof setTimeout> | undefined;
  #owner: CarrierOwner | undefined;
  /** The session of this end's HELLO; undefined before. */
  #session: Uint8Array | undefined;
  #early: SessionFrame[][] = [];
  #earlyBytes = 0;
  #greeted = false;
  #left = false;
  #isSilent = false;
  /** The newest PING before the silence. */
  #tokenBefore = 0;
  #closed = false;
  #received = 0;
  #acknowledged = 0;
  #pong: number | undefined;
  #ping: { token: number; at: number } | undefined;
  #pingDue = false;
  /** Called with the next measured round trip. */
  #onPong: ((roundTripTime: number) => void)[] = [];
  #token = 0;
  #roundTripTime: number | undefined;
  #heard = true;
  /** Bytes since the last rest, and the timer of the present one. */
  #unrested = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.#metered = isMetered(channel) ? channel : undefined;
    this.#window = new CongestionWindow(rulesOf(channel));
    if (this.#metered) this.#metered.onroom = () => this.#owner?.wake();
    this.hello = this.#hello.promise;
    this.hello.catch(() => {});
    channel.onmessage = (message) => this.#receive(message);
    channel.onclose = () => this.#end();
    // Of messages in an offer, the caller knows when there was no answer.
    if (channel.limits) return;
    this.#timer = setTimeout(() => {
      this.#break(new LighthouseError("no-answer", "The other side sent no HELLO"));
    }, HELLO_MS);
  }

  /** Gives the carrier to a session, with the messages that arrived before. */
  adopt(owner: CarrierOwner): void {
    this.#owner = owner;
    this.#joinPath();
    if (this.#closed) owner.closed();
    else if (this.#greeted) this.#deliverEarly();
  }

  /** Whether each message costs money. */
  get isMetered(): boolean {
    return this.#metered !== undefined;
  }

  /** Whether the transport paces itself: then it carries the session alone. */
  get isPaced(): boolean {
    return this.#channel.isPaced === true;
  }

  /** The newest measured round-trip time in milliseconds, undefined before the first. */
  get roundTripTime(): number | undefined {
    return this.#metered ? this.#metered.roundTripTime : this.#roundTripTime;
  }

  /** The shortest time after which a message was acknowledged, in milliseconds; Infinity before. */
  get shortestRoundTrip(): number {
    return this.#window.shortest;
  }

  /** Whether nothing is heard where something should be: what is on its way does not fill the path for others. */
  set isSilent(isSilent: boolean) {
    this.#isSilent = isSilent;
    this.#tokenBefore = this.#token;
    this.#window.leave();
    if (!isSilent) this.#joinPath();
  }

  /** Whether more bytes may be on their way. */
  get isInPace(): boolean {
    return this.#window.hasRoom;
  }

  /** Whether large transfers rest. */
  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  /** Whether the channel's queue is too long for any message. */
  get isFull(): boolean {
    if (this.#metered) return this.#metered.room === 0;
    return this.#channel.bufferedAmount >= (this.#channel.limits?.queue ?? MAX_QUEUED);
  }

  /** Most bytes of a message of streams. */
  get maxMessage(): number {
    if (this.#metered) return this.#metered.room;
    const most = this.#channel.limits?.message ??
      (this.isPaced ? MAX_MESSAGE_ACCEPTED : MAX_MESSAGE);
    return Math.min(most, this.#owner?.path.message ?? most);
  }

  /** Whether the carrier has frames of its own to send: ACK, PING or PONG. */
  get isDue(): boolean {
    return this.#pong !== undefined || this.#pingDue ||
      this.#received - this.#acknowledged >= this.#ackEvery;
  }

  get #ackEvery(): number {
    if (this.#metered) return ACK_EVERY_METERED;
    if (this.#isNear) return ACK_EVERY_NEAR;
    return this.isPaced ? ACK_EVERY_PACED : ACK_EVERY;
  }

  /** Whether the processors are slower than the path. */
  get #isNear(): boolean {
    return !this.#metered && this.#roundTripTime !== undefined && this.#roundTripTime < NEAR_MS;
  }

  /** Whether a message has arrived since the last call, or none can. */
  takeHeard(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard || this.#channel.limits !== undefined;
  }

  /** Sends a PING, which also measures the round trip. @param onPong Called with it, in milliseconds. */
  ping(onPong?: (roundTripTime: number) => void): void {
    if (onPong) this.#onPong.push(onPong);
    this.#pingDue = true;
    this.#owner?.wake();
  }

  /** Writes the carrier's own frames. They go with whatever else is sent. */
  write(writer: ByteWriter): void {
    if (this.#received > this.#acknowledged) {
      this.#acknowledged = this.#received;
      writeFrame(writer, { type: "ack", bytes: this.#received });
    }
    if (this.#pong !== undefined) writeFrame(writer, { type: "pong", token: this.#pong });
    this.#pong = undefined;
    if (this.#pingDue) {
      this.#ping = { token: ++this.#token, at: performance.now() };
      writeFrame(writer, { type: "ping", token: this.#token });
    }
    this.#pingDue = false;
  }

  /** Says HELLO. The other end's HELLO must name the same session. */
  greet(hello: Hello): void {
    this.#session = hello.session;
    this.send(encodeMessage([{ type: "hello", hello }]));
  }

  /** Sends a message. */
  send(message: Uint8Array<ArrayBuffer>): void {
    this.#window.sent(message.length, performance.now());
    this.#channel.send(message);
    this.#restAfter(message.length);
  }

  #joinPath(): void {
    if (!this.#metered && !this.#closed) this.#window.join(this.#owner!.path);
  }

  #restAfter(bytes: number): void {
    this.#unrested = this.#isNear && this.#owner?.isShared ? this.#unrested + bytes : 0;
    if (this.#unrested < REST_EVERY || this.#rest) return;
    const began = performance.now();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      // Timers of browsers take 4 ms or more: the next rest comes that much later.
      this.#unrested = REST_EVERY * (1 - (performance.now() - began) / REST_MS);
      this.#owner?.wake();
    }, REST_MS);
  }

  /** Says CLOSE with the reason, closes the channel, and reads nothing more. */
  leave(reason: LighthouseError): void {
    const { code, message } = reason;
    this.#left = true;
    this.#hello.reject(reason);
    this.send(encodeMessage([{ type: "close", code, message }]));
    // Closing would drop the queue, with the CLOSE: the other end gets time to close first.
    setTimeout(() => this.close(), CLOSE_MS);
  }

  /** Closes the channel and tells the session. */
  close(): void {
    this.#channel.close();
    this.#end();
  }

  #receive(message: Uint8Array<ArrayBuffer> | string): void {
    if (this.#closed || this.#left) return;
    // After a silence, what comes may be old: only a PONG shows that both directions work. Where each message
    // costs, no PING follows.
    if (!this.#isSilent || this.#metered) this.#heard = true;
    try {
      if (typeof message === "string") {
        throw new LighthouseError("bad-frame", "Cannot read the message: it is text, not bytes");
      }
      this.#received += message.length;
      const most = this.isPaced ? MAX_UNACKNOWLEDGED_PACED : MAX_UNACKNOWLEDGED;
      if (this.#received - this.#acknowledged > most) {
        throw new LighthouseError("bad-frame", "Too much arrived that is not acknowledged");
      }
      const frames = decodeMessage(message).filter((frame) => this.#isOfSession(frame));
      this.#pass(frames as SessionFrame[], message.length);
    } catch (error) {
      this.#break(LighthouseError.from(error, "bad-frame"));
    }
  }

  /** Handles the carrier's own frames. @returns Whether the session takes the frame. */
  #isOfSession(frame: Frame): boolean {
    switch (frame.type) {
      case "hello":
        if (this.#greeted) throw new LighthouseError("bad-frame", "A second HELLO arrived");
        if (this.#session && !isSame(this.#session, frame.hello.session)) {
          throw new LighthouseError("bad-frame", "The HELLO names another session");
        }
        this.#greeted = true;
        clearTimeout(this.#timer);
        this.#hello.resolve(frame.hello);
        return false;
      case "ack":
        this.#window.isShared = this.#owner?.isShared ?? false;
        if (this.#window.acked(frame.bytes, performance.now())) return false;
        throw new LighthouseError("bad-frame", `An ACK of ${frame.bytes} bytes exceeds those sent`);
      case "ping":
        // Answers only the newest: a flood of PINGs costs no more.
        this.#pong = frame.token;
        return false;
      case "pong":
        if (frame.token > this.#tokenBefore) this.#heard = true;
        if (frame.token === this.#ping?.token) {
          this.#roundTripTime = performance.now() - this.#ping.at;
          for (const tell of this.#onPong.splice(0)) tell(this.#roundTripTime);
        }
        return false;
      case "close":
        if (this.#greeted || !this.#session) return true;
        // In place of a HELLO: the other end refuses this carrier.
        this.#hello.reject(new LighthouseError(frame.code, frame.message));
        this.close();
        return false;
    }
    return true;
  }

  #pass(frames: SessionFrame[], size: number): void {
    if (this.#owner && this.#greeted) {
      if (this.#early.length > 0) this.#deliverEarly();
      this.#owner.receive(frames);
      this.#owner.wake();
      return;
    }
    if (frames.length === 0) return;
    this.#earlyBytes += size + frames.length * FRAME_BYTES;
    if (this.#earlyBytes > MAX_EARLY) {
      throw new LighthouseError("bad-frame", "Too much arrived before the HELLO");
    }
    this.#early.push(frames);
  }

  #deliverEarly(): void {
    for (const frames of this.#early.splice(0)) this.#owner!.receive(frames);
    this.#owner!.wake();
  }

  #break(error: LighthouseError): void {
    this.#left = true;
    this.#hello.reject(error);
    if (this.#owner) this.#owner.broken(error);
    // A CLOSE in place of a HELLO refuses the carrier; after a HELLO, it would end the session.
    else if (this.#session) this.close();
    else this.leave(error);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#rest);
    this.#window.leave();
    this.#hello.reject(new LighthouseError("connection-lost", "The connection ended"));
    this.#early.length = 0;
    this.#owner?.closed();
  }
}

function rulesOf({ isPaced, isMetered }: Channel): typeof PACED | undefined {
  return isPaced ? PACED : isMetered ? METERED : undefined;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, index) => byte === other[index]);
}
