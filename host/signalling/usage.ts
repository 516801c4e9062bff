// Counts the host's use of the relay by month, as AWS bills it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asRecord, ME, REGISTRY, type RelayMessage } from "../../wire/mod.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import { type Billed, costOf, relayedMessage } from "./prices.ts";

/** Most months that are kept, including this one. */
export const MAX_MONTHS = 13;

/** Time between two writes, in milliseconds: a crash loses minutes, and a disk may sleep. */
const SAVE_MS = 300_000;

/** Minutes that count for a page's connection: it closes as soon as it has its answer. */
const PAGE_MINUTES = 1;

/** Most pages with a relayed session whose minutes are counted, and most minutes without a message. */
const MAX_RELAYED = 64;
const IDLE_MINUTES = 10;

/** What is counted, in the order of the file. */
const AMOUNTS = ["messages", "minutes", "runs", "bytes"] as const;

/** A month's bill. */
export interface Month extends Required<Billed> {
  /** The part of it that relayed sessions have. */
  relayed: Required<Billed>;
}

/** Takes the events of the relay's sockets that are counted. */
export interface RelayUsage {
  /** Called when a connection of the host opens; returns the function to call at its end. */
  opened(): () => void;
  /** Called for each message out. */
  sent(message: SentMessage): void;
  /** Called for each message in. @param bytes Its length. @default 0 */
  received(message: RelayMessage | undefined, bytes?: number): void;
}

/** A message of the host. */
export interface SentMessage {
  /** The addressed connection, if there is one. */
  to?: string;
  data: { type: string };
  /** Its length. */
  bytes: number;
}

/** Options of {@linkcode Usage.open}. */
export interface UsageOptions {
  /** Called if the counts cannot be written. */
  onTrouble: (error: Error) => void;
  /** Called with the dollars that a message of a relayed session costs. @param page Its connection. */
  onRelayed?: (dollars: number, page: string) => void;
}

/**
 * Counts the messages and minutes of this host and of its pages: the host sees all of the pages' messages,
 * except offers that find no host, and messages that the gateway throttles. Each signal counts as one
 * message: AWS bills another for each 32 KB, and the relay takes no more.
 */
export class Usage implements RelayUsage, AsyncDisposable {
  readonly #path: string;
  readonly #options: UsageOptions;
  /** By month, such as `2026-11`, in UTC like AWS's bills. */
  readonly #months: Map<string, Month>;
  readonly #open = new Set<{ since: number }>();
  /** When a page's connection had its last message of a relayed session, the newest at the end. */
  readonly #relayed = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;
  #isChanged = false;

  private constructor(path: string, months: Map<string, Month>, options: UsageOptions) {
    this.#path = path;
    this.#months = months;
    this.#options = options;
    this.#timer = setInterval(() => void this.save(), SAVE_MS).unref();
  }

  /** Continues the counts in the state folder. */
  static async open(state: string, options: UsageOptions): Promise<Usage> {
    return new Usage(usageFile(state), await readUsage(state), options);
  }

  opened(): () => void {
    const connection = { since: Date.now() };
    this.#open.add(connection);
    // $connect and $disconnect.
    this.#add({ runs: 2 });
    return () => {
      this.#count(connection);
      this.#open.delete(connection);
    };
  }

  sent({ to, data, bytes }: SentMessage): void {
    if (to !== undefined && data.type === "relayed") return this.#addRelayed(to, bytes);
    // Into the gateway, and out to the page. Messages back to the host are counted when they come in.
    this.#add({ messages: isPage(to) ? 2 : 1, runs: 1 });
  }

  received(message: RelayMessage | undefined, bytes = 0): void {
    const billed = { messages: 1, minutes: 0, runs: 0 };
    const type = message?.kind === "signal" ? typeOf(message.data) : undefined;
    if (type === "relayed") {
      return this.#addRelayed((message as { from?: string }).from ?? "", bytes);
    }
    if (type === "sealed-offer") {
      // The page's message, and its connection.
      billed.messages++;
      billed.minutes += PAGE_MINUTES;
      billed.runs += 3;
    } else if (message?.kind === "error" && isPage(message.to)) {
      // The message did not reach the page.
      billed.messages--;
    } else if (message?.kind === "error" && message.isThrottled) {
      // It did not even reach the Lambda.
      billed.messages--;
      billed.runs--;
    }
    this.#add(billed);
  }

  /** Writes the counts. */
  async save(): Promise<void> {
    for (const connection of this.#open) this.#count(connection);
    if (!this.#isChanged) return;
    this.#isChanged = false;
    try {
      const months = Object.fromEntries([...this.#months].sort().slice(-MAX_MONTHS));
      await writePrivateFile(this.#path, `${JSON.stringify({ months }, undefined, 2)}\n`);
    } catch (error) {
      this.#isChanged = true;
      this.#options.onTrouble(error as Error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }

  /** Adds the time that each connection has been open since the last call. */
  #count(connection: { since: number }): void {
    const now = Date.now();
    // The clock may have been set back.
    this.#add({ minutes: Math.max(0, now - connection.since) / 60_000 });
    connection.since = now;
  }

  /** Adds a message of a relayed session, and the time since the one before. @param page Its connection. */
  #addRelayed(page: string, bytes: number): void {
    const now = Date.now();
    const minutes = (now - (this.#relayed.get(page) ?? now)) / 60_000;
    this.#relayed.delete(page);
    this.#relayed.set(page, now);
    if (this.#relayed.size > MAX_RELAYED) this.#relayed.delete([...this.#relayed.keys()][0]!);
    const billed = {
      ...relayedMessage(bytes),
      minutes: Math.min(IDLE_MINUTES, Math.max(0, minutes)),
    };
    addTo(this.#add(billed).relayed, billed);
    this.#options.onRelayed?.(costOf(billed), page);
  }

  #add(billed: Partial<Billed>): Month {
    const name = monthOf(new Date());
    const month = this.#months.get(name) ?? emptyMonth();
    addTo(month, billed);
    this.#months.set(name, month);
    this.#isChanged = true;
    return month;
  }
}

/** A month's bill without anything in it. */
export function emptyMonth(): Month {
  const none = { messages: 0, minutes: 0, runs: 0, bytes: 0 };
  return { ...none, relayed: { ...none } };
}

function addTo(sum: Required<Billed>, billed: Partial<Billed>): void {
  for (const name of AMOUNTS) sum[name] += billed[name] ?? 0;
}

/** A month's name in the file, such as `2026-11`, in UTC. */
export function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7);
}

/** Reads the counts by month. A file in another form counts as empty. */
export async function readUsage(state: string): Promise<Map<string, Month>> {
  const months = new Map<string, Month>();
  try {
    const file = asRecord(JSON.parse(await readFile(usageFile(state), "utf8")), "usage.json");
    for (const [month, value] of Object.entries(asRecord(file.months, "months"))) {
      if (!/^\d{4}-\d\d$/.test(month)) throw new TypeError(month);
      const billed = asRecord(value, month);
      // Earlier versions had no relayed sessions.
      const relayed = asRecord(billed.relayed ?? emptyMonth().relayed, "relayed");
      months.set(month, {
        ...parseBilled({ bytes: 0, ...billed }),
        relayed: parseBilled(relayed),
      });
    }
    return months;
  } catch {
    // Begin anew: the counts are only for information.
    return new Map();
  }
}

function usageFile(state: string): string {
  return join(state, "usage.json");
}

function parseBilled(value: Record<string, unknown>): Required<Billed> {
  const amounts = AMOUNTS.map((name) => {
    const amount = value[name];
    if (typeof amount !== "number" || !(amount >= 0 && amount < 1e15)) throw new TypeError(name);
    return [name, amount];
  });
  return Object.fromEntries(amounts);
}

/** Whether a message is for a page, and not for the host itself or the registry. */
function isPage(to: string | undefined): boolean {
  return to !== undefined && to !== ME && to !== REGISTRY;
}

function typeOf(data: unknown): unknown {
  return (data as { type?: unknown } | null)?.type;
}
