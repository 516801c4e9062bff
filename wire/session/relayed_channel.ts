// A channel through the relay, where no direct one comes about: sealed messages in the two WebSockets
// that page and host have there anyway (docs/wire.md, "Through the relay"). The relay may drop, copy or
// reorder them; it can neither read nor change them. Each costs money, so they are few and full.
import type { MeteredChannel } from "./channel.ts";
import { RelayedInbox } from "./relayed_inbox.ts";
import {
  decodeRelayed,
  encodeRelayed,
  joinMessages,
  MAX_BATCH,
  sizeInBatch,
  splitMessages,
} from "./relayed_message.ts";
import { type Batch, RelayedOutbox } from "./relayed_outbox.ts";
import { RelayedBucket, type RelayedPace } from "./relayed_pace.ts";
import { MAX_RELAYED_CT, openRelayed, sealRelayed } from "./relayed_seal.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** Least room worth a message, in bytes. */
const MIN_ROOM = 1024;

/** Most sealed texts that wait for the keys. */
const MAX_UNOPENED = 8;

/** Bytes that a message's length takes in a batch. */
const LENGTH_BYTES = 4;

/** The keys of one end, AES-GCM of 128 bits. See wire/signal/relayed_keys.ts. */
export interface RelayedKeys {
  seal: CryptoKey;
  open: CryptoKey;
}

/** Options of {@linkcode RelayedChannel}. */
export interface RelayedChannelOptions {
  /** Sends the sealed text of a `relayed` signal. The caller wraps it into the envelope. */
  send: (ct: string) => void;
  /** Called once, when the channel has ended and has sent its last message. */
  onEnd?: () => void;
  /** Whether this end sends nothing before the other end's first message: the host's. @default false */
  waits?: boolean;
  /** @default the real one */
  clock?: Clock;
}

/** Time and timers, in milliseconds. */
export interface Clock {
  now(): number;
  /** @returns What stops the timer. */
  startTimer(ms: number, callback: () => void): () => void;
}

const CLOCK: Clock = {
  now: () => performance.now(),
  startTimer: (ms, callback) => {
    const timer = setTimeout(callback, ms);
    return () => clearTimeout(timer);
  },
};

/** One end. What is sent before {@linkcode RelayedChannel.start} waits. */
export class RelayedChannel implements MeteredChannel {
  readonly isMetered = true;
  onmessage: MeteredChannel["onmessage"] = () => {};
  onclose: MeteredChannel["onclose"] = () => {};
  onroom: MeteredChannel["onroom"] = () => {};

  readonly #send: (ct: string) => void;
  readonly #onEnd: (() => void) | undefined;
  readonly #clock: Clock;
  readonly #inbox = new RelayedInbox();
  readonly #outbox = new RelayedOutbox();
  #keys: RelayedKeys | undefined;
  #bucket: RelayedBucket | undefined;
  #isWaiting: boolean;
  #isClosed = false;
  #queue: Bytes[] = [];
  #queued = 0;
  #unopened: string[] = [];
  #isScheduled = false;
  #stopTimer = () => {};
  /** Resolves when all that was sealed so far has been sent: sealing may end in another order. */
  #sent: Promise<void> = Promise.resolve();

  constructor({ send, onEnd, waits = false, clock = CLOCK }: RelayedChannelOptions) {
    this.#send = send;
    this.#onEnd = onEnd;
    this.#isWaiting = waits;
    this.#clock = clock;
  }

  /** Bytes queued here, without those on their way. */
  get bufferedAmount(): number {
    return this.#queued;
  }

  /** The measured round-trip time in milliseconds, undefined before the first. */
  get roundTripTime(): number | undefined {
    return this.#outbox.roundTripTime;
  }

  /** Bytes of the largest message that would leave now; 0 while any would wait. */
  get room(): number {
    if (this.#isClosed || (this.#bucket && !this.#maySend)) return 0;
    const room = MAX_BATCH - this.#queued - LENGTH_BYTES;
    return room < MIN_ROOM ? 0 : room;
  }

  /** Begins to send and to receive. @param pace Tokens may be shared with other channels. */
  start(keys: RelayedKeys, pace: RelayedPace | RelayedBucket): void {
    if (this.#isClosed) return;
    this.#keys = keys;
    this.#bucket = pace instanceof RelayedBucket
      ? pace
      : new RelayedBucket(pace, this.#clock.now());
    for (const ct of this.#unopened.splice(0)) this.receive(ct);
    this.#run();
  }

  /** Queues a copy of a message. */
  send(message: Bytes): void {
    if (this.#isClosed) return;
    if (sizeInBatch(message) > MAX_BATCH) return this.close();
    this.#queue.push(message.slice());
    this.#queued += sizeInBatch(message);
    this.#schedule();
  }

  /** Takes the sealed text of a signal. What is not genuine, known or too far ahead is dropped. */
  receive(ct: string): void {
    if (this.#isClosed || ct.length > MAX_RELAYED_CT) return;
    if (this.#keys) this.#open(ct, this.#keys.open).catch(() => {});
    else if (this.#unopened.length < MAX_UNOPENED) this.#unopened.push(ct);
  }

  /** The gateway has dropped a message of this end: slows down, and sends it again. */
  throttled(): void {
    const now = this.#clock.now();
    if (this.#isClosed || !this.#bucket) return;
    this.#bucket.throttled(now);
    if (this.#outbox.throttled()) this.#inbox.ackAgain(now);
    this.#run();
  }

  /** Closes the channel, and tells the other end. */
  close(): void {
    if (this.#isClosed) return;
    if (this.#keys && !this.#isWaiting) this.#transmit(this.#clock.now(), undefined, true);
    this.end();
  }

  /** The connection to the relay is lost. */
  end(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#stopTimer();
    this.#queue.length = this.#unopened.length = this.#queued = 0;
    queueMicrotask(() => this.onclose());
    void this.#sent.then(() => this.#onEnd?.());
  }

  get #maySend(): boolean {
    return !this.#outbox.isFull && !this.#outbox.lost &&
      this.#bucket?.wait(this.#clock.now()) === 0;
  }

  #take(count: number): Bytes[] {
    const messages = this.#queue.splice(0, count);
    for (const message of messages) this.#queued -= sizeInBatch(message);
    return messages;
  }

  /** Sends soon: what this turn still brings goes into the same message. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    // The session packs in a microtask of its own, which may be later than this one.
    queueMicrotask(() =>
      queueMicrotask(() => {
        this.#isScheduled = false;
        this.#run();
      })
    );
  }

  /** Sends what is due while there are tokens: first what was lost. */
  #run(): void {
    if (this.#isClosed || !this.#bucket || this.#isWaiting) return;
    const now = this.#clock.now();
    if (now >= this.#outbox.deadline) this.#outbox.expire(now);
    while (this.#bucket.wait(now) === 0) {
      const batch = this.#outbox.lost ?? this.#nextBatch();
      if (!batch && this.#inbox.due > now) break;
      this.#transmit(now, batch);
    }
    this.#plan(now);
    if (this.room > 0) this.onroom();
  }

  #nextBatch(): Batch | undefined {
    if (this.#outbox.isFull || this.#queue.length === 0) return undefined;
    let count = 0;
    for (let size = 0; count < this.#queue.length; count++) {
      size += sizeInBatch(this.#queue[count]!);
      if (size > MAX_BATCH) break;
    }
    return this.#outbox.add(joinMessages(this.#take(count)));
  }

  #transmit(now: number, batch?: Batch, close = false): void {
    this.#bucket!.take(now);
    const number = this.#outbox.sent(batch, now);
    const body = encodeRelayed({ ack: this.#inbox.ack(now), batch, close });
    const sealing = sealRelayed(this.#keys!.seal, number, body);
    this.#sent = this.#sent.then(async () => {
      const ct = await sealing;
      // After the close, only that is told.
      if (close || !this.#isClosed) this.#send(ct);
    }).catch(() => this.end());
  }

  /**
   * Comes back when there is a token, a batch counts as lost, or an acknowledgement is due.
   *
   * @param now The time at which there was nothing more to send: by a later one, there may be a token.
   */
  #plan(now: number): void {
    this.#stopTimer();
    const token = this.#bucket!.wait(now);
    const due = Math.min(this.#outbox.deadline, this.#inbox.due) - now;
    const wait = token > 0 ? token : Math.max(0, due);
    if (wait === Infinity) return;
    this.#stopTimer = this.#clock.startTimer(Math.ceil(wait), () => this.#run());
  }

  async #open(ct: string, key: CryptoKey): Promise<void> {
    const { number, body } = await openRelayed(key, ct);
    const now = this.#clock.now();
    if (this.#isClosed || !this.#inbox.takeNumber(number, now)) return;
    this.#isWaiting = false;
    const { ack, batch, close } = decodeRelayed(body);
    if (!this.#outbox.acked(ack, now)) return;
    if (batch && this.#inbox.takeBatch(batch.id, now)) {
      for (const message of splitMessages(batch.bytes)) {
        if (!this.#isClosed) this.onmessage(message);
      }
    }
    if (close) this.end();
    // An answer to the messages may share a message with the acknowledgement.
    else this.#schedule();
  }
}
