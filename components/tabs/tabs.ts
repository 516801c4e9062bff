// Shares one connection between a site's tabs: they elect the leader, which connects, by a Web Lock, and
// the others follow it, by opening streams of its session. docs/service-worker.md has the whole picture.
import { LighthouseError } from "../../wire/mod.ts";
import type { CurrentView } from "../connection/connection_view.ts";
import type { TabConnection, TabSettings } from "../connection/tab_connection.ts";
import { ENGLISH } from "../texts/english.ts";
import { FollowerSession } from "./follower_session.ts";
import { install } from "./install.ts";
import { LeaderStreams } from "./leader_streams.ts";
import { holdLifetimeLock, lifetimeEnd } from "./lifetime_lock.ts";
import { type Broadcast, groupOf, type LeaderState, type ToWorker } from "./tab_messages.ts";
import type { TabWindow } from "./tab_window.ts";

/** Options of {@linkcode Tabs}. */
export interface TabsOptions {
  /** The service worker's URL. */
  worker: URL;
  /** What the leader connects to. */
  settings: TabSettings;
  /** This tab's own connection, which connects only while this tab leads. */
  own: Pick<TabConnection, "connect" | "renew" | "session">;
  /** Shows the leader's connection while this tab follows. */
  view: CurrentView;
  /** Called when the worker cannot be had. This tab has left then, and is on its own. */
  onTrouble: (error: LighthouseError) => void;
  serviceWorker: ServiceWorkerContainer;
  locks: LockManager;
  window: Pick<TabWindow, "location" | "BroadcastChannel">;
}

/** One tab's part in the group, from its making until it leaves. */
export class Tabs {
  readonly #options: TabsOptions;
  readonly #left = new AbortController();
  readonly #channel: BroadcastChannel;
  /** This tab's lock, by which others learn that it is gone. */
  readonly #alive: Promise<string>;
  #registration: ServiceWorkerRegistration | undefined;
  /** Streams of the followers, while this tab leads. */
  #leader: LeaderStreams | undefined;
  /** The leader and this tab's streams of its session, while this tab follows. */
  #following: { session: FollowerSession; alive: string } | undefined;
  /** Whether the worker has this tab's newest word that requests can go. */
  #isHeld = false;

  /** Joins. */
  constructor(options: TabsOptions) {
    this.#options = options;
    const { worker, view, locks, serviceWorker, window } = options;
    const { signal } = this.#left;
    const group = groupOf(new URL("./", worker).href);
    this.#alive = holdLifetimeLock({ signal, locks });
    this.#channel = new window.BroadcastChannel(group);
    this.#channel.onmessage = ({ data }) => this.#hear(data as Broadcast);
    this.#say({ lighthouse: "who" });
    // The page's own requests under the prefix need the worker: without it, this is not connected.
    view.delay("Starting the worker …");
    view.show({ state: "signalling", reason: "Looking for the other tabs …" });
    view.addEventListener("statechange", () => void this.#announce(), { signal });
    view.addEventListener("devicechange", () => void this.#announce(), { signal });
    view.addEventListener("networkchange", () => void this.#announce(), { signal });
    view.addEventListener("greet", () => {
      if (!this.#isHeld) void this.#announce();
    }, { signal });
    // Rejects when this tab leaves before its turn.
    locks.request(group, { signal }, () => this.#lead()).catch(() => {});
    install({ worker, serviceWorker, page: window.location.href }).then((registration) => {
      if (signal.aborted) return;
      this.#registration = registration;
      view.delay(undefined);
    }, (error) => {
      if (signal.aborted) return;
      this.leave();
      options.onTrouble(error);
    });
  }

  /** Whether this tab leads. */
  get leads(): boolean {
    return this.#leader !== undefined;
  }

  /** Has the leader try again. */
  retry(): void {
    if (this.#leader) this.#connect();
    else this.#say({ lighthouse: "retry" });
  }

  /** Has the leader, another tab, connect anew as whom this browser is now. */
  renew(): void {
    this.#say({ lighthouse: "renew" });
  }

  /** Leaves. Where this tab leads, another takes over. */
  leave(): void {
    this.#left.abort();
    this.#channel.close();
    this.#leader?.close();
    this.#endFollowing();
  }

  /** Leads, until this tab leaves. */
  async #lead(): Promise<void> {
    const { own, view, locks } = this.#options;
    this.#endFollowing();
    this.#leader = new LeaderStreams({
      session: () => view.now.session ?? own.session,
      keepAwake: () => this.#post({ lighthouse: "awake" }),
      locks,
    });
    this.#connect();
    // Followers are to know the new leader, even where it stands as the one before did.
    void this.#announce();
    await new Promise((release) => this.#left.signal.addEventListener("abort", release));
  }

  #connect(): void {
    this.#options.own.connect(this.#options.settings);
  }

  /** Where this tab leads: tells the other tabs, and the worker, how the connection stands. */
  async #announce(): Promise<void> {
    const alive = await this.#alive;
    const { state, isGreeted, reason, error, device, networks } = this.#options.view.now;
    if (!this.#leader || this.#left.signal.aborted) return;
    const code = error?.code;
    this.#say({ lighthouse: "state", state, isGreeted, reason, code, device, networks, alive });
    const takesRequests = state === "connected" || isGreeted === true;
    this.#isHeld = takesRequests && this.#registration !== undefined;
    if (!takesRequests) return;
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = ({ data }) => this.#leader?.open(data);
    this.#post({ lighthouse: "hold", port: port2, alive }, [port2]);
  }

  #hear(message: Broadcast): void {
    if (message.lighthouse === "who") void this.#announce();
    if (message.lighthouse === "retry" && this.#leader) this.#connect();
    if (message.lighthouse === "renew" && this.#leader) this.#options.own.renew();
    if (message.lighthouse === "state" && !this.#leader) void this.#follow(message);
  }

  /** Follows the tab that says that it leads. */
  async #follow(leader: LeaderState): Promise<void> {
    const { state, isGreeted, reason, code, device, networks, alive } = leader;
    const { view, locks } = this.#options;
    const { signal } = this.#left;
    const own = await this.#alive;
    if (this.#leader || signal.aborted) return;
    if (this.#following?.alive !== alive) {
      this.#endFollowing();
      const session = new FollowerSession(
        own,
        (message, transfer) => this.#post(message, transfer),
      );
      this.#following = { session, alive };
      lifetimeEnd(alive, { signal, locks }).then(() => {
        if (this.#following?.alive !== alive) return;
        this.#endFollowing();
        view.show({ state: "signalling", reason: "Taking the connection over …" });
      }, () => {});
    }
    view.show({
      state,
      reason: reason === ENGLISH.connected ? ENGLISH.through : reason,
      error: code && new LighthouseError(code, reason),
      device,
      networks,
      session: this.#following.session,
      isGreeted,
    });
  }

  #endFollowing(): void {
    this.#following?.session.end(
      new LighthouseError("connection-lost", "The tab that held the connection is gone"),
    );
    this.#following = undefined;
  }

  #say(message: Broadcast): void {
    this.#channel.postMessage(message);
  }

  /** Posts to the worker; before there is one, there is nobody to tell. */
  #post(message: ToWorker, transfer: Transferable[] = []): void {
    this.#registration?.active?.postMessage(message, transfer);
  }
}
