// What scripts assign to `document.cookie`, on its way to the host's jar.

/** Longest time for which a line waits for a request to go with, in milliseconds. */
const WAIT_MS = 200;

/** Most characters of a line (RFC 6265 §6.1). */
const MAX_LINE = 4096;

/** Most characters that a request takes along: heads are limited. */
const MAX_LENGTH = 6 * 1024;

/** A line that the host does not have for certain yet. */
interface Line {
  /** The target of the document. */
  from: string;
  line: string;
  /** By which the host knows the line when it comes again. */
  id: string;
}

/** Options of {@linkcode ScriptCookies}. */
export interface ScriptCookiesOptions {
  /** Sends a request that takes the lines along. @param from The target of the last line's document. */
  flush: (from: string) => Promise<void>;
  /** @default 200 */
  wait?: number;
}

/** The lines that requests take along until one of them is answered. */
export class ScriptCookies {
  readonly #options: ScriptCookiesOptions;
  #lines: Line[] = [];
  /** Lines that no request has taken along. */
  readonly #unsent = new Set<Line>();

  constructor(options: ScriptCookiesOptions) {
    this.#options = options;
  }

  /** Takes a line. @returns Once some request has taken it along. */
  async add(from: string, line: string): Promise<void> {
    // Browsers ignore such lines, and no request could take a very long one along.
    if (line.length > MAX_LINE) return;
    const { wait = WAIT_MS, flush } = this.#options;
    const added = { from, line: line.toWellFormed(), id: crypto.randomUUID().slice(0, 13) };
    this.#lines.push(added);
    this.#unsent.add(added);
    await new Promise((resolve) => setTimeout(resolve, wait));
    if (this.#unsent.has(added)) await flush(from);
  }

  /**
   * Gives a request the lines to take along.
   *
   * @returns The value of the header, and what is to be called once the host has answered. Undefined if
   * there are no lines.
   */
  take(): { header: string; onAnswer: () => void } | undefined {
    if (this.#lines.length === 0) return undefined;
    const taken: Line[] = [];
    let header = "";
    for (const line of this.#lines) {
      const longer = format([...taken, line]);
      if (taken.length > 0 && longer.length > MAX_LENGTH) break;
      header = longer;
      taken.push(line);
    }
    for (const line of taken) this.#unsent.delete(line);
    const onAnswer = () => {
      this.#lines = this.#lines.filter((line) => !taken.includes(line));
    };
    return { header, onAnswer };
  }
}

function format(lines: Line[]): string {
  return encodeURIComponent(JSON.stringify(lines.map(({ from, line, id }) => [from, line, id])));
}
