// One channel of a session: its messages in and out, what is on its way, and whether the other end
// is heard (docs/wire.md, "Carriers").
import type { ByteWriter } from "../bytes.ts";
import { LighthouseError } from "../error.ts";
import { NEAR_MS } from "../limits.ts";
import type { Channel } from "./channel.ts";
import { CongestionWindow } from "./congestion_window.ts";
import { decodeMessage, encodeMessage, type Frame, writeFrame } from "./frame.ts";
import type { Hello } from "./hello.ts";

/**
 * Bytes of messages after which they are acknowledged: every large message; fewer times to an other end
 * that is near, where an acknowledgement costs as much as a message and its time little. No window is
 * smaller than the largest of these, or its sender would wait for an acknowledgement that waits for it.
 */
const ACK_EVERY = 8 * 1024;
const ACK_EVERY_NEAR = 64 * 1024;

/**
 * Bytes after which large transfers to an end that is near rest where they are not alone, and for how
 * long, in milliseconds: the processors of the two ends are the path then, and what is new would wait
 * until one is free. It costs them a tenth.
 */
const REST_EVERY = 64 * 1024;
const REST_MS = 1;

/** Most bytes that a channel may queue: browsers close it at 16 MiB. */
const MAX_QUEUED = 2 * 1024 * 1024;

/** Bytes that may arrive before the HELLO, which an unordered channel can deliver last. */
const MAX_EARLY = 1024 * 1024;

/** Time for the other end's HELLO, in milliseconds. */
const HELLO_MS = 10_000;

/** Time that the other end has to close the channel after a CLOSE, in milliseconds. */
const CLOSE_MS = 500;

/** Frames that concern the session; the others are the carrier's own. */
export type SessionFrame = Exclude<Frame, { type: "hello" | "ack" | "ping" | "pong" }>;

/** What a session does with a carrier's news. */
export interface CarrierOwner {
  /** Takes frames, of one message each time. */
  receive(frames: SessionFrame[]): void;
  /** Something is to be sent, or there is room for it again. */
  wake(): void;
  /** The other end broke the protocol. */
  broken(error: LighthouseError): void;
  /** The channel is closed. */
  closed(): void;
  /** Whether streams have been opened beside others lately: then none should take much of the path. */
  readonly isShared: boolean;
}

/** A channel that is open, before and after it belongs to a session. */
export class Carrier {
  /** The other end's HELLO. Rejects when it does not come, is malformed, or a CLOSE comes instead. */
  readonly hello: Promise<Hello>;

  readonly #channel: Channel;
  readonly #hello = Promise.withResolvers<Hello>();
  readonly #pace = new CongestionWindow();
  readonly #timer: ReturnType<typeof setTimeout>;
  #owner: CarrierOwner | undefined;
  /** The session that this end's HELLO named; undefined before it. */
  #session: Uint8Array | undefined;
  #early: SessionFrame[][] = [];
  #earlyBytes = 0;
  #greeted = false;
  #left = false;
  #closed = false;
  #received = 0;
  #acknowledged = 0;
  #pong: number | undefined;
  #ping: { token: number; at: number } | undefined;
  #pingDue = false;
  #token = 0;
  #roundTripTime: number | undefined;
  #heard = true;
  /** Bytes since the last rest, and the one that is under way. */
  #unrested = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;

  constructor(channel: Channel) {
    this.#channel = channel;
    this.hello = this.#hello.promise;
    this.hello.catch(() => {});
    channel.onmessage = (message) => this.#receive(message);
    channel.onclose = () => this.#end();
    this.#timer = setTimeout(() => {
      this.#break(new LighthouseError("no-answer", "The other side sent no HELLO"));
    }, HELLO_MS);
  }

  /** Gives it to a session, with what has arrived before. */
  adopt(owner: CarrierOwner): void {
    this.#owner = owner;
    if (this.#closed) owner.closed();
    else if (this.#greeted) this.#deliverEarly();
  }

  /** The newest measured round-trip time in milliseconds, undefined before the first. */
  get roundTripTime(): number | undefined {
    return this.#roundTripTime;
  }

  /** The shortest time after which a message was acknowledged, in milliseconds; Infinity before. */
  get shortestRoundTrip(): number {
    return this.#pace.shortest;
  }

  /** Whether more may be on its way. */
  get isInPace(): boolean {
    return this.#pace.room > 0;
  }

  /** Whether large transfers are to leave the path to others for a moment. */
  get isResting(): boolean {
    return this.#rest !== undefined;
  }

  /** Whether the channel's queue is so long that nothing should join it. */
  get isFull(): boolean {
    return this.#channel.bufferedAmount > MAX_QUEUED;
  }

  /** Whether the carrier has frames of its own to send. */
  get isDue(): boolean {
    return this.#pong !== undefined || this.#pingDue ||
      this.#received - this.#acknowledged >= this.#ackEvery;
  }

  get #ackEvery(): number {
    return this.#isNear ? ACK_EVERY_NEAR : ACK_EVERY;
  }

  get #isNear(): boolean {
    return this.#roundTripTime !== undefined && this.#roundTripTime < NEAR_MS;
  }

  /** Whether a message has arrived since this was asked last. */
  takeHeard(): boolean {
    const heard = this.#heard;
    this.#heard = false;
    return heard;
  }

  /** Asks for a sign of life, which is also a measurement. */
  ping(): void {
    this.#pingDue = true;
    this.#owner?.wake();
  }

  /** Writes the frames of its own that are due: they go with whatever else is sent. */
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

  /** Says HELLO. That of the other end must name the same session. */
  greet(hello: Hello): void {
    this.#session = hello.session;
    this.send(encodeMessage([{ type: "hello", hello }]));
  }

  /** Sends a message. */
  send(message: Uint8Array<ArrayBuffer>): void {
    this.#pace.sent(message.length, performance.now());
    this.#channel.send(message);
    this.#restAfter(message.length);
  }

  #restAfter(bytes: number): void {
    this.#unrested = this.#isNear && this.#owner?.isShared ? this.#unrested + bytes : 0;
    if (this.#unrested < REST_EVERY || this.#rest) return;
    const began = performance.now();
    this.#rest = setTimeout(() => {
      this.#rest = undefined;
      // A browser's timers take 4 ms or more: then the next rest comes as much later.
      this.#unrested = REST_EVERY * (1 - (performance.now() - began) / REST_MS);
      this.#owner?.wake();
    }, REST_MS);
  }

  /** Says why this end leaves, by a CLOSE, and closes the channel. Nothing that comes is read. */
  leave(reason: LighthouseError): void {
    const { code, message } = reason;
    this.#left = true;
    this.#hello.reject(reason);
    this.send(encodeMessage([{ type: "close", code, message }]));
    // Closing drops what is queued, the CLOSE with it: the other end, told, closes first.
    setTimeout(() => this.close(), CLOSE_MS);
  }

  /** Closes the channel; the session hears of it. */
  close(): void {
    this.#channel.close();
    this.#end();
  }

  #receive(message: Uint8Array<ArrayBuffer> | string): void {
    if (this.#closed || this.#left) return;
    this.#heard = true;
    try {
      if (typeof message === "string") {
        throw new LighthouseError("bad-frame", "Cannot read the message: it is text, not bytes");
      }
      this.#received += message.length;
      const frames = decodeMessage(message).filter((frame) => this.#isOfSession(frame));
      this.#pass(frames as SessionFrame[], message.length);
    } catch (error) {
      this.#break(LighthouseError.from(error, "bad-frame"));
    }
  }

  /** Takes the carrier's own frames out. */
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
        this.#pace.isShared = this.#owner?.isShared ?? false;
        if (this.#pace.acked(frame.bytes, performance.now())) return false;
        throw new LighthouseError("bad-frame", `An ACK of ${frame.bytes} bytes exceeds those sent`);
      case "ping":
        // Only the newest is answered: a flood of them costs no more.
        this.#pong = frame.token;
        return false;
      case "pong":
        if (frame.token === this.#ping?.token) {
          this.#roundTripTime = performance.now() - this.#ping.at;
        }
        return false;
      case "close":
        if (this.#greeted || !this.#session) return true;
        // In place of a HELLO: the other end will not have this one.
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
    this.#earlyBytes += size;
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
    // A CLOSE in place of a HELLO refuses the carrier; behind one, it would end the session.
    else if (this.#session) this.close();
    else this.leave(error);
  }

  #end(): void {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#rest);
    this.#hello.reject(new LighthouseError("connection-lost", "The connection ended"));
    this.#early.length = 0;
    this.#owner?.closed();
  }
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.every((byte, index) => byte === other[index]);
}
