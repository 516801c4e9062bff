// Keeps a page's EventSource alive over the moments in which there is no backend. A browser makes an
// EventSource reconnect only after a stream that has ended cleanly; anything else ends it for good.
import { EventStreamReader } from "./event_stream_reader.ts";
import type { PageRequest } from "./page_request.ts";

/** The reconnection time of the worker's own streams, in milliseconds. */
const RETRY_MS = 2000;
/**
 * Time in which a reconnect that is due arrives, in milliseconds. What comes later is a new EventSource,
 * which has no last event.
 */
const LATE_MS = 15_000;
/** Most ended streams that are remembered. */
const MAX_ENDED = 256;

/** Statuses of gateways without a backend. */
const MOMENTARY = new Set([502, 503, 504]);

/** Whether an EventSource asks, or a script that asks in the same way. */
export function isEventSource({ method, headers, mode, cache }: PageRequest): boolean {
  return method === "GET" && mode === "cors" && cache === "no-store" &&
    headers.get("accept") === "text/event-stream";
}

/** What outlives a stream. */
interface Ended {
  /** As {@linkcode EventStreamReader} has it. */
  lastId: string;
  retry: number;
}

/** A page's EventSource, by its page and URL, that is to reconnect. */
interface Expected extends Ended {
  key: string;
  /** When it does so at the earliest, and at the latest. */
  from: number;
  until: number;
}

/** Options of {@linkcode EventSources}. */
export interface EventSourcesOptions {
  /** The time in milliseconds. @default performance.now */
  now?: () => number;
}

/**
 * Answers EventSources, and remembers the last events of streams that have ended: Chromium does not show
 * a worker the Last-Event-ID that it sends.
 */
export class EventSources {
  readonly #now: () => number;
  #expected: Expected[] = [];

  constructor({ now = () => performance.now() }: EventSourcesOptions = {}) {
    this.#now = now;
  }

  /**
   * Answers an EventSource.
   *
   * @param client The id of the page that asks.
   * @param ask Asks the backend, with further headers. Never rejects.
   */
  async answer(
    request: PageRequest,
    client: string,
    ask: (more: Record<string, string>) => Promise<Response>,
  ): Promise<Response> {
    const key = `${client} ${request.url}`;
    const before = this.#take(key);
    before.lastId = request.headers.get("last-event-id") ?? before.lastId;
    const { lastId } = before;
    const response = await ask(lastId === "" ? {} : { "last-event-id": lastId });
    if (response.type === "error" || MOMENTARY.has(response.status)) {
      response.body?.cancel().catch(() => {});
      this.#expect(key, { lastId, retry: RETRY_MS });
      return emptyStream();
    }
    const { status, statusText, headers, body } = response;
    if (status !== 200 || !isEventStream(headers)) return response;
    const source = body ?? new Blob().stream();
    const events = endingCleanly(source, before, (ended) => this.#expect(key, ended));
    return new Response(events, { status, statusText, headers });
  }

  #take(key: string): Ended {
    const now = this.#now();
    this.#expected = this.#expected.filter(({ until }) => until > now);
    const index = this.#expected.findIndex((each) => each.key === key && each.from <= now);
    const [expected] = index < 0 ? [] : this.#expected.splice(index, 1);
    return expected ?? { lastId: "", retry: RETRY_MS };
  }

  #expect(key: string, { lastId, retry }: Ended): void {
    const from = this.#now() + retry;
    this.#expected.push({ key, lastId, retry, from, until: from + LATE_MS });
    if (this.#expected.length > MAX_ENDED) this.#expected.shift();
  }
}

function emptyStream(): Response {
  return new Response(`retry: ${RETRY_MS}\n\n`, {
    headers: { "content-type": "text/event-stream", "cache-control": "no-store" },
  });
}

function isEventStream(headers: Headers): boolean {
  return /^text\/event-stream\s*(;|$)/i.test(headers.get("content-type") ?? "");
}

/**
 * The stream, which ends where the source breaks off: browsers drop an event that is not whole.
 *
 * @param onEnd Called when the stream ends, and not when the page closes it.
 */
function endingCleanly(
  source: ReadableStream<Uint8Array>,
  before: Ended,
  onEnd: (ended: Ended) => void,
): ReadableStream<Uint8Array> {
  const reader = source.getReader();
  const events = new EventStreamReader(before);
  let isClosed = false;
  return new ReadableStream({
    async pull(controller) {
      const { value } = await reader.read().catch(() => ({ value: undefined }));
      if (isClosed) return;
      if (!value) {
        onEnd(events);
        return controller.close();
      }
      events.push(value);
      controller.enqueue(value);
    },
    cancel(reason) {
      isClosed = true;
      return reader.cancel(reason);
    },
  }, { highWaterMark: 0 });
}
