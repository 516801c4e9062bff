// Sharing one connection between a site's tabs: they elect the one that holds it, by a Web Lock, and
// the others use its session. docs/service-worker.md has the whole picture.
import { LighthouseError } from "../../wire/mod.ts";
import type { Connection } from "../connection/connection.ts";
import type { CurrentView } from "../connection/connection_view.ts";
import type { ConnectionSettings } from "../connection/dial_as_device.ts";
import { FollowerSession } from "./follower_session.ts";
import { install } from "./install.ts";
import { LeaderStreams } from "./leader_streams.ts";
import { holdLifetimeLock, lifetimeEnd } from "./lifetime_lock.ts";
import { type Broadcast, groupOf, type LeaderState, type ToWorker } from "./tab_messages.ts";

/** Options of {@linkcode Tabs}. */
export interface TabsOptions {
  /** The service worker's URL. */
  worker: URL;
  /** What to connect to. */
  settings: ConnectionSettings;
  /** This tab's own connection, which is made only while this tab leads. */
  own: Pick<Connection, "connect" | "renew" | "session">;
  /** Where the tab shows the leader's connection while it follows. */
  view: CurrentView;
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

  /** Joins. */
  constructor(options: TabsOptions) {
    this.#options = options;
    const { view } = options;
    const { signal } = this.#left;
    const group = groupOf(new URL("../", options.worker).href);
    this.#alive = holdLifetimeLock(signal);
    this.#channel = new BroadcastChannel(group);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Broadcast);
    this.#say({ lighthouse: "who" });
    // The page's own requests under the prefix need the worker: without it, this is not connected.
    view.delay("Starting the worker …");
    view.show({ state: "signalling", reason: "Looking for the other tabs …" });
    view.addEventListener("statechange", () => void this.#announce(), { signal });
    view.addEventListener("devicechange", () => void this.#announce(), { signal });
    // Aborted, it rejects: this tab has left without its turn.
    navigator.locks.request(group, { signal }, () => this.#hold()).catch(() => {});
    install(options.worker).then((registration) => {
      this.#registration = registration;
      if (!signal.aborted) view.delay(undefined);
    }, (error) => {
      if (signal.aborted) return;
      this.leave();
      options.onTrouble(error);
    });
  }

  /** Has whoever holds the connection try again. */
  retry(): void {
    if (this.#leader) this.#connect();
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

  /** Leaves: another tab takes over, if this one held the connection. */
  leave(): void {
    this.#left.abort();
    this.#channel.close();
    this.#leader?.close();
    this.#endFollowing();
  }

  /** It is this tab's turn, until it leaves. */
  async #hold(): Promise<void> {
    this.#endFollowing();
    this.#leader = new LeaderStreams({
      session: () => this.#options.own.session,
      keepAwake: () => this.#post({ lighthouse: "awake" }),
    });
    this.#connect();
    // Followers are to know the new leader, even where it stands as the one before did.
    void this.#announce();
    await new Promise((release) => this.#left.signal.addEventListener("abort", release));
  }

  /** Tells the other tabs, and the worker, how the connection stands. */
  async #announce(): Promise<void> {
    const alive = await this.#alive;
    const { state, reason, error, device } = this.#options.view.now;
    if (!this.#leader || this.#left.signal.aborted) return;
    this.#say({ lighthouse: "state", state, reason, code: error?.code, device, alive });
    if (state !== "connected") return;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this.#leader?.lend(data);
    this.#post({ lighthouse: "hold", port: port2, alive }, [port2]);
  }

  #hear(message: Broadcast): void {
    if (message.lighthouse === "who") void this.#announce();
    if (message.lighthouse === "retry" && this.#leader) this.#connect();
    if (message.lighthouse === "renew" && this.#leader) this.#options.own.renew();
    if (message.lighthouse === "state" && !this.#leader) void this.#follow(message);
  }

  /** Another tab says that it holds the connection. */
  async #follow({ state, reason, code, device, alive }: LeaderState): Promise<void> {
    const { view } = this.#options;
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
        view.show({ state: "signalling", reason: "Taking the connection over …" });
      }, () => {});
    }
    view.show({
      state,
      reason: state === "connected" ? "through another tab" : reason,
      error: code && new LighthouseError(code, reason),
      device,
      session: this.#following.session,
    });
  }

  #endFollowing(): void {
    this.#following?.session.end(
      new LighthouseError("connection-lost", "The tab that held the connection is gone"),
    );
    this.#following = undefined;
  }

  #connect(): void {
    this.#options.own.connect(this.#options.settings);
  }

  #say(message: Broadcast): void {
    this.#channel.postMessage(message);
  }

  /** Posts to the worker; before there is one, there is nobody to tell. */
  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#registration?.active?.postMessage(message, transfer);
  }
}
