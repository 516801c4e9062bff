// The connections to one backend, and the exchanges on them.
import type { Agent } from "node:http";
import { type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import { type BackendRequest, Exchange, SAFE, type Timeouts } from "./exchange.ts";

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
