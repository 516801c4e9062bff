// One request to a backend and its answer, over node:http.
import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
  type RequestOptions,
} from "node:http";
import { request as requestHttps } from "node:https";
import { type HeaderField, type HttpResponse, LighthouseError } from "../../wire/mod.ts";
import type { Taker } from "../access/shares.ts";
import { answerFields } from "./answer_head.ts";
import type { Agents, PrincipalOption } from "./agents.ts";
import { broken, failed, tooSlow, unreachable } from "./backend_errors.ts";
import { PARSER } from "./connection_options.ts";
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
  /** In upper case. */
  method: string;
  /** All headers except Content-Length and Transfer-Encoding. */
  headers: HeaderField[];
  body: ReadableStream<Uint8Array> | null;
  /**
   * Length of the body in bytes; undefined if it is not known: then the body is sent in chunks. A
   * request without a body may say 0, or leave it to the method.
   */
  length: number | undefined;
  /** Who asks: requests of others use other connections. */
  principal: Taker;
}

/** Bytes of an answer at which the host stops reading ahead of the page: mostly one read of 64 KiB. */
const READ_AHEAD = 32 * 1024;

/** Safe methods (RFC 9110 §9.2.1), except TRACE. */
const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/**
 * Methods without Content-Length where they have no body, as in browsers. Some servers take
 * `Content-Length: 0` of a DELETE for an empty JSON text, and refuse it. All others say 0.
 */
const BARE = new Set([...SAFE, "DELETE"]);

/**
 * Silence after which TCP probes a backend on another machine, in milliseconds. An answer under way
 * has no other limit.
 */
const PROBE_MS = 60_000;

/**
 * Whether a request may use a connection that was used before. The backend may close it at that very
 * moment, so the request must be one that may be sent again (RFC 9112 §9.3.1).
 */
export function mayRepeat({ method, body }: BackendRequest): boolean {
  return body === null && SAFE.has(method);
}

/** Options of {@linkcode Exchange}. */
export interface ExchangeOptions {
  agents: Agents;
  /** Name of the backend for messages. */
  name: string;
  /** Aborts the exchange, and the body of its answer. */
  signal: AbortSignal;
  /** Times to change in tests. */
  timeouts?: Partial<Timeouts>;
}

/** A request under way, and its answer. */
export class Exchange {
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
  readonly #name: string;
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
  constructor(request: BackendRequest, { agents, name, signal, timeouts }: ExchangeOptions) {
    if (signal.aborted) throw LighthouseError.from(signal.reason, "aborted");
    this.#name = name;
    this.#timeouts = { ...TIMEOUTS, ...timeouts };
    this.#outgoing = open(request, mayRepeat(request) ? agents.kept : agents.fresh);

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
          resolve(this.#read(request, incoming));
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
    this.#wait(connect, () => unreachable(this.#name));
    const socket = this.#outgoing.socket!;
    socket.once("connect", () => {
      socket.setKeepAlive(true, PROBE_MS);
      this.#waitForHead();
    });
  }

  #waitForHead(): void {
    const { head } = this.#timeouts;
    this.#wait(head, () => tooSlow(this.#name, head));
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
    return this.#reason ?? broken(error, this.#name);
  }

  async #send({ body, length = Infinity }: BackendRequest): Promise<void> {
    const outgoing = this.#outgoing;
    const writes = new GatheredWrites(outgoing);
    try {
      let left = length;
      if (body) {
        // The head goes out in one system call with the body's first bytes, unless these are late.
        const flush = setImmediate(() => outgoing.flushHeaders());
        const reader = body.getReader();
        outgoing.on("close", () => reader.cancel().catch(() => {}));
        for (;;) {
          const { done, value } = await reader.read();
          if (outgoing.destroyed) return;
          clearImmediate(flush);
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

  #read(request: BackendRequest, incoming: IncomingMessage): HttpResponse {
    clearTimeout(this.#timer);
    if (!mayRepeat(request) && !isKept(incoming)) this.#outgoing.shouldKeepAlive = false;
    const { statusCode: status = 0, statusMessage: statusText = "" } = incoming;
    // A backend that has answered in full does not read the rest of the request.
    incoming.on("end", () => this.#outgoing.writableEnded || this.#outgoing.destroy());

    let headers: HeaderField[];
    try {
      headers = answerFields(status, incoming.rawHeaders);
    } catch (error) {
      this.stop(LighthouseError.from(error, "backend-failed"));
      throw error;
    }
    if (isBodyless(request.method, status)) {
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
function open(request: BackendRequest, agent: Agent): ClientRequest {
  const { url, method, principal } = request;
  const headers = [...request.headers, ...framingOf(request)].flat();
  const send = url.protocol === "https:" ? requestHttps : requestHttp;
  const options: RequestOptions & PrincipalOption = {
    agent,
    method,
    headers,
    principal: principal.id,
    ...PARSER,
  };
  try {
    return send(url, options);
  } catch (error) {
    throw LighthouseError.from(error, "bad-request");
  }
}

/** The header that says where the body ends. For some methods Node.js would leave it out. */
function framingOf({ method, body, length }: BackendRequest): HeaderField[] {
  if (body && length === undefined) return [["Transfer-Encoding", "chunked"]];
  if (method === "GET" || method === "HEAD") return [];
  if (length === undefined && BARE.has(method)) return [];
  return [["Content-Length", String(length ?? 0)]];
}

/** Whether a backend promises to keep the connection: Node.js heeds the time that it names. */
function isKept({ headers }: IncomingMessage): boolean {
  return /^timeout=\d/.test(String(headers["keep-alive"]));
}

/** RFC 9110 §6.4.1. */
function isBodyless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}
