// The connections to one backend, and the exchanges on them.
import { Agent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import { type BackendRequest, Exchange, SAFE, type Timeouts } from "./exchange.ts";

/** Most connections to a backend. Further requests wait. */
const MAX_CONNECTIONS = 1024;

/** Time for which an idle connection is kept, in milliseconds: servers of Node.js close theirs at 5 s. */
const KEEP_MS = 4_000;

/**
 * Silence after which TCP probes a backend on another machine, in milliseconds. An answer under way
 * has no other limit.
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

/** Sends requests to one backend. */
export class HttpClient {
  readonly #agent: Agent;
  readonly #timeouts: Partial<Timeouts> | undefined;
  readonly #open = new Set<Exchange>();

  /**
   * @param agent Makes the connections. Only this client uses it.
   * @param timeouts Replaces the defaults, for tests.
   */
  constructor(agent: Agent, timeouts?: Partial<Timeouts>) {
    this.#agent = agent;
    this.#timeouts = timeouts;
  }

  /** Exchanges under way. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Sends a request. Resolves with the answer when its head has arrived; its body streams.
   *
   * A backend may close a kept connection at the moment when it is used again. A safe request without
   * a body is then sent again on another connection (RFC 9112 §9.3.1).
   *
   * @throws {LighthouseError} As {@linkcode Exchange.answer} rejects.
   */
  async send(request: BackendRequest, signal: AbortSignal): Promise<HttpResponse> {
    for (;;) {
      const exchange = new Exchange(request, {
        agent: this.#agent,
        signal,
        timeouts: this.#timeouts,
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

  /** Breaks off all exchanges, and closes all connections. */
  async close(): Promise<void> {
    const all = [...this.#open];
    for (const exchange of all) {
      exchange.stop(new LighthouseError("closed", "The host is closing"));
    }
    await Promise.all(all.map(({ ended }) => ended));
    this.#agent.destroy();
  }
}
