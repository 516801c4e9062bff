// Records the last requests of pages and their answers for the inspector, while they pass.
import { type HeaderField, type HttpRequest, LighthouseError } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import type { ServiceHandler } from "../proxy/service.ts";
import type { SocketWatcher } from "../proxy/websocket.ts";
import { SeenSocket } from "./seen_socket.ts";

/** Most recorded requests, and most bytes of their heads and bodies; the oldest are dropped. */
export const MAX_EXCHANGES = 200;
const MAX_BYTES = 16 * 1024 * 1024;

/** Most bytes of a recorded body, if bodies are recorded. */
export const MAX_BODY = 64 * 1024;

/** A body under way. */
export interface SeenBody {
  /** Bytes so far. */
  bytes: number;
  /** The first of them; undefined if bodies are not recorded. */
  kept?: Uint8Array;
}

/** A request and its answer up to now. Times are in milliseconds. */
export interface Exchange {
  readonly id: number;
  /** Since 1970. */
  readonly time: number;
  readonly principal: Principal;
  readonly method: string;
  /** The path with its query. */
  readonly target: string;
  readonly headers: HeaderField[];
  /** The exchange that this one replays. */
  readonly replayOf?: number;
  /** Null if the request has no body. */
  requestBody: SeenBody | null;
  answer?: { status: number; statusText: string; headers: HeaderField[]; body: SeenBody | null };
  /** From the request to the answer's head, and to its end. */
  headAfter?: number;
  endAfter?: number;
  /** The code of the error that ended it early. */
  failure?: string;
  /** The messages, where it opened a WebSocket. */
  socket?: SeenSocket;
}

/** Shortest time between two events about one WebSocket's messages, in milliseconds. */
const NEWS_MS = 200;

/** The last exchanges, the newest last. Dispatches {@linkcode ExchangeEvent}s. */
export class Exchanges extends EventTarget {
  /** Whether the first 64 KiB of each body, and the last 64 KiB of messages, are recorded. @default false */
  keepsBodies = false;
  readonly #all = new Map<number, Exchange>();
  /** Bytes that each of them has taken, and all together. */
  readonly #sizes = new Map<number, number>();
  #size = 0;
  #count = 0;

  /** From the oldest to the newest. */
  get all(): Exchange[] {
    return [...this.#all.values()];
  }

  get(id: number): Exchange | undefined {
    return this.#all.get(id);
  }

  /** Wraps a handler, and records its requests. */
  watch(handler: ServiceHandler): ServiceHandler {
    return (request, context) => this.#pass({ handler, request, ...context });
  }

  /**
   * Replays a request in the name of its device.
   *
   * @returns The new exchange, once the answer's head has arrived or the request has failed; the rest
   * follows.
   * @throws {LighthouseError} `bad-request` if the id is unknown, or the body was not recorded in full.
   */
  async replay(id: number, handler: ServiceHandler, signal: AbortSignal): Promise<Exchange> {
    const seen = this.#all.get(id);
    if (!seen) throw new LighthouseError("bad-request", `No request ${id} is remembered`);
    const { principal, method, target, headers, requestBody, socket } = seen;
    if (socket) throw new LighthouseError("bad-request", "A WebSocket cannot be repeated");
    if (requestBody && requestBody.kept?.length !== requestBody.bytes) {
      throw new LighthouseError(
        "bad-request",
        "The request's body was not kept whole, so it cannot be repeated. " +
          `Keep bodies (up to ${MAX_BODY / 1024} KiB each), and have the page send it again`,
      );
    }
    const body = requestBody && new Blob([requestBody.kept as Uint8Array<ArrayBuffer>]).stream();
    const request = { method, target, headers, body };
    let made: Exchange | undefined;
    try {
      const answer = await this.#pass({
        handler,
        request,
        signal,
        principal,
        replayOf: id,
        onStart: (exchange) => made = exchange,
      });
      // Read the body to its end, so that it is recorded.
      answer.body?.pipeTo(new WritableStream(), { signal }).catch(() => {});
    } catch (error) {
      // The exchange records the error itself.
      if (!made?.failure) throw error;
    }
    return made!;
  }

  /** Records a WebSocket that a page opens. */
  watchSocket(
    request: Pick<HttpRequest, "method" | "target" | "headers">,
    principal: Principal,
  ): SocketWatcher {
    const socket = new SeenSocket();
    const { exchange, started, changed } = this.#begin({ request, principal, socket });
    let timer: ReturnType<typeof setTimeout> | undefined;
    const end = (failure?: string) => {
      clearTimeout(timer);
      exchange.endAfter ??= performance.now() - started;
      exchange.failure ??= failure;
      changed();
    };
    changed();
    return {
      answered: (status, headers) => {
        exchange.answer = { status, statusText: "", headers, body: null };
        exchange.headAfter = performance.now() - started;
        this.#grow(exchange.id, lengthOf(headers));
        if (status === 101) changed();
        else end();
      },
      message: (message) => {
        this.#grow(exchange.id, socket.add(message, this.keepsBodies));
        timer ??= setTimeout(() => {
          timer = undefined;
          changed();
        }, NEWS_MS).unref();
      },
      closed: (code, reason) => {
        socket.close = { code, reason };
        end();
      },
      failed: (error) => end(codeOf(error, false)),
    };
  }

  /** Records what has begun. */
  #begin(
    { request: { method, target, headers }, principal, replayOf, requestBody = null, socket }: {
      request: Pick<HttpRequest, "method" | "target" | "headers">;
      principal: Principal;
      replayOf?: number;
      requestBody?: SeenBody | null;
      socket?: SeenSocket;
    },
  ) {
    const exchange: Exchange = {
      id: ++this.#count,
      time: Date.now(),
      principal,
      method,
      target,
      headers,
      replayOf,
      requestBody,
      socket,
    };
    this.#all.set(exchange.id, exchange);
    this.#grow(exchange.id, target.length + lengthOf(headers));
    const changed = () => this.dispatchEvent(new ExchangeEvent(exchange));
    return { exchange, started: performance.now(), changed };
  }

  async #pass(
    { handler, request, signal, principal, replayOf, onStart }: {
      handler: ServiceHandler;
      request: Parameters<ServiceHandler>[0];
      signal: AbortSignal;
      principal: Principal;
      replayOf?: number;
      onStart?: (exchange: Exchange) => void;
    },
  ): ReturnType<ServiceHandler> {
    const { body } = request;
    const requestBody = body && this.#newBody();
    const { exchange, started, changed } = this.#begin({
      request,
      principal,
      replayOf,
      requestBody,
    });
    const grow = (bytes: number) => this.#grow(exchange.id, bytes);
    const end = (error?: unknown) => {
      if (exchange.endAfter !== undefined) return;
      exchange.endAfter = performance.now() - started;
      if (error !== undefined) exchange.failure = codeOf(error, signal.aborted);
      changed();
    };
    onStart?.(exchange);
    changed();
    try {
      const watched = body && watch(body, exchange.requestBody!, grow);
      const answer = await handler({ ...request, body: watched }, { signal, principal });
      const { status, statusText } = answer;
      const seen = answer.body && this.#newBody();
      exchange.answer = { status, statusText, headers: answer.headers, body: seen };
      grow(lengthOf(answer.headers));
      exchange.headAfter = performance.now() - started;
      if (!answer.body) end();
      else changed();
      return { ...answer, body: answer.body && watch(answer.body, seen!, grow, end) };
    } catch (error) {
      end(error);
      throw error;
    }
  }

  #grow(id: number, bytes: number): void {
    if (!this.#all.has(id)) return;
    this.#sizes.set(id, (this.#sizes.get(id) ?? 0) + bytes);
    this.#size += bytes;
    for (const [oldest] of this.#all) {
      if (this.#all.size <= MAX_EXCHANGES && this.#size <= MAX_BYTES) break;
      this.#all.delete(oldest);
      this.#size -= this.#sizes.get(oldest)!;
      this.#sizes.delete(oldest);
    }
  }

  #newBody(): SeenBody {
    return this.keepsBodies ? { bytes: 0, kept: new Uint8Array() } : { bytes: 0 };
  }
}

/** An exchange has begun, gone on or ended. */
export class ExchangeEvent extends Event {
  readonly exchange: Exchange;

  constructor(exchange: Exchange) {
    super("exchange");
    this.exchange = exchange;
  }
}

/** Passes a stream on, counts its bytes, and records the first of them. */
function watch(
  body: ReadableStream<Uint8Array>,
  seen: SeenBody,
  onKept: (bytes: number) => void,
  onEnd: (error?: unknown) => void = () => {},
): ReadableStream<Uint8Array> {
  const reader = body.getReader();
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) {
          onEnd();
          return controller.close();
        }
        onKept(keep(seen, value));
        controller.enqueue(value);
      } catch (error) {
        onEnd(error);
        throw error;
      }
    },
    async cancel(reason) {
      onEnd(reason ?? new LighthouseError("aborted", "Nobody wants the rest"));
      await reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}

/** Records a copy: the sender uses its buffer again. @returns The bytes that are kept of it. */
function keep(seen: SeenBody, chunk: Uint8Array): number {
  seen.bytes += chunk.length;
  const { kept } = seen;
  if (!kept || kept.length === MAX_BODY) return 0;
  const more = new Uint8Array(Math.min(MAX_BODY, kept.length + chunk.length));
  more.set(kept);
  more.set(chunk.subarray(0, more.length - kept.length), kept.length);
  seen.kept = more;
  return more.length - kept.length;
}

function lengthOf(headers: HeaderField[]): number {
  return headers.reduce((sum, [name, value]) => sum + name.length + value.length, 0);
}

function codeOf(error: unknown, isAborted: boolean): string {
  if (isAborted) return "aborted";
  return LighthouseError.from(error, "backend-failed").code;
}
