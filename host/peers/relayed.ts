// Sessions through the relay: which page has one, how fast it goes, and what all of them may cost.
//
// An answer prepares a channel for the page's connection at the gateway: the relay stamps that one's id on
// the page's messages. The channel opens with the page's first genuine message, and ends without one. The
// gateway does not tell when a page's connection ends: the next message to it comes back then, or the
// session's own liveness tells.
import {
  type Acceptance,
  parseSignal,
  RelayedBucket,
  RelayedChannel,
  type RelayedKeys,
  type RelayedPace,
  type Signal,
} from "../../wire/mod.ts";
import { Memory, type Share } from "../access/memory.ts";
import type { Principal } from "../access/principal.ts";
import { groupOf, STRANGERS } from "../access/shares.ts";
import { TokenBucket } from "../access/token_bucket.ts";
import type { Log } from "../platform/log.ts";
import { costOf, formatDollars, relayedMessage, type Throttles } from "../signalling/prices.ts";
import type { RelayBudget } from "../signalling/relay_budget.ts";
import type { Claim } from "./sessions.ts";

/** Most channels that are prepared, and time for the page's first message, in milliseconds. */
export const MAX_PREPARED = 64;
const PREPARED_MS = 20_000;

/** Most open channels: they share the stage's throttle. */
const MAX_RELAYED = 32;

/** The same limits for one device; the second also for all strangers together. */
export const MAX_PREPARED_OF_DEVICE = 8;
export const MAX_RELAYED_OF_DEVICE = 8;

/** The part of the stage's throttle that sessions use: signals go through it, too. */
const PART = 0.8;

/** What is taken from a page, as a multiple of its pace: messages arrive in crowds. */
const TOLERANCE = 4;

/** The cost of the largest message, in dollars: API Gateway takes no larger frame. */
const LARGEST = costOf(relayedMessage(32 * 1024));

/** Messages of a page, beside its burst, that may be on their way when the budget is spent; and the goodbye. */
const ON_THEIR_WAY = 6;

/** Whether pages may have sessions through the relay: not if the budget is 0, nor when today's is spent. */
export type RelayedState = "on" | "off" | "spent";

/** Whose budget: that of all pages, or the part of those that are not paired. */
type Part = "all" | "strangers";

/** Options of {@linkcode RelayedChannels}. */
export interface RelayedOptions {
  settings: () => { readonly throttles: Throttles };
  /** Sends a sealed text to a page's connection at the gateway. */
  send: (ct: string, to: string) => void;
  /** Bounds what the messages cost. @default no bound */
  budget?: Pick<RelayBudget, "limit" | "spent" | "left" | "leftForStrangers">;
  /** Holds the bytes that wait for a channel's keys. @default its own */
  memory?: Memory;
  /** Takes a channel whose page has said something. */
  onOpen: (channel: RelayedChannel, claim: Claim) => void;
  log: Log;
  /** Time for a page's first message, in milliseconds. @default 20_000 */
  openTimeout?: number;
}

/** A page's channel. */
interface Entry {
  readonly channel: RelayedChannel;
  readonly claim: Claim;
  readonly keys: () => Promise<RelayedKeys>;
  /** `waiting`: for its keys. `started`: what arrived was not genuine so far. */
  state: "prepared" | "waiting" | "started" | "open";
  readonly timer: NodeJS.Timeout;
  readonly limit: TokenBucket;
  /** Bytes that wait for the keys. */
  readonly share: Share;
  /** Resolves when it has said its last. */
  readonly ended: Promise<void>;
}

/** All pages' channels through the relay. */
export class RelayedChannels {
  readonly #options: RelayedOptions;
  readonly #memory: Memory;
  /** By the page's connection at the gateway, the oldest first. */
  readonly #all = new Map<string, Entry>();
  /** The host's own tokens, which all channels share, and the throttle that they are for. */
  #bucket: { messages: number; bucket: RelayedBucket } | undefined;
  /** The channel that has sent the last message. */
  #last: RelayedChannel | undefined;
  /** The day and the budget that the log has called spent: all of it, and the strangers' part. */
  readonly #told: Record<Part, string | undefined> = { all: undefined, strangers: undefined };

  constructor(options: RelayedOptions) {
    this.#options = options;
    this.#memory = options.memory ?? new Memory();
  }

  /** Number of open channels. */
  get count(): number {
    return this.#where("open").length;
  }

  /** Number of prepared ones. */
  get prepared(): number {
    return this.#all.size - this.count;
  }

  /** Whether a further device may have one. */
  get state(): RelayedState {
    const { budget } = this.#options;
    if (!budget) return "on";
    if (budget.limit === 0) return "off";
    return this.#isSpentFor("all") ? "spent" : "on";
  }

  /** What an answer says: the page's pace, or why it gets none. */
  propose({ name }: Pick<Principal, "name">): NonNullable<Acceptance["relayed"]> {
    const { state } = this;
    if (state === "off") return { off: state };
    const part = state === "spent"
      ? "all"
      : name === undefined && this.#isSpentFor("strangers")
      ? "strangers"
      : undefined;
    if (!part) return this.#pace;
    this.#tell(part, 0);
    return { off: "spent" };
  }

  /** Whether a paired device's channel is on that connection. */
  isOfDevice(from: string): boolean {
    return this.#all.get(from)?.claim.principal.name !== undefined;
  }

  /**
   * Prepares a channel for a page, when its answer is sealed.
   *
   * @param from The page's connection at the gateway.
   * @param claim Who the page is, with the proof that its HELLO must show.
   */
  prepare(from: string, claim: Claim, keys: () => Promise<RelayedKeys>): void {
    this.#drop(this.#all.get(from));
    this.#makeRoom(claim);
    const { rate, burst } = this.#pace;
    const ended = Promise.withResolvers<void>();
    const channel: RelayedChannel = new RelayedChannel({
      waits: true,
      send: (ct) => this.#send(ct, from, channel),
      onEnd: ended.resolve,
    });
    const entry: Entry = {
      channel,
      claim,
      keys,
      state: "prepared",
      timer: setTimeout(() => this.#drop(entry), this.#options.openTimeout ?? PREPARED_MS).unref(),
      limit: new TokenBucket(TOLERANCE * burst, TOLERANCE * rate),
      share: this.#memory.share(claim.principal, { free: 0 }),
      ended: ended.promise,
    };
    this.#all.set(from, entry);
    channel.onclose = () => this.#forget(from, entry);
    channel.onmessage = (message) => {
      this.#open(entry);
      channel.onmessage(message);
    };
  }

  /**
   * Takes a page's signal. From an unknown connection, it is ignored.
   *
   * @param data Any value: it is checked here.
   */
  receive(from: string, data: unknown): void {
    const entry = this.#all.get(from);
    if (entry?.limit.take()) this.#receive(entry, data);
    this.check();
  }

  /** The gateway has dropped a message of this host, most likely the last one. All channels slow down. */
  throttled(): void {
    this.#last?.throttled();
  }

  /** A page's connection at the gateway has ended. */
  gone(from: string): void {
    this.#all.get(from)?.channel.end();
  }

  /** Closes all channels when the budget is spent, or set to 0; the strangers' when their part is. */
  check(): void {
    const { budget } = this.#options;
    if (!budget) return;
    for (const part of ["all", "strangers"] as const) {
      const open = this.#openOf(part);
      if (open.length === 0) return;
      if (budget.limit > 0 && !this.#isSpent(part, open.length)) continue;
      for (const { channel } of open) channel.close();
      if (budget.limit > 0) this.#tell(part, open.length);
    }
  }

  /** Drops what is prepared for a principal. Its open channels end with its sessions. */
  evict(id: string): void {
    for (const entry of this.#all.values()) {
      if (entry.claim.principal.id === id && entry.state !== "open") this.#drop(entry);
    }
  }

  /** Drops all that is prepared, and waits until the sessions have closed the open channels. */
  async close(): Promise<void> {
    const open = this.#where("open");
    for (const entry of this.#all.values()) if (entry.state !== "open") this.#drop(entry);
    await Promise.all(open.map(({ ended }) => ended));
  }

  /** What a page may send. */
  get #pace(): RelayedPace {
    const { messages } = this.#options.settings().throttles;
    return { rate: PART * messages, burst: messages };
  }

  #where(state: Entry["state"]): Entry[] {
    return [...this.#all.values()].filter((entry) => entry.state === state);
  }

  #openOf(part: Part): Entry[] {
    const open = this.#where("open");
    return part === "all" ? open : open.filter(isOf(STRANGERS));
  }

  /** Whether there is nothing left for one more. */
  #isSpentFor(part: Part): boolean {
    const budget = this.#options.budget;
    if (!budget) return false;
    return this.#told[part] === dayOf(budget) || this.#isSpent(part, this.#openOf(part).length + 1);
  }

  /** Whether that many channels could spend more than is left, before their pages have heard the goodbye. */
  #isSpent(part: Part, channels: number): boolean {
    const { left, leftForStrangers } = this.#options.budget!;
    return (part === "all" ? left : leftForStrangers) <
      channels * (this.#pace.burst + ON_THEIR_WAY) * LARGEST;
  }

  #receive(entry: Entry, data: unknown): void {
    let ct: string;
    try {
      ({ ct } = parseSignal(data) as Extract<Signal, { type: "relayed" }>);
    } catch {
      return;
    }
    if (entry.state === "prepared") this.#start(entry);
    if (entry.state !== "waiting" || entry.share.take(ct.length)) entry.channel.receive(ct);
  }

  #start(entry: Entry): void {
    entry.state = "waiting";
    entry.keys().then((keys) => {
      if (entry.state !== "waiting") return;
      entry.state = "started";
      entry.share.give();
      entry.channel.start(keys, this.#takeBucket());
    }, () => this.#drop(entry));
  }

  /** The host's tokens: its route's throttle has twice the burst of the pages' (stack/throttles.ts). */
  #takeBucket(): RelayedBucket {
    const { messages } = this.#options.settings().throttles;
    if (this.#bucket?.messages !== messages) {
      const pace = { rate: PART * messages, burst: 2 * messages };
      this.#bucket = { messages, bucket: new RelayedBucket(pace, performance.now()) };
    }
    return this.#bucket.bucket;
  }

  /** The page has said something genuine. */
  #open(entry: Entry): void {
    const { channel, claim, timer } = entry;
    channel.onmessage = () => {};
    clearTimeout(timer);
    if (!this.#hasRoom(claim)) return channel.close();
    entry.state = "open";
    const { onclose } = channel;
    this.#options.onOpen(channel, claim);
    const { onclose: tell } = channel;
    channel.onclose = () => {
      // In this order: when the session is told, there is room for another channel.
      onclose();
      tell();
    };
  }

  /** Whether another may open. It takes the place of one of its own device, whose page may be gone. */
  #hasRoom({ principal }: Claim): boolean {
    const open = this.#where("open");
    const own = open.filter(isOf(groupOf(principal)));
    if (own.length < MAX_RELAYED_OF_DEVICE && open.length < MAX_RELAYED) return true;
    const [oldest] = own.filter(({ claim }) => claim.principal.id === principal.id);
    oldest?.channel.close();
    return oldest !== undefined;
  }

  #makeRoom({ principal }: Claim): void {
    const prepared = [...this.#all.values()].filter(({ state }) => state !== "open");
    const own = prepared.filter(({ claim }) => claim.principal.id === principal.id);
    if (own.length >= MAX_PREPARED_OF_DEVICE) return this.#drop(own[0]);
    if (prepared.length < MAX_PREPARED) return;
    // Strangers push out no device.
    const stranger = prepared.find(({ claim }) => claim.principal.name === undefined);
    this.#drop(stranger ?? prepared[0]);
  }

  #drop(entry: Entry | undefined): void {
    entry?.channel.close();
  }

  #forget(from: string, entry: Entry): void {
    clearTimeout(entry.timer);
    entry.share.give();
    if (this.#all.get(from) === entry) this.#all.delete(from);
    if (this.#last === entry.channel) this.#last = undefined;
  }

  #send(ct: string, to: string, channel: RelayedChannel): void {
    this.#last = channel;
    this.#options.send(ct, to);
    this.check();
  }

  #tell(part: Part, pages: number): void {
    const budget = this.#options.budget!;
    if (this.#told[part] === dayOf(budget)) return;
    this.#told[part] = dayOf(budget);
    const { limit, spent } = budget;
    const [what, who] = part === "all"
      ? ["the budget", "pages connect"]
      : ["the half of pages that are not paired of the budget", "they connect"];
    const text =
      `${what} for sessions through the relay is spent, ${formatDollars(limit)} a day: ` +
      `until midnight UTC, ${who} only by other ways (relay-budget)`;
    this.#options.log("warn", "relay-budget-spent", text, { limit, spent, of: part, ended: pages });
  }
}

/** Today's budget. */
function dayOf({ limit }: { limit: number }): string {
  return `${new Date().toISOString().slice(0, 10)} ${limit}`;
}

function isOf(group: string): (entry: Entry) => boolean {
  return ({ claim }) => groupOf(claim.principal) === group;
}
