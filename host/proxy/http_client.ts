// The connections to one backend, and the exchanges on them.
import { Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import { type BackendRequest, Exchange, SAFE, type Timeouts } from "./exchange.ts";

/** Most connections to a backend; what exceeds them waits. */
const MAX_CONNECTIONS = 1024;

/** How long an idle connection is kept, in milliseconds: Node's own servers close theirs at 5 s. */
const KEEP_MS = 4_000;

/**
 * Silence after which TCP asks whether a backend on another machine is still there, in milliseconds: an
 * answer under way has no other limit.
 */
const PROBE_MS = 60_000;

/** Makes the connections to one backend. @param protocol `http:` or `https:`. */
export function createAgent(protocol: string): Agent {
  const options = {
    keepAlive: true,
    keepAliveInitialDelay: PROBE_MS,
    timeout: KEEP_MS,
    maxSockets: MAX_CONNECTIONS,
  };
  return protocol === "https:" ? new HttpsAgent(options) : new Agent(options);
}

/** Sends requests, and can end all of them. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #patience: Partial<Timeouts> | undefined;
  readonly #open = new Set<Exchange>();

  /**
   * @param agent Makes the connections. It is this client's alone.
   * @param patience Times to change in tests.
   */
  constructor(agent: Agent, patience?: Partial<Timeouts>) {
    this.#agent = agent;
    this.#patience = patience;
  }

  /** Exchanges under way. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Sends a request. Resolves with the answer when its head is there; its body streams.
   *
   * A backend may close a connection in the moment in which it is used again. A request that has no
   * body and changes nothing then goes out once more, on another (RFC 9112 §9.3.1).
   *
   * @throws {LighthouseError} what {@linkcode Exchange} rejects with.
   */
  async send(request: BackendRequest, signal: AbortSignal): Promise<HttpResponse> {
    for (;;) {
      const exchange = new Exchange(request, {
        agent: this.#agent,
        signal,
        patience: this.#patience,
      });
      this.#open.add(exchange);
      exchange.ended.then(() => this.#open.delete(exchange));
      try {
        return await exchange.answer;
      } catch (error) {
        const mayRepeat = request.body === null && SAFE.has(request.method);
        if (!mayRepeat || !exchange.foundClosed) throw error;
      }
    }
  }

  /** Breaks off what is under way, and closes all connections. */
  async close(): Promise<void> {
    const all = [...this.#open];
    for (const exchange of all) {
      exchange.stop(new LighthouseError("closed", "The host is closing"));
    }
    await Promise.all(all.map(({ ended }) => ended));
    this.#agent.destroy();
  }
}
