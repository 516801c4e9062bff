// Connects the service worker with the leader. The browser may stop the worker at any time; after its next
// start, the worker asks again who leads.
import { LighthouseError } from "../../wire/mod.ts";
import { FollowerSession } from "../tabs/follower_session.ts";
import { lifetimeEnd } from "../tabs/lifetime_lock.ts";
import { refuseSocket } from "../tabs/port_socket.ts";
import { PortStream } from "../tabs/port_stream.ts";
import type { Broadcast, OpenMessage, SocketMessage } from "../tabs/tab_messages.ts";

/** Limit for a request to wait for a connected leader, in milliseconds. */
const WAIT_MS = 15_000;

/** Time without an answer after which the leader is asked whether it is there, and for its answer to that. */
const QUIET_MS = 5000;

/** The tab that leads. */
interface Leader {
  alive: string;
  /** Posts a message to it. */
  send: (message: OpenMessage | SocketMessage, transfer: Transferable[]) => void;
  session: FollowerSession;
  /** Whether it has said that it takes requests. */
  connected: boolean;
  /** Aborted when it stops leading. */
  left: AbortController;
}

/** Options of {@linkcode LeaderLink}. */
export interface LeaderLinkOptions {
  /** The channel to the tabs. */
  channel: BroadcastChannel;
  /** This worker's own lock. */
  alive: string;
  /** How long `session` waits, in milliseconds. @default WAIT_MS */
  wait?: number;
  /** How long each half of `untilSilent` waits, in milliseconds. @default QUIET_MS */
  quiet?: number;
  /** @default navigator.locks */
  locks?: LockManager;
}

/** Finds the leader, and remembers it. */
export class LeaderLink {
  readonly #options: LeaderLinkOptions;
  /** Requests that wait for a leader. */
  readonly #waiting = new Set<(session: FollowerSession) => void>();
  #leader: Leader | undefined;
  /** How often the leader has said anything. */
  #heard = 0;
  /** The leader's reason for not being connected. */
  #trouble: LighthouseError | undefined;

  constructor(options: LeaderLinkOptions) {
    this.#options = options;
    options.channel.onmessage = ({ data }) => this.#hear(data as Broadcast);
  }

  /** Requests that wait now. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Handles a tab's message that it leads and takes requests. @param port The port to it. */
  setLeader(alive: string, port: MessagePort): void {
    if (this.#leader?.alive === alive) {
      this.#leader.connected = true;
      port.close();
    } else {
      this.#drop();
      this.#leader = this.#take(alive, port);
    }
    this.#heard++;
    for (const wake of this.#waiting) wake(this.#leader.session);
  }

  /**
   * Waits for a leader that takes requests: it is connected, or is about to be.
   *
   * @returns Its session.
   * @throws {LighthouseError} If no leader is connected in time: `no-holder`, or the leader's error.
   */
  async session(): Promise<FollowerSession> {
    if (this.#leader?.connected) return this.#leader.session;
    this.#trouble = undefined;
    this.#options.channel.postMessage({ lighthouse: "who" } satisfies Broadcast);
    const { promise, resolve, reject } = Promise.withResolvers<FollowerSession>();
    const timer = setTimeout(() => {
      reject(this.#trouble ?? new LighthouseError("no-holder", "No open tab holds a connection"));
    }, this.#options.wait ?? WAIT_MS);
    this.#waiting.add(resolve);
    return await promise.finally(() => {
      clearTimeout(timer);
      this.#waiting.delete(resolve);
    });
  }

  /**
   * Resolves when the leader's tab does not even say that it is there, or when the signal is aborted. A
   * page that waits for a synchronous request blocks its tab: if that leads, both wait for each other.
   */
  async untilSilent(signal: AbortSignal): Promise<void> {
    const { channel, quiet = QUIET_MS } = this.#options;
    for (;;) {
      await pause(quiet, signal);
      if (signal.aborted) return;
      const heard = this.#heard;
      channel.postMessage({ lighthouse: "who" } satisfies Broadcast);
      await pause(quiet, signal);
      if (this.#heard === heard) return;
    }
  }

  /** Passes a follower's stream, or an app's WebSocket, on to the leader. */
  async pass(message: OpenMessage | SocketMessage): Promise<void> {
    try {
      await this.session();
      this.#leader!.send(message, [message.port]);
    } catch (error) {
      const reason = LighthouseError.from(error, "no-holder");
      if (message.lighthouse === "open") new PortStream(message.port, "leader").reset(reason);
      else refuseSocket(message.port, reason);
    }
  }

  #take(alive: string, port: MessagePort): Leader {
    const send: Leader["send"] = (message, transfer) => port.postMessage(message, transfer);
    const session = new FollowerSession(this.#options.alive, send);
    const left = new AbortController();
    const leader = { alive, send, session, connected: true, left };
    lifetimeEnd(alive, { signal: left.signal, locks: this.#options.locks }).then(() => {
      if (this.#leader === leader) this.#drop();
    }, () => {});
    left.signal.addEventListener("abort", () => port.close());
    return leader;
  }

  /** The leader is gone, or another has taken its place. */
  #drop(): void {
    if (!this.#leader) return;
    const { session, left } = this.#leader;
    this.#leader = undefined;
    left.abort();
    session.end(
      new LighthouseError("connection-lost", "The tab that held the connection is gone"),
    );
  }

  #hear(message: Broadcast): void {
    if (message.lighthouse !== "state") return;
    const { state, isGreeted, reason, code, alive } = message;
    this.#trouble = code && new LighthouseError(code, reason);
    if (this.#leader?.alive !== alive) return;
    this.#heard++;
    if (state !== "connected" && !isGreeted) this.#leader.connected = false;
  }
}

/** Resolves after some time, or when the signal is aborted. */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
