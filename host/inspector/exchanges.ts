// Records the last requests of pages and their answers for the inspector, while they pass.
import { type HeaderField, LighthouseError } from "../../wire/mod.ts";
import type { Principal } from "../access/principal.ts";
import type { ServiceHandler } from "../proxy/service.ts";

/** Most recorded requests; the oldest are dropped. */
export const MAX_EXCHANGES = 200;

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
}

/** The last exchanges, the newest last. Dispatches {@linkcode ExchangeEvent}s. */
export class Exchanges extends EventTarget {
  /** Whether the first 64 KiB of each body are recorded. @default false */
  keepsBodies = false;
  readonly #all = new Map<number, Exchange>();
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
    const { principal, method, target, headers, requestBody } = seen;
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
    const { method, target, headers, body } = request;
    const exchange: Exchange = {
      id: ++this.#count,
      time: Date.now(),
      principal,
      method,
      target,
      headers,
      replayOf,
      requestBody: body && this.#newBody(),
    };
    const started = performance.now();
    this.#all.set(exchange.id, exchange);
    if (this.#all.size > MAX_EXCHANGES) this.#all.delete(this.#all.keys().next().value!);
    const changed = () => this.dispatchEvent(new ExchangeEvent(exchange));
    const end = (error?: unknown) => {
      if (exchange.endAfter !== undefined) return;
      exchange.endAfter = performance.now() - started;
      if (error !== undefined) exchange.failure = codeOf(error, signal);
      changed();
    };
    onStart?.(exchange);
    changed();
    try {
      const watched = body && watch(body, exchange.requestBody!);
      const answer = await handler({ ...request, body: watched }, { signal, principal });
      const { status, statusText } = answer;
      const seen = answer.body && this.#newBody();
      exchange.answer = { status, statusText, headers: answer.headers, body: seen };
      exchange.headAfter = performance.now() - started;
      if (!answer.body) end();
      else changed();
      return { ...answer, body: answer.body && watch(answer.body, seen!, end) };
    } catch (error) {
      end(error);
      throw error;
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
        keep(seen, value);
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

/** Records a copy: the sender uses its buffer again. */
function keep(seen: SeenBody, chunk: Uint8Array): void {
  seen.bytes += chunk.length;
  const { kept } = seen;
  if (!kept || kept.length === MAX_BODY) return;
  const more = new Uint8Array(Math.min(MAX_BODY, kept.length + chunk.length));
  more.set(kept);
  more.set(chunk.subarray(0, more.length - kept.length), kept.length);
  seen.kept = more;
}

function codeOf(error: unknown, signal: AbortSignal): string {
  if (signal.aborted) return "aborted";
  return LighthouseError.from(error, "backend-failed").code;
}
