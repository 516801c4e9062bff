// What sessions through the relay may cost in a day (UTC, as AWS bills). The count is on disk before it is
// used up: a host that is killed forgets none of it.
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { asRecord, asString } from "../../wire/mod.ts";
import { writePrivateFile } from "../platform/private_file.ts";

/** The part of a budget that is written down ahead, as if it were spent: so many writes a day. */
const AHEAD = 1 / 20;

/**
 * The part that pages which are not paired may spend, all together: whoever opens a public host's page
 * must not use up what its devices need.
 */
const OF_STRANGERS = 1 / 2;

/** Options of {@linkcode RelayBudget.open}. */
export interface RelayBudgetOptions {
  /** The budget now, in dollars a day. */
  limit: () => number;
  /** Called if the count cannot be written. */
  onTrouble: (error: Error) => void;
  /** Milliseconds since 1970. @default Date.now */
  now?: () => number;
}

/** What a day's sessions have cost. */
export interface Spent {
  /** Such as `2026-11-30`. */
  day: string;
  dollars: number;
  /** The part of them that pages have which are not paired. */
  strangers: number;
}

/** Counts a day's dollars against the budget. */
export class RelayBudget implements AsyncDisposable {
  readonly #path: string;
  readonly #options: Required<RelayBudgetOptions>;
  #spent: Spent;
  /** What the file says, or will say when the write that is under way has ended. */
  #written: number;
  #write: Promise<void> = Promise.resolve();

  private constructor(path: string, spent: Spent, options: Required<RelayBudgetOptions>) {
    this.#path = path;
    this.#spent = spent;
    this.#written = spent.dollars;
    this.#options = options;
  }

  /** Continues the count in the state folder. */
  static async open(state: string, options: RelayBudgetOptions): Promise<RelayBudget> {
    const all = { now: Date.now, ...options };
    return new RelayBudget(budgetFile(state), await readSpent(state, all.now()), all);
  }

  /** The budget, in dollars a day. */
  get limit(): number {
    return this.#options.limit();
  }

  /** Dollars spent today. */
  get spent(): number {
    return this.#today().dollars;
  }

  /** Dollars left today. */
  get left(): number {
    return Math.max(0, this.limit - this.spent);
  }

  /** Dollars left today for pages that are not paired. */
  get leftForStrangers(): number {
    return Math.min(this.left, Math.max(0, OF_STRANGERS * this.limit - this.#today().strangers));
  }

  /**
   * Counts dollars that are spent, within the budget or not.
   *
   * @param isOfStrangers Whether by pages that are not paired: beyond their part, these do not count. The
   * host ends their sessions before, but can keep nobody from sending. @default false
   */
  spend(dollars: number, isOfStrangers = false): void {
    const today = this.#today();
    if (isOfStrangers) {
      dollars = Math.min(dollars, this.leftForStrangers);
      today.strangers += dollars;
    }
    today.dollars += dollars;
    if (today.dollars <= this.#written) return;
    const ahead = AHEAD * this.limit;
    const strangers = today.strangers > 0 ? today.strangers + ahead : 0;
    this.#save({ ...today, dollars: today.dollars + ahead, strangers });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#written !== this.#today().dollars) this.#save(this.#spent);
    await this.#write;
  }

  #today(): Spent {
    const day = dayOf(this.#options.now());
    // Not if the clock was set back.
    if (day > this.#spent.day) {
      this.#spent = { day, dollars: 0, strangers: 0 };
      this.#written = 0;
    }
    return this.#spent;
  }

  #save(spent: Spent): void {
    this.#written = spent.dollars;
    const text = `${JSON.stringify(spent)}\n`;
    this.#write = this.#write.then(() => writePrivateFile(this.#path, text)).catch(
      this.#options.onTrouble,
    );
  }
}

/** What was spent on the day of a moment, in milliseconds since 1970. A file in another form counts as empty. */
export async function readSpent(state: string, now: number): Promise<Spent> {
  const today = dayOf(now);
  try {
    const file = asRecord(JSON.parse(await readFile(budgetFile(state), "utf8")), "relay-budget");
    const day = asString(file.day, "day", 10);
    const { dollars, strangers = 0 } = file;
    if (!isAmount(dollars) || !isAmount(strangers) || !/^\d{4}-\d\d-\d\d$/.test(day)) {
      throw new TypeError("Cannot parse relay-budget.json");
    }
    if (day >= today) return { day, dollars, strangers };
  } catch {
    // As on a day without any.
  }
  return { day: today, dollars: 0, strangers: 0 };
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function dayOf(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

function budgetFile(state: string): string {
  return join(state, "relay-budget.json");
}
