// HTTP exchanges with one backend over node:http. Bodies are streamed unchanged in both directions,
// each wait has a limit, and when one side breaks off, the other side ends too.
import { Agent, type ClientRequest, type IncomingMessage, request as requestHttp } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import {
  type HeaderField,
  type HttpResponse,
  LighthouseError,
  MAX_FIELDS,
} from "../../wire/mod.ts";
import { failed, tooSlow, UNREACHABLE, unreachable } from "./backend_errors.ts";
import { GatheredWrites, roomIn } from "./gathered_writes.ts";

/** Limits on how long the host waits for a backend, in milliseconds. */
export interface Timeouts {
  /** Until the backend accepts a connection. @default 5_000 */
  connect: number;
  /** Until the head of the answer, counted anew from each part of the request's body. @default 300_000 */
  head: number;
}

const TIMEOUTS: Timeouts = { connect: 5_000, head: 300_000 };

/** A request for a backend. */
export interface BackendRequest {
  url: URL;
  method: string;
  /** All headers except Content-Length and Transfer-Encoding. */
  headers: HeaderField[];
  body: ReadableStream<Uint8Array> | null;
  /** Length of the body in bytes; undefined if it is not known, then the body is sent in chunks. */
  length: number | undefined;
}

/** Bytes of an answer that the host reads ahead of the page. */
const READ_AHEAD = 64 * 1024;

/** Safe methods (RFC 9110 §9.2.1), except TRACE. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

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
   * @throws {LighthouseError} `backend-unreachable`, `backend-timeout`, `backend-failed`, `bad-request` or
   * `aborted`.
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

/** Options of {@linkcode Exchange}. */
interface ExchangeOptions {
  agent: Agent;
  /** Aborts the exchange, and the body of its answer. */
  signal: AbortSignal;
  /** Times to change in tests. */
  timeouts?: Partial<Timeouts>;
}

/** A request under way, and its answer. */
class Exchange {
  /**
   * Resolves when the head of the answer has arrived; its body streams. Rejects with a LighthouseError:
   * `backend-unreachable`, `backend-timeout`, `backend-failed`, `bad-request` or `aborted`.
   */
  readonly answer: Promise<HttpResponse>;
  /** Resolves when the exchange has ended, both bodies included. */
  readonly ended: Promise<void>;
  /** Whether the exchange used a kept connection that the backend had closed meanwhile. */
  foundClosed = false;
  #answered = false;
  readonly #origin: string;
  readonly #outgoing: ClientRequest;
  readonly #timeouts: Timeouts;
  /** The reason for which the host broke the exchange off. */
  #reason: LighthouseError | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Sends a request.
   *
   * @throws {LighthouseError} `bad-request` if HTTP does not allow the request, `aborted` if the signal
   * is aborted already.
   */
  constructor(request: BackendRequest, { agent, signal, timeouts }: ExchangeOptions) {
    if (signal.aborted) throw LighthouseError.from(signal.reason, "aborted");
    this.#origin = request.url.origin;
    this.#timeouts = { ...TIMEOUTS, ...timeouts };
    this.#outgoing = open(request, agent);

    const { promise, resolve, reject } = Promise.withResolvers<HttpResponse>();
    const ended = Promise.withResolvers<void>();
    this.answer = promise;
    this.ended = ended.promise;
    const abort = () => this.stop(LighthouseError.from(signal.reason, "aborted"));
    signal.addEventListener("abort", abort);
    this.#outgoing
      .on("socket", ({ connecting }) => this.#watchConnection(connecting))
      .on("response", (incoming) => {
        this.#answered = true;
        try {
          resolve(this.#read(request.method, incoming));
        } catch (error) {
          reject(error);
        }
      })
      // After the answer's head, reject() does nothing and the answer's body fails with the same error.
      .on("error", (error: NodeJS.ErrnoException) => {
        this.foundClosed = !this.#reason && this.#outgoing.reusedSocket &&
          (error.code === "ECONNRESET" || error.code === "EPIPE");
        reject(this.#failure(error));
      })
      .on("close", () => {
        clearTimeout(this.#timer);
        signal.removeEventListener("abort", abort);
        // After a 101 that was not asked for, there is no error event.
        if (!this.#answered) reject(failed("it closed the connection"));
        ended.resolve();
      });
    this.#waitForHead();
    void this.#send(request);
  }

  #watchConnection(connecting: boolean): void {
    if (!connecting) return;
    const { connect } = this.#timeouts;
    this.#wait(connect, () => unreachable(this.#origin));
    this.#outgoing.socket!.once("connect", () => this.#waitForHead());
  }

  #waitForHead(): void {
    const { head } = this.#timeouts;
    this.#wait(head, () => tooSlow(this.#origin, head));
  }

  #wait(ms: number, reason: () => LighthouseError): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(reason()), ms);
  }

  /** Breaks the exchange off: the answer, or its body, fails with the reason. */
  stop(reason: LighthouseError): void {
    this.#reason ??= reason;
    this.#outgoing.destroy(reason);
  }

  #failure(error: NodeJS.ErrnoException): LighthouseError {
    if (this.#reason) return this.#reason;
    if (UNREACHABLE.has(error.code ?? "")) return unreachable(this.#origin, error);
    return failed(error.message, error);
  }

  async #send({ body, length = Infinity }: BackendRequest): Promise<void> {
    const outgoing = this.#outgoing;
    const writes = new GatheredWrites(outgoing);
    try {
      let left = length;
      if (body) {
        // Send the head before the body begins.
        outgoing.flushHeaders();
        const reader = body.getReader();
        outgoing.on("close", () => reader.cancel().catch(() => {}));
        for (;;) {
          const { done, value } = await reader.read();
          if (outgoing.destroyed) return;
          if (done) break;
          left -= value.length;
          // Never send more than Content-Length: the backend would read the rest as another request.
          if (left < 0) break;
          if (!writes.write(value)) await roomIn(outgoing);
          if (outgoing.socket?.connecting === false) this.#timer?.refresh();
        }
      }
      if (left !== 0 && left !== Infinity) {
        const why = `its body has ${left < 0 ? "more" : "fewer"} than the ${length} bytes it says`;
        throw new LighthouseError("bad-request", `Cannot forward: ${why}`);
      }
      outgoing.end();
      writes.release();
    } catch (error) {
      this.stop(LighthouseError.from(error, "aborted"));
    }
  }

  #read(method: string, incoming: IncomingMessage): HttpResponse {
    clearTimeout(this.#timer);
    const { statusCode: status = 0, statusMessage: statusText = "", rawHeaders } = incoming;
    // A backend that has answered in full does not read the rest of the request.
    incoming.on("end", () => this.#outgoing.writableEnded || this.#outgoing.destroy());

    const headers: HeaderField[] = [];
    for (let i = 0; i + 1 < rawHeaders.length; i += 2) {
      headers.push([rawHeaders[i]!, rawHeaders[i + 1]!]);
    }
    const wrong = status < 200 || status > 599
      ? `its status is ${status}`
      : headers.length > MAX_FIELDS
      ? `its answer has ${headers.length} fields, more than ${MAX_FIELDS}`
      : undefined;
    if (wrong) {
      this.stop(failed(wrong));
      throw this.#reason;
    }
    if (isBodyless(method, status)) {
      incoming.resume();
      return { status, statusText, headers, body: null };
    }
    return { status, statusText, headers, body: this.#streamOf(incoming) };
  }

  /**
   * The answer's body, without a limit on silence. It uses events because they keep together the chunks,
   * and the end, that the backend sent together: they then leave in one message.
   */
  #streamOf(incoming: IncomingMessage): ReadableStream<Uint8Array> {
    let isLeft = false;
    return new ReadableStream({
      start: (controller) => {
        incoming
          .on("data", (chunk: Uint8Array) => {
            if (isLeft) return;
            controller.enqueue(chunk);
            if (controller.desiredSize! <= 0) incoming.pause();
          })
          // The end event still comes if the whole answer had arrived before the cancel.
          .on("end", () => isLeft || controller.close())
          .on("error", (error) => controller.error(this.#failure(error)));
      },
      pull: () => void incoming.resume(),
      cancel: () => {
        isLeft = true;
        this.stop(new LighthouseError("aborted", "The page gave the answer up"));
      },
    }, { highWaterMark: READ_AHEAD, size: (chunk) => chunk!.length });
  }
}

/** @throws {LighthouseError} `bad-request` if Node.js refuses to send the request. */
function open({ url, method, headers, body, length }: BackendRequest, agent: Agent): ClientRequest {
  // Always set the body's framing here: for some methods Node.js would leave it out.
  const framing: HeaderField[] = [];
  if (length === undefined) framing.push(["Transfer-Encoding", "chunked"]);
  else if (body || !SAFE.has(method)) framing.push(["Content-Length", String(length)]);
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  try {
    return send(url, { agent, method, headers: [...headers, ...framing].flat() });
  } catch (error) {
    throw LighthouseError.from(error, "bad-request");
  }
}

/** RFC 9110 §6.4.1. */
function isBodyless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}
