// The ICE servers that pages and this host may use now, with credentials that are renewed before they end.
import { backoff, type IceServer } from "../../wire/mod.ts";
import type { IceServerSetting } from "../config/ice_servers.ts";
import type { Log } from "../platform/log.ts";
import { type IceServerSource, sourceOf } from "./sources.ts";

/** Options of {@linkcode IceServers}. */
export interface IceServersOptions {
  log: Log;
  /** @default {@linkcode sourceOf} */
  open?: (entry: IceServerSetting) => IceServerSource;
  /** Milliseconds since 1970. @default Date.now */
  clock?: () => number;
}

/** Time between looks at what must be renewed, in milliseconds. After a sleep, timers are late. */
const LOOK_MS = 20_000;

/** Limit for one renewal, in milliseconds. */
const RENEW_MS = 10_000;

/** Waits after a renewal that failed, in milliseconds. */
const RETRY = { first: 60_000, longest: 600_000 };

/** A credential is not given away in its last minute. */
const MARGIN_MS = 60_000;

/** Most bytes of the servers in an answer for a page, as JSON: an answer has 8 KiB. */
const MAX_BYTES = 2048;

/** A source, and what it gave last. */
interface Standing {
  source: IceServerSource;
  servers: IceServer[];
  /** When to renew, in milliseconds since 1970. */
  due: number;
  failures: number;
  isBusy: boolean;
}

/** Keeps the credentials of all entries of the setting. */
export class IceServers implements Disposable {
  readonly #options: Required<IceServersOptions>;
  readonly #timer: NodeJS.Timeout;
  readonly #end = new AbortController();
  /** The setting's entries as JSON. */
  #setting = "[]";
  #standing: Standing[] = [];

  constructor(options: IceServersOptions) {
    this.#options = { open: sourceOf, clock: Date.now, ...options };
    this.#timer = setInterval(() => void this.renew(), LOOK_MS).unref();
  }

  /** Takes over the setting. Without a change, nothing happens. */
  async take(entries: IceServerSetting[] = []): Promise<void> {
    const setting = JSON.stringify(entries);
    if (setting === this.#setting) return;
    this.#setting = setting;
    const { open } = this.#options;
    this.#standing = entries.map((entry) => ({
      source: open(entry),
      servers: [],
      due: 0,
      failures: 0,
      isBusy: false,
    }));
    await this.renew();
  }

  /** The servers whose credentials are valid. */
  get current(): IceServer[] {
    const least = this.#options.clock() + MARGIN_MS;
    return this.#standing.flatMap(({ servers }) => servers)
      .filter(({ expires = Infinity }) => expires > least);
  }

  /** Those for a page: as many as an answer has room for. Undefined if there are none. */
  get forPage(): IceServer[] | undefined {
    let left = MAX_BYTES;
    const servers = this.current.filter((server) => (left -= JSON.stringify(server).length) >= 0);
    return servers.length === 0 ? undefined : servers.slice(0, 8);
  }

  /** Renews what is due. It is called by itself, too. */
  async renew(): Promise<void> {
    const now = this.#options.clock();
    const due = this.#standing.filter((each) => !each.isBusy && each.due <= now);
    await Promise.all(due.map((each) => this.#renewOne(each)));
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.#standing = [];
    this.#end.abort();
  }

  async #renewOne(standing: Standing): Promise<void> {
    const { clock, log } = this.#options;
    const { source } = standing;
    standing.isBusy = true;
    try {
      const signal = AbortSignal.any([this.#end.signal, AbortSignal.timeout(RENEW_MS)]);
      standing.servers = await source.renew(signal);
      const ends = standing.servers.map(({ expires = Infinity }) => expires);
      // Halfway, so that a page gets what is valid for a while, and failures have time to pass.
      standing.due = (clock() + Math.min(...ends)) / 2;
      if (standing.failures > 0) {
        log("info", "turn-renewed", `${source.name} gives TURN credentials again`);
      }
      standing.failures = 0;
    } catch (error) {
      if (this.#end.signal.aborted) return;
      standing.failures++;
      standing.due = clock() + backoff(standing.failures, RETRY);
      const { message } = error as Error;
      const left = this.#left(standing);
      log("warn", "turn-not-renewed", `no new TURN credentials: ${message}${left}`);
    } finally {
      standing.isBusy = false;
    }
  }

  /** What goes on meanwhile, in words. */
  #left({ servers }: Standing): string {
    const end = Math.max(0, ...servers.map(({ expires = 0 }) => expires));
    if (end <= this.#options.clock()) return ". Connections do without its servers meanwhile";
    return `. The earlier ones are valid until ${new Date(end).toISOString()}`;
  }
}
