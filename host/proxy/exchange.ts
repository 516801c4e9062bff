// One HTTP exchange over node:http: bodies as streams both ways, untouched; a limit for each wait;
// and an end on both sides as soon as one of them breaks off.
import {
  type Agent,
  type ClientRequest,
  type IncomingMessage,
  request as requestHttp,
} from "node:http";
import { request as requestHttps } from "node:https";
import type { Socket } from "node:net";
import {
  type HeaderField,
  type HttpResponse,
  LighthouseError,
  MAX_FIELDS,
} from "../../wire/mod.ts";

/** How long a backend may keep the host waiting, in milliseconds. */
export interface Timeouts {
  /** Until it accepts a connection. @default 5_000 */
  connect: number;
  /** Until the head of its answer, or the next part of the request's body. @default 300_000 */
  head: number;
}

const TIMEOUTS: Timeouts = { connect: 5_000, head: 300_000 };

/** A request for a backend. */
export interface BackendRequest {
  url: URL;
  method: string;
  /** All fields but those that say where the body ends. */
  headers: HeaderField[];
  body: ReadableStream<Uint8Array> | null;
  /** How many bytes the body must have; undefined where nobody has said. */
  length: number | undefined;
}

/** Bytes of an answer that are taken from the backend ahead of their reader. */
const READ_AHEAD = 64 * 1024;

/** Methods that change nothing at the backend (RFC 9110 §9.2.1), but TRACE. */
export const SAFE = new Set(["GET", "HEAD", "OPTIONS"]);

/** What a connection that cannot be had fails with. */
export const UNREACHABLE = new Set([
  "EAI_AGAIN",
  "ECONNREFUSED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
]);

/** Options of {@linkcode Exchange}. */
export interface ExchangeOptions {
  agent: Agent;
  /** Aborts it, its answer's body included. */
  signal: AbortSignal;
  /** Times to change in tests. */
  patience?: Partial<Timeouts>;
}

/** A request on its way, and its answer. */
export class Exchange {
  /**
   * Resolves when the head of the answer is there; its body streams. Rejects with a LighthouseError:
   * `backend-unreachable`, `backend-timeout`, `backend-failed`, `bad-request` or `aborted`.
   */
  readonly answer: Promise<HttpResponse>;
  /** Resolves when it is over, both bodies included. */
  readonly ended: Promise<void>;
  /** Whether the connection had been kept from an earlier exchange, and turned out to be closed. */
  foundClosed = false;
  #answered = false;
  readonly #origin: string;
  readonly #outgoing: ClientRequest;
  readonly #patience: Timeouts;
  /** Why this end broke it off. */
  #reason: LighthouseError | undefined;
  #timer: NodeJS.Timeout | undefined;

  /**
   * Sends a request.
   *
   * @throws {LighthouseError} `bad-request` when HTTP does not allow it, `aborted` when it is already.
   */
  constructor(request: BackendRequest, { agent, signal, patience }: ExchangeOptions) {
    if (signal.aborted) throw LighthouseError.from(signal.reason, "aborted");
    this.#origin = request.url.origin;
    this.#patience = { ...TIMEOUTS, ...patience };
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
      // What fails after the answer's head, the answer's body fails with.
      .on("error", (error: NodeJS.ErrnoException) => {
        this.foundClosed = !this.#reason && this.#outgoing.reusedSocket &&
          (error.code === "ECONNRESET" || error.code === "EPIPE");
        reject(this.#failure(error));
      })
      .on("close", () => {
        clearTimeout(this.#timer);
        signal.removeEventListener("abort", abort);
        // A 101 that nobody asked for ends in no error.
        if (!this.#answered) reject(failed("it closed the connection"));
        ended.resolve();
      });
    this.#waitForHead();
    void this.#send(request);
  }

  #watchConnection(connecting: boolean): void {
    if (!connecting) return;
    const { connect } = this.#patience;
    this.#wait(connect, () => unreachable(this.#origin));
    this.#outgoing.socket!.once("connect", () => this.#waitForHead());
  }

  #waitForHead(): void {
    const { head } = this.#patience;
    this.#wait(head, () => tooSlow(this.#origin, head));
  }

  #wait(ms: number, reason: () => LighthouseError): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.stop(reason()), ms);
  }

  /** Breaks it off: the answer, or its body, fails with the reason. */
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
    const writes = new Gathering(outgoing);
    try {
      let left = length;
      if (body) {
        // The head does not wait for the body.
        outgoing.flushHeaders();
        const reader = body.getReader();
        outgoing.on("close", () => reader.cancel().catch(() => {}));
        for (;;) {
          const { done, value } = await reader.read();
          if (outgoing.destroyed) return;
          if (done) break;
          left -= value.length;
          // Not a byte more than its length says: the backend would take it for another request.
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
    // A backend that has said all it has to say wants no more of the request.
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
   * The answer's body. It may be silent for as long as somebody listens. By events, since what the
   * backend sent together then comes together, its end included, and leaves in one message.
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
          // It still comes where the whole answer was here already.
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

/** @throws {LighthouseError} `bad-request` for what Node does not let out. */
function open({ url, method, headers, body, length }: BackendRequest, agent: Agent): ClientRequest {
  // Where the body ends is said here alone, and always: Node would send some methods' without a word.
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

/** A chunk of so many bytes is followed by others soon; and the time that it waits for them, in ms. */
const BULK = 16 * 1024;
const GATHER_MS = 3;

/** Lets what is written within a moment leave by one call of the system: each costs what 16 KiB do. */
class Gathering {
  readonly #outgoing: ClientRequest;
  #corked: Socket | undefined;

  constructor(outgoing: ClientRequest) {
    this.#outgoing = outgoing;
  }

  /** @returns whether there is room for more. */
  write(chunk: Uint8Array): boolean {
    const { socket } = this.#outgoing;
    if (socket && !this.#corked) {
      this.#corked = socket;
      socket.cork();
      const release = () => this.release();
      if (chunk.length < BULK) setImmediate(release);
      else setTimeout(release, GATHER_MS);
    }
    const hasRoom = this.#outgoing.write(chunk);
    if (!hasRoom) this.release();
    return hasRoom;
  }

  /** Lets go what waits. */
  release(): void {
    this.#corked?.uncork();
    this.#corked = undefined;
  }
}

/** Resolves when there is room for more, or nobody left who would take it. */
function roomIn(outgoing: ClientRequest): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      outgoing.off("drain", done).off("close", done);
      resolve();
    };
    outgoing.on("drain", done).on("close", done);
  });
}

/** RFC 9110 §6.4.1. */
function isBodyless(method: string, status: number): boolean {
  return method === "HEAD" || status === 204 || status === 205 || status === 304;
}

/** What a backend that cannot be had is said to be. */
export function unreachable(origin: string, cause?: unknown): LighthouseError {
  const message = `The backend ${origin} does not answer: is it running?`;
  return new LighthouseError("backend-unreachable", message, { cause });
}

function tooSlow(origin: string, ms: number): LighthouseError {
  const message = `The backend ${origin} has not answered for ${ms / 1000} s`;
  return new LighthouseError("backend-timeout", message);
}

/** What a backend that broke off is said to have done. */
export function failed(why: string, cause?: unknown): LighthouseError {
  return new LighthouseError("backend-failed", `The backend failed: ${why}`, { cause });
}
