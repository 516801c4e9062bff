// The latest time of an answered offer, for the host's next process, which has no memory of the offers.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Log } from "../platform/log.ts";

/** Keeps the latest time of an answered offer, in milliseconds since 1970. */
export interface Answered {
  /** That of earlier processes; undefined if it is not known. */
  readonly before: number | undefined;
  /** Notes the time of an offer, before it is answered. */
  note(time: number): void;
}

/** Keeps it in the state folder. */
export class AnsweredFile implements Answered {
  readonly before: number | undefined;
  readonly #path: string;
  readonly #log: Log;
  #latest: number;
  #hasFailed = false;

  /** @param state The path of the state folder. */
  constructor(state: string, log: Log) {
    this.#path = join(state, "answered");
    this.#log = log;
    this.before = readTime(this.#path);
    this.#latest = this.before ?? 0;
  }

  note(time: number): void {
    if (time <= this.#latest) return;
    this.#latest = time;
    try {
      // Without waiting for the disk: it outlives this process, and a machine takes longer to start again
      // than pages' clocks are ahead.
      writeFileSync(this.#path, `${time}\n`, { mode: 0o600 });
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      this.#log("warn", "answered-not-written", `cannot write ${this.#path}: ${error}`);
    }
  }
}

function readTime(path: string): number | undefined {
  try {
    const text = readFileSync(path, "utf8");
    return /^\d{1,15}\n$/.test(text) ? Number(text) : undefined;
  } catch {
    return undefined;
  }
}
