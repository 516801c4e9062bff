// Counts the host's use of the relay by month, as AWS bills it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asRecord, ME, type RelayMessage } from "../../wire/mod.ts";
import { writePrivateFile } from "../platform/private_file.ts";
import type { Billed } from "./prices.ts";

/** Most months that are kept, including this one. */
export const MAX_MONTHS = 13;

/** Time between two writes, in milliseconds: a crash loses minutes, and a disk may sleep. */
const SAVE_MS = 300_000;

/** Minutes that count for a page's connection: it closes as soon as it has its answer. */
const PAGE_MINUTES = 1;

/** Takes the events of the relay's sockets that are counted. */
export interface RelayUsage {
  /** Called when a connection of the host opens; returns the function to call at its end. */
  opened(): () => void;
  /** Called for each message out. @param to The addressed connection, if there is one. */
  sent(to?: string): void;
  /** Called for each message in. */
  received(message: RelayMessage | undefined): void;
}

/**
 * Counts the messages and minutes of this host and of its pages: the host sees all of the pages' messages,
 * except offers that find no host. Each message counts as one: AWS bills another for each 32 KB, and no
 * message here has half of that.
 */
export class Usage implements RelayUsage, AsyncDisposable {
  readonly #path: string;
  readonly #onTrouble: (error: Error) => void;
  /** By month, such as `2026-11`, in UTC like AWS's bills. */
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

  /** Continues the counts in the state folder. @param onTrouble Called if they cannot be written. */
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
    // Into the gateway, and out to the page. Messages back to the host are counted when they come in.
    const isToPage = to !== undefined && to !== ME;
    this.#add({ messages: isToPage ? 2 : 1, runs: 1 });
  }

  received(message: RelayMessage | undefined): void {
    const billed = { messages: 1, minutes: 0, runs: 0 };
    if (message?.kind === "signal" && isOffer(message.data)) {
      // The page's message, and its connection.
      billed.messages++;
      billed.minutes += PAGE_MINUTES;
      billed.runs += 3;
    } else if (message?.kind === "error" && message.to !== undefined && message.to !== ME) {
      // The message did not reach the page.
      billed.messages--;
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
      this.#onTrouble(error as Error);
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

/** A month's name in the file, such as `2026-11`, in UTC. */
export function monthOf(time: Date): string {
  return time.toISOString().slice(0, 7);
}

/** Reads the counts by month. A file in another form counts as empty. */
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
    // Begin anew: the counts are only for information.
    return new Map();
  }
}

function usageFile(state: string): string {
  return join(state, "usage.json");
}

function isOffer(data: unknown): boolean {
  return (data as { type?: unknown } | null)?.type === "sealed-offer";
}
