// Sharing one connection between a site's tabs: they elect the one that holds it, by a Web Lock, and
// the others use its session. docs/service-worker.md has the whole picture.
import { LighthouseError, type StreamOpener } from "../../wire/mod.ts";
import type { TunnelState } from "../connection/connection_state.ts";
import type { DeviceName } from "../identity/device_store.ts";
import { FollowerSession } from "./follower_session.ts";
import { install } from "./install.ts";
import { LeaderStreams } from "./leader_streams.ts";
import { holdLifetimeLock, lifetimeEnd } from "./lifetime_lock.ts";
import { type Broadcast, groupOf, type LeaderState, type ToWorker } from "./tab_messages.ts";

/** How a connection stands, whoever holds it. */
export interface ConnectionView {
  state: TunnelState;
  /** One sentence for people. */
  reason: string;
  /** Why it is `offline` or `failed`. */
  error?: LighthouseError;
  /** As the host knows this browser. */
  device?: DeviceName;
}

/** Options of {@linkcode Tabs}. */
export interface TabsOptions {
  /** The service worker's URL. */
  worker: URL;
  /** This tab's own connection, which is made only where this tab holds the one of all. */
  own: {
    connect: () => void;
    /** Connects anew, as whom this browser is now. */
    renew: () => void;
    view: () => ConnectionView;
    session: () => StreamOpener | undefined;
  };
  /** Called with each change of the connection that this tab uses. */
  onView: (view: ConnectionView) => void;
  /** Called when the worker cannot be had: this tab is on its own, and has left already. */
  onTrouble: (error: LighthouseError) => void;
}

/** One tab's part in it, until it leaves. */
export class Tabs {
  readonly #options: TabsOptions;
  readonly #left = new AbortController();
  readonly #channel: BroadcastChannel;
  /** This tab's lock, by which others learn that it is gone. */
  readonly #alive: Promise<string>;
  #registration: ServiceWorkerRegistration | undefined;
  /** What this tab lends, while it holds the connection. */
  #leader: LeaderStreams | undefined;
  /** What this tab borrows, and of whom, while another holds it. */
  #following: { session: FollowerSession; alive: string } | undefined;
  #view: ConnectionView = { state: "signalling", reason: "Looking for the other tabs …" };

  /** Joins. */
  constructor(options: TabsOptions) {
    this.#options = options;
    const { signal } = this.#left;
    const group = groupOf(new URL("../", options.worker).href);
    this.#alive = holdLifetimeLock(signal);
    this.#channel = new BroadcastChannel(group);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Broadcast);
    this.#say({ lighthouse: "who" });
    // Aborted, it rejects: this tab has left without its turn.
    navigator.locks.request(group, { signal }, () => this.#hold()).catch(() => {});
    install(options.worker).then((registration) => {
      this.#registration = registration;
      this.#announce();
      this.#show(this.#view);
    }, (error) => {
      if (signal.aborted) return;
      this.leave();
      options.onTrouble(error);
    });
  }

  /** What carries this tab's requests. */
  get session(): StreamOpener | undefined {
    return this.#leader ? this.#options.own.session() : this.#following?.session;
  }

  /** Has whoever holds the connection try again. */
  retry(): void {
    if (this.#leader) this.#options.own.connect();
    else this.#say({ lighthouse: "retry" });
  }

  /** Whether this tab holds the connection. */
  get holds(): boolean {
    return this.#leader !== undefined;
  }

  /** Has whoever holds the connection connect anew, with what is kept meanwhile. */
  renew(): void {
    this.#say({ lighthouse: "renew" });
  }

  /** This tab's own connection has changed. */
  update(): void {
    if (!this.#leader) return;
    this.#announce();
    this.#show(this.#options.own.view());
  }

  /** Leaves: another tab takes over, if this one held the connection. */
  leave(): void {
    this.#left.abort();
    this.#channel.close();
    this.#leader?.close();
    this.#endFollowing();
  }

  /** It is this tab's turn, until it leaves. */
  async #hold(): Promise<void> {
    const { own } = this.#options;
    this.#endFollowing();
    this.#leader = new LeaderStreams({
      session: own.session,
      keepAwake: () => this.#post({ lighthouse: "awake" }),
    });
    own.connect();
    this.#show(own.view());
    await new Promise((release) => this.#left.signal.addEventListener("abort", release));
  }

  /** Tells the other tabs, and the worker, how the connection stands. */
  async #announce(): Promise<void> {
    const alive = await this.#alive;
    const { state, reason, error, device } = this.#options.own.view();
    if (!this.#leader || this.#left.signal.aborted) return;
    this.#say({ lighthouse: "state", state, reason, code: error?.code, device, alive });
    if (state !== "connected") return;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this.#leader?.lend(data);
    this.#post({ lighthouse: "hold", port: port2, alive }, [port2]);
  }

  #hear(message: Broadcast): void {
    if (message.lighthouse === "who") void this.#announce();
    if (message.lighthouse === "retry" && this.#leader) this.#options.own.connect();
    if (message.lighthouse === "renew" && this.#leader) this.#options.own.renew();
    if (message.lighthouse === "state" && !this.#leader) void this.#follow(message);
  }

  /** Another tab says that it holds the connection. */
  async #follow({ state, reason, code, device, alive }: LeaderState): Promise<void> {
    const own = await this.#alive;
    if (this.#leader || this.#left.signal.aborted) return;
    if (this.#following?.alive !== alive) {
      this.#endFollowing();
      const session = new FollowerSession(
        own,
        (message, transfer) => this.#post(message, transfer),
      );
      this.#following = { session, alive };
      lifetimeEnd(alive, this.#left.signal).then(() => {
        if (this.#following?.alive !== alive) return;
        this.#endFollowing();
        this.#show({ state: "signalling", reason: "Taking the connection over …" });
      }, () => {});
    }
    const isConnected = state === "connected";
    this.#show({
      state,
      reason: isConnected ? "through another tab" : reason,
      error: code && new LighthouseError(code, reason),
      device,
    });
  }

  #endFollowing(): void {
    this.#following?.session.end(
      new LighthouseError("connection-lost", "The tab that held the connection is gone"),
    );
    this.#following = undefined;
  }

  /** Connected is what this page's own requests under the prefix are, too: not without the worker. */
  #show(view: ConnectionView): void {
    this.#view = view;
    const isEarly = view.state === "connected" && !this.#registration;
    const early: ConnectionView = { ...view, state: "connecting", reason: "Starting the worker …" };
    this.#options.onView(isEarly ? early : view);
  }

  #say(message: Broadcast): void {
    this.#channel.postMessage(message);
  }

  /** Posts to the worker; before there is one, there is nobody to tell. */
  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#registration?.active?.postMessage(message, transfer);
  }
}
