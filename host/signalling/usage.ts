// What the host's use of the relay comes to, counted as AWS bills it, month by month.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asRecord, ME, type RelayMessage } from "../../wire/mod.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import type { Billed } from "./prices.ts";

/** Months that are remembered, this one included. */
export const MAX_MONTHS = 13;

/** Between two writes, in milliseconds: what is lost in a crash is minutes, and a disk may sleep. */
const SAVE_MS = 300_000;

/** Longest connection of a page, which hangs up as soon as it has its answer: it counts as this. */
const PAGE_MINUTES = 1;

/** What the relay's sockets tell, for somebody to count. */
export interface RelayUsage {
  /** A connection of the host's is open; the function that is returned says that it no longer is. */
  opened(): () => void;
  /** A message went out. @param to Whom it was addressed to, where it was addressed. */
  sent(to?: string): void;
  /** A message came in. */
  received(message: RelayMessage | undefined): void;
}

/**
 * Counts this host's messages and minutes, and those of the pages that they belong to: the relay sends
 * nothing to a page and takes nothing from one that the host does not see, but for offers that find
 * no host. A message counts as one: AWS bills another for each 32 KB, and none here has half of that.
 */
export class Usage implements RelayUsage, AsyncDisposable {
  readonly #path: string;
  readonly #onTrouble: (error: Error) => void;
  /** By month, such as `2026-11`, in UTC as AWS bills. */
  readonly #months: Map<string, Billed>;
  readonly #open = new Set<{ since: number }>();
  readonly #timer: NodeJS.Timeout;
  #isChanged = false;

  private constructor(
    path: string,
    months: Map<string, Billed>,
    onTrouble: (error: Error) => void,
  ) {
    this.#path = path;
    this.#months = months;
    this.#onTrouble = onTrouble;
    this.#timer = setInterval(() => void this.save(), SAVE_MS).unref();
  }

  /** Goes on with what the state folder remembers. @param onTrouble Told when it cannot be written. */
  static async open(state: string, onTrouble: (error: Error) => void): Promise<Usage> {
    return new Usage(usageFile(state), await readUsage(state), onTrouble);
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

  sent(to?: string): void {
    // Into the gateway; and out of it to the page. What comes back to the host is counted there.
    const isToPage = to !== undefined && to !== ME;
    this.#add({ messages: isToPage ? 2 : 1, runs: 1 });
  }

  received(message: RelayMessage | undefined): void {
    const billed = { messages: 1, minutes: 0, runs: 0 };
    if (message?.kind === "signal" && isOffer(message.data)) {
      // What the page sent, in a connection of its own.
      billed.messages++;
      billed.minutes += PAGE_MINUTES;
      billed.runs += 3;
    } else if (message?.kind === "error" && message.to !== undefined && message.to !== ME) {
      // What was to go to the page did not.
      billed.messages--;
    }
    this.#add(billed);
  }

  /** Writes down what has been counted. */
  async save(): Promise<void> {
    for (const connection of this.#open) this.#count(connection);
    if (!this.#isChanged) return;
    this.#isChanged = false;
    try {
      const months = Object.fromEntries([...this.#months].sort().slice(-MAX_MONTHS));
      await writePrivateFile(this.#path, `${JSON.stringify({ months }, undefined, 2)}\n`);
    } catch (error) {
      this.#isChanged = true;
      this.#onTrouble(error as Error);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#timer);
    await this.save();
  }

  /** Adds the time that a connection has been open since it was looked at last. */
  #count(connection: { since: number }): void {
    const now = Date.now();
    // The clock may have been set back meanwhile.
    this.#add({ minutes: Math.max(0, now - connection.since) / 60_000 });
    connection.since = now;
  }

  #add({ messages = 0, minutes = 0, runs = 0 }: Partial<Billed>): void {
    const month = monthOf(new Date());
    const billed = this.#months.get(month) ?? { messages: 0, minutes: 0, runs: 0 };
    billed.messages += messages;
    billed.minutes += minutes;
    billed.runs += runs;
    this.#months.set(month, billed);
    this.#isChanged = true;
  }
}

/** A month as the file names it, such as `2026-11`, in UTC. */
export function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7);
}

/** What has been counted, by month. What is no such file counts as none. */
export async function readUsage(state: string): Promise<Map<string, Billed>> {
  const months = new Map<string, Billed>();
  try {
    const file = asRecord(JSON.parse(await readFile(usageFile(state), "utf8")), "usage.json");
    for (const [month, value] of Object.entries(asRecord(file.months, "months"))) {
      const billed = asRecord(value, month);
      const [messages, minutes, runs] = ["messages", "minutes", "runs"].map((name) => {
        const count = billed[name];
        if (typeof count !== "number" || !(count >= 0 && count < 1e15)) throw new TypeError(name);
        return count;
      });
      if (!/^\d{4}-\d\d$/.test(month)) throw new TypeError(month);
      months.set(month, { messages: messages!, minutes: minutes!, runs: runs! });
    }
    return months;
  } catch {
    // Counting begins anew: it is a figure to look at, and no reason to stop.
    return new Map();
  }
}

function usageFile(state: string): string {
  return join(state, "usage.json");
}

function isOffer(data: unknown): boolean {
  return (data as { type?: unknown } | null)?.type === "sealed-offer";
}
