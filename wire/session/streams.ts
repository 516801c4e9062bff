// The streams of a session: which are open, which wait to begin, and the numbers of both ends
// (docs/wire.md, "Streams").
import { LighthouseError } from "../error.ts";
import type { StreamFrame } from "./frame.ts";
import { type Held, type Hello, INITIAL_LIMITS, MAX_HELD } from "./hello.ts";
import { RemoteStreamIds } from "./remote_stream_ids.ts";
import type { Stream } from "./stream.ts";

/** The two ends of a session. The page's streams have odd numbers, the host's even ones. */
export type Role = "page" | "host";

/** The lowest number of each end's streams; each further one is 2 above the last. */
const FIRST = { page: 1, host: 2 } as const;

/** Most streams open at once that an end accepts. */
export const MAX_STREAMS = 512;

/**
 * Streams above {@linkcode MAX_STREAMS} that this end still accepts, since the other end may know of the
 * end of a stream before this end does. It refuses as many more, and keeps them until the other end
 * knows. A further one ends the session.
 */
const SLACK = 512;

/** Most open streams that are looked at for one whose bytes still come or go. */
const LOOKS = 32;

/** Time for which streams count as shared after one was opened beside others, in milliseconds. */
const SHARED_MS = 1000;

/** The streams of one session. */
export class Streams {
  readonly #other: Role;
  readonly #open = new Map<number, Stream>();
  /** Opened here, and waiting for a carrier or for room at the other end. */
  readonly #waiting = new Set<Stream>();
  #remoteIds: RemoteStreamIds;
  #nextId: number;
  /** What the other end accepts. */
  #limits: Pick<Hello, "streams" | "credit"> = INITIAL_LIMITS;
  #isRefused = false;
  /** When a stream was opened last while there were others. */
  #joined = -Infinity;

  /** @param role This end. */
  constructor(role: Role) {
    this.#other = role === "page" ? "host" : "page";
    this.#nextId = FIRST[role];
    this.#remoteIds = new RemoteStreamIds(FIRST[this.#other]);
  }

  /** Streams that have begun and not ended. */
  get open(): number {
    return this.#open.size;
  }

  /** Streams that wait to begin. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The lowest number that this end has not used. */
  get nextId(): number {
    return this.#nextId;
  }

  /** What this end holds of each open stream. */
  get held(): Held[] {
    return [...this].map((stream) => stream.held);
  }

  /** Whether streams were opened beside others lately: then no stream should take much of the path. */
  get isShared(): boolean {
    return performance.now() - this.#joined < SHARED_MS;
  }

  /** Whether this end has to refuse the newest stream. */
  get isFull(): boolean {
    return this.#open.size > MAX_STREAMS + SLACK;
  }

  /** The open streams, as they are now. */
  [Symbol.iterator](): IterableIterator<Stream> {
    return this.#open.values();
  }

  get(id: number): Stream | undefined {
    return this.#open.get(id);
  }

  /** Adds a stream that was opened here. It waits until {@linkcode begin} returns it. */
  add(stream: Stream): void {
    this.#waiting.add(stream);
  }

  /**
   * Gives the oldest waiting stream its number, where the other end accepts another stream.
   *
   * @returns The stream; undefined if there is nothing to begin.
   */
  begin(): Stream | undefined {
    if (this.#waiting.size === 0 || this.#isRefused) return undefined;
    if (this.#open.size >= this.#limits.streams) return undefined;
    const [stream] = this.#waiting;
    this.#waiting.delete(stream!);
    stream!.begin(this.#nextId, this.#limits.credit);
    this.#nextId += 2;
    this.#keep(stream!);
    return stream;
  }

  /**
   * Notes the number of a frame whose stream is not open here.
   *
   * @returns Whether the frame opens the stream: its number is the other end's, and new.
   * @throws {LighthouseError} `bad-frame` when the number is too far ahead, or too many are open.
   */
  opens({ type, stream }: StreamFrame): boolean {
    if (type !== "data" && type !== "reset") return false;
    if (this.#isOurs(stream) || !this.#remoteIds.add(stream)) return false;
    if (type === "data" && this.#open.size >= MAX_STREAMS + 2 * SLACK) {
      throw new LighthouseError("bad-frame", "Too many streams were opened");
    }
    return true;
  }

  /** Keeps a stream that the other end opened. */
  accept(stream: Stream): void {
    stream.begin(stream.id, this.#limits.credit);
    this.#keep(stream);
  }

  /** Forgets a stream that has ended. */
  delete(stream: Stream): void {
    this.#waiting.delete(stream);
    if (this.#open.get(stream.id) === stream) this.#open.delete(stream.id);
  }

  /** The other end accepts no more streams: GOAWAY. */
  refuse(): void {
    this.#isRefused = true;
  }

  /** Takes the limits out of the other end's HELLO. */
  limit({ streams, credit }: Hello): void {
    // A HELLO must be able to list them all.
    this.#limits = { streams: Math.min(streams, MAX_HELD), credit };
  }

  /**
   * Goes on over a new carrier, with what the other end holds. Fails the streams that it has lost.
   *
   * @param announced The lowest number of this end that the other end could not know of.
   */
  resume({ held, next }: Hello, announced: number): void {
    const entries = new Map(held.map((entry) => [entry.stream, entry]));
    this.#remoteIds.settle(next, entries);
    for (const stream of [...this]) {
      const isNewer = stream.id >= (this.#isOurs(stream.id) ? announced : next);
      if (!stream.resume(entries.get(stream.id), isNewer)) stream.drop(lost());
    }
  }

  /**
   * The other end has lost the session: fails the streams that have begun, and keeps those that wait.
   *
   * @param next The lowest number that the other end opens in the new session.
   */
  restart(next: number = FIRST[this.#other]): void {
    for (const stream of [...this]) stream.drop(lost());
    this.#remoteIds = new RemoteStreamIds(next);
    this.#isRefused = false;
  }

  /** Fails all streams, those that wait as well. */
  drop(reason: LighthouseError): void {
    for (const stream of [...this, ...this.#waiting]) stream.drop(reason);
  }

  #keep(stream: Stream): void {
    let looks = LOOKS;
    for (const { isOpen } of this) {
      if (isOpen) this.#joined = performance.now();
      if (isOpen || --looks === 0) break;
    }
    this.#open.set(stream.id, stream);
  }

  #isOurs(id: number): boolean {
    return (id - this.#nextId) % 2 === 0;
  }
}

function lost(): LighthouseError {
  return new LighthouseError(
    "session-lost",
    "The host has lost this session, and may have seen the request or not",
  );
}
