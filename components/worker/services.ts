// Which service a document belongs to: the host knows, and the worker keeps what it says for a while.
import { SERVICES_PATH } from "../../wire/mod.ts";
import type { ServiceList } from "../../wire/mod.ts";
import { isIn } from "./site.ts";

/** Time for which the host's list counts, in milliseconds. */
const FRESH_MS = 60_000;

/** Options of {@linkcode Services}. */
export interface ServicesOptions {
  /** Asks the host for a path in the tunnel. Never rejects. */
  ask: (path: string) => Promise<Response>;
  /** The time in milliseconds. @default performance.now */
  now?: () => number;
}

/** The prefixes of the services that this device may reach. */
export class Services {
  readonly #options: ServicesOptions;
  readonly #prefixes = new Set<string>();
  #list: Promise<void> | undefined;
  #asked = 0;

  constructor(options: ServicesOptions) {
    this.#options = options;
  }

  /** All that are known now. */
  get known(): ReadonlySet<string> {
    return this.#prefixes;
  }

  /** Remembers what an answer to a navigation has told. */
  add(prefix: string): void {
    this.#prefixes.add(prefix);
  }

  /** The prefix of the service that has a path in the tunnel, as far as that is known now. */
  find(path: string): string | undefined {
    const found = [...this.#prefixes].filter((prefix) => isIn(prefix, path));
    return found.sort((a, b) => b.length - a.length)[0];
  }

  /** The same, once the host has told; undefined while it cannot be asked. */
  async of(path: string): Promise<string | undefined> {
    await this.#read();
    return this.find(path);
  }

  #read(): Promise<void> {
    const { now = () => performance.now() } = this.#options;
    if (!this.#list || now() - this.#asked > FRESH_MS) {
      this.#asked = now();
      this.#list = this.#ask();
    }
    return this.#list;
  }

  async #ask(): Promise<void> {
    const response = await this.#options.ask(SERVICES_PATH);
    const isList = response.ok && response.headers.get("content-type")?.includes("json");
    const list = isList ? await response.json().catch(() => undefined) as ServiceList : undefined;
    // Without a connection there is no answer: the next request asks again.
    if (response.status === 503 || response.type === "error") this.#list = undefined;
    for (const { prefix } of list?.services ?? []) this.#prefixes.add(prefix);
    // An older host does not tell: it is taken for one service.
    if (!list && this.#list) this.#prefixes.add("/");
  }
}
