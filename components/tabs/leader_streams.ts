// In the leader: opens streams of its session for followers, and passes on the bytes of each.
import { LighthouseError, type OpenStream, type StreamOpener } from "../../wire/mod.ts";
import { lifetimeEnd } from "./lifetime_lock.ts";
import { LeaderSocket } from "./leader_socket.ts";
import { PortStream } from "./port_stream.ts";
import type { OpenMessage, SocketMessage } from "./tab_messages.ts";

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

/** A stream or a WebSocket of a follower. */
type Lent = Pick<PortStream | LeaderSocket, "reset" | "closed">;

/** Opens streams for followers until it is closed. */
export class LeaderStreams {
  readonly #options: LeaderStreamsOptions;
  /** The open streams of each follower, by its lock. */
  readonly #followers = new Map<string, Set<Lent>>();
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

  /** Opens a stream or a WebSocket for a follower. */
  open(message: OpenMessage | SocketMessage): void {
    const { port, alive } = message;
    if (message.lighthouse === "socket") {
      return this.#add(alive, new LeaderSocket(port, message.opening, () => this.#session()));
    }
    const outer = new PortStream(port, "leader");
    try {
      joinStreams(outer, this.#session().open(message.head));
    } catch (error) {
      return outer.reset(LighthouseError.from(error, "connection-lost"));
    }
    this.#add(alive, outer);
  }

  #session(): StreamOpener {
    const session = this.#options.session();
    if (!this.#closing.signal.aborted && session) return session;
    throw new LighthouseError("connection-lost", "This tab does not hold the connection any more");
  }

  #add(alive: string, lent: Lent): void {
    const streams = this.#followers.get(alive) ?? this.#watch(alive);
    streams.add(lent);
    lent.closed.then(() => streams.delete(lent));
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
  #watch(alive: string): Set<Lent> {
    const streams = new Set<Lent>();
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
