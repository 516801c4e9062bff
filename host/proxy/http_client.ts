// HTTP exchanges with one backend. Bodies are streamed unchanged in both directions, each wait has a
// limit, and when one side breaks off, the other side ends too.
import { type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import type { Agents } from "./agents.ts";
import { type BackendRequest, Exchange, mayRepeat, type Timeouts } from "./exchange.ts";
import { type Places, type Turn, type TurnLimits, Turns } from "./turns.ts";

/** Options of {@linkcode HttpClient}. */
export interface HttpClientOptions {
  /** Make the connections. Only this client uses them. */
  agents: Agents;
  /** Name of the backend for messages. */
  name: string;
  /** Replaces the defaults, for tests. */
  timeouts?: Partial<Timeouts>;
  /** The places of all services, for which requests wait. @default this client's own */
  places?: Places;
  /** Replaces the defaults, for tests. */
  limits?: Partial<TurnLimits>;
}

/** Sends requests to one backend. */
export class HttpClient {
  readonly #options: HttpClientOptions;
  readonly #turns: Turns;
  readonly #open = new Set<Exchange>();

  constructor(options: HttpClientOptions) {
    this.#options = options;
    this.#turns = new Turns(options.places, options.limits);
  }

  /** Exchanges under way. */
  get open(): number {
    return this.#open.size;
  }

  /**
   * Sends a request. Resolves with the answer when its head has arrived; its body streams.
   *
   * A backend may close a kept connection at the moment when it is used again. Only safe requests
   * without a body use kept connections: they are then sent again on another (RFC 9112 §9.3.1).
   *
   * @throws {LighthouseError} `backend-unreachable`, `backend-timeout`, `backend-failed`, `bad-request`,
   * `aborted`, or `host-busy` if others keep it waiting for too long.
   */
  async send(request: BackendRequest, signal: AbortSignal): Promise<HttpResponse> {
    for (;;) {
      // The usual case waits for nothing, not even for a turn of the event loop.
      const turn = this.#turns.enter(request.principal) ?? await this.#waitForTurn(request, signal);
      const exchange = this.#begin(request, turn, signal);
      try {
        return await exchange.answer;
      } catch (error) {
        if (!mayRepeat(request) || !exchange.foundClosed) throw error;
      } finally {
        turn.answered();
      }
    }
  }

  async #waitForTurn({ principal, body }: BackendRequest, signal: AbortSignal): Promise<Turn> {
    try {
      return await this.#turns.wait(principal, signal);
    } catch (error) {
      body?.cancel(error).catch(() => {});
      throw LighthouseError.from(error, "aborted");
    }
  }

  #begin(request: BackendRequest, turn: Turn, signal: AbortSignal): Exchange {
    try {
      const exchange = new Exchange(request, { ...this.#options, signal });
      this.#open.add(exchange);
      exchange.ended.then(() => {
        this.#open.delete(exchange);
        turn.leave();
      });
      return exchange;
    } catch (error) {
      turn.leave();
      request.body?.cancel(error).catch(() => {});
      throw error;
    }
  }

  /** Breaks off all exchanges, and closes all connections. */
  async close(): Promise<void> {
    const reason = new LighthouseError("closed", "The host is closing");
    this.#turns.close(reason);
    const all = [...this.#open];
    for (const exchange of all) exchange.stop(reason);
    await Promise.all(all.map(({ ended }) => ended));
    const { kept, fresh } = this.#options.agents;
    kept.destroy();
    fresh.destroy();
  }
}
