// In the leader: opens streams of its session for followers, and passes on the bytes of each.
import { LighthouseError, type OpenStream, type StreamOpener } from "../../wire/mod.ts";
import { lifetimeEnd } from "./lifetime_lock.ts";
import { PortStream } from "./port_stream.ts";
import type { OpenMessage } from "./tab_messages.ts";

/**
 * The time between calls of `keepAwake`, in milliseconds. Firefox stops a worker 30 to 60 s after its last
 * event, and an answer that the worker is still streaming then ends as if it were complete.
 */
const AWAKE_MS = 15_000;

/** Options of {@linkcode LeaderStreams}. */
export interface LeaderStreamsOptions {
  /** The session to open streams of; undefined while there is none. */
  session: () => StreamOpener | undefined;
  /** Called from time to time while followers have streams, so that the worker keeps running. */
  keepAwake: () => void;
  /** The time from call to call, in milliseconds. @default 15_000 */
  interval?: number;
  /** @default navigator.locks */
  locks?: LockManager;
}

/** Opens streams for followers until it is closed. */
export class LeaderStreams {
  readonly #options: LeaderStreamsOptions;
  /** The open streams of each follower, by its lock. */
  readonly #followers = new Map<string, Set<PortStream>>();
  readonly #closing = new AbortController();
  readonly #timer: ReturnType<typeof setInterval>;

  constructor(options: LeaderStreamsOptions) {
    this.#options = options;
    this.#timer = setInterval(() => {
      if (this.streams > 0) options.keepAwake();
    }, options.interval ?? AWAKE_MS);
  }

  /** Streams that followers have open. */
  get streams(): number {
    return [...this.#followers.values()].reduce((sum, { size }) => sum + size, 0);
  }

  /** Followers that have opened a stream and still live. */
  get followers(): number {
    return this.#followers.size;
  }

  /** Opens a stream for a follower. */
  open({ head, port, alive }: OpenMessage): void {
    const outer = new PortStream(port, "leader");
    try {
      const session = this.#options.session();
      if (this.#closing.signal.aborted || !session) {
        throw new LighthouseError(
          "connection-lost",
          "This tab does not hold the connection any more",
        );
      }
      joinStreams(outer, session.open(head));
    } catch (error) {
      return outer.reset(LighthouseError.from(error, "connection-lost"));
    }
    const streams = this.#followers.get(alive) ?? this.#watch(alive);
    streams.add(outer);
    outer.closed.then(() => streams.delete(outer));
  }

  /** Ends the followers' streams: this tab leads no longer. */
  close(): void {
    clearInterval(this.#timer);
    this.#closing.abort();
    const error = new LighthouseError("connection-lost", "The tab that held the connection left");
    for (const streams of this.#followers.values()) {
      for (const stream of streams) stream.reset(error);
    }
  }

  /** Watches a follower: where it is stopped, or crashes, it says nothing and reads no further. */
  #watch(alive: string): Set<PortStream> {
    const streams = new Set<PortStream>();
    this.#followers.set(alive, streams);
    lifetimeEnd(alive, { signal: this.#closing.signal, locks: this.#options.locks }).then(() => {
      this.#followers.delete(alive);
      const error = new LighthouseError("aborted", "Whoever asked is gone");
      for (const stream of streams) stream.reset(error);
    }, () => {});
    return streams;
  }
}

/** Joins two streams: passes on the bytes of either to the other, and its end. */
export function joinStreams(outer: PortStream, inner: OpenStream): void {
  outer.signal.addEventListener("abort", () => {
    inner.reset(LighthouseError.from(outer.signal.reason, "aborted"));
  });
  // A pipe that breaks has reset the stream at its other end.
  outer.readable.pipeTo(inner.writable).catch(() => {});
  inner.head.then((bytes) => {
    outer.sendHead(bytes);
    return inner.readable.pipeTo(outer.writable);
  }).catch((error) => outer.reset(LighthouseError.from(error, "connection-lost")));
}
