// HTTP over a stream: the heads are JSON, and the bodies are the stream's bytes.
import { LighthouseError } from "../error.ts";
import { asRecord, asString, parseJson } from "../parse.ts";
import { MAX_HEAD } from "../session/head.ts";
import type { Stream } from "../session/stream.ts";

/** One field line. Lists of them keep order and duplicates (`Set-Cookie`). */
export type HeaderField = [name: string, value: string];

/** A request in transit. */
export interface HttpRequest {
  /** A token (RFC 9110 §9.1), in its own case. */
  method: string;
  /** Origin form (RFC 9112 §3.2.1): a path from the root, with its query. */
  target: string;
  headers: HeaderField[];
  body: ReadableStream<Uint8Array> | null;
}

/** A response in transit. */
export interface HttpResponse {
  /** 200 to 599. */
  status: number;
  statusText: string;
  headers: HeaderField[];
  body: ReadableStream<Uint8Array> | null;
}

/**
 * Answers a request. Its error, or that of its response's body, resets the stream: a LighthouseError
 * with its own code, any other as `backend-failed`.
 */
export type HttpHandler = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

/**
 * Takes over the stream of a request to change to WebSocket (websocket.ts), and answers it. Its error
 * resets the stream.
 */
export type UpgradeHandler = (request: Omit<HttpRequest, "body">, stream: Stream) => Promise<void>;

/** RFC 9110 §5.6.2. */
export const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Octets (RFC 9110 §5.5), as `Headers` and `Response` want them: they throw at anything above. */
const VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
// deno-lint-ignore no-control-regex -- control characters are what it refuses
const TARGET = /^\/[^\x00-\x20\x7f\\#]*$/;
/** Most field lines of a head, and most characters of a field's name. */
export const MAX_FIELDS = 256;
const MAX_NAME = 256;

/** The part of a stream that a request or a WebSocket needs. */
export type OpenStream = Pick<
  Stream,
  "head" | "readable" | "writable" | "end" | "closed" | "reset"
>;

/** The part of a session that they need. */
export interface StreamOpener {
  open(head: Uint8Array): OpenStream;
}

/**
 * Sends a request over the session. Resolves when the response's head is there; its body streams.
 *
 * @param signal Resets the stream when aborted: the promise or the body then fails with its reason.
 * @throws {LighthouseError} The reason of the stream's end; `too-large` when the head exceeds 60 KiB.
 */
export async function sendRequest(
  session: StreamOpener,
  request: HttpRequest,
  signal?: AbortSignal,
): Promise<HttpResponse> {
  signal?.throwIfAborted();
  const { method, target, headers, body } = request;
  const stream = session.open(encodeHead({ method, target, headers, body: body !== null }));

  const abort = () => {
    stream.reset(new LighthouseError("aborted", "The page aborted the request"), signal?.reason);
  };
  signal?.addEventListener("abort", abort);
  stream.closed.then(() => signal?.removeEventListener("abort", abort));

  if (!body) stream.end();
  body?.pipeTo(stream.writable).catch((error) => {
    // The host may answer without reading all of the body.
    if (isStop(error)) return;
    // A failing body has reset the stream by the pipe; a body that is locked or holds no bytes has not.
    stream.reset(LighthouseError.from(error, "aborted"));
  });
  try {
    const { body: hasBody, ...head } = parseResponseHead(await stream.head);
    return { ...head, body: hasBody ? stream.readable : null };
  } catch (error) {
    stream.reset(LighthouseError.from(error, "bad-frame"));
    throw error;
  }
}

/**
 * Answers the request that arrives on a stream: the `onStream` of a host's session.
 *
 * @param onUpgrade Without it, a request to change to another protocol is answered as any other, as a
 * server may (RFC 9110 §7.8).
 */
export async function serveRequest(
  stream: Stream,
  handler: HttpHandler,
  onUpgrade?: UpgradeHandler,
): Promise<void> {
  let response: HttpResponse | undefined;
  try {
    const { body, upgrade, ...head } = parseRequestHead(await stream.head);
    if (upgrade && onUpgrade) return await onUpgrade(head, stream);
    response = await handler({ ...head, body: body ? stream.readable : null }, stream.signal);
    stream.signal.throwIfAborted();
    const { status, statusText, headers } = response;
    stream.sendHead(encodeHead({ status, statusText, headers, body: response.body !== null }));
    const sent = response.body ? stream.send(response.body) : stream.end();
    // Drops the part of the request that the handler left unread, or the page's upload would hang.
    stream.ignore();
    await sent;
  } catch (error) {
    // A STOP is answered with END, which the stream sends; a RESET would say that the answer failed.
    if (!isStop(error)) stream.reset(LighthouseError.from(error, "backend-failed"));
    // A body that was not sent is still open, and its source too.
    if (response?.body?.locked === false) await response.body.cancel(error).catch(() => {});
  }
}

/** Whether a body was not sent because the other end wants no more of it (docs/wire.md, "STOP"). */
function isStop(error: unknown): boolean {
  return error instanceof LighthouseError && error.code === "stopped";
}

/** A head's JSON: the members of the request or response, and whether a body follows. */
type Head<T> = Omit<T, "body"> & { body: boolean };

/** A request's head, which may ask to change to another protocol. */
type RequestHead = Head<HttpRequest> & { upgrade?: "websocket" };

/** Encodes a head. @throws {LighthouseError} `too-large`. */
export function encodeHead(head: RequestHead | Head<HttpResponse>): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(JSON.stringify(head));
  if (bytes.length > MAX_HEAD) {
    throw new LighthouseError(
      "too-large",
      `Cannot send the head: ${bytes.length} bytes are more than ${MAX_HEAD}`,
    );
  }
  return bytes;
}

/** @throws {LighthouseError} `bad-request` with the path of the wrong value. */
export function parseRequestHead(bytes: Uint8Array): RequestHead {
  try {
    const head = asRecord(parseJson(new TextDecoder().decode(bytes)), "the request");
    return {
      ...(head.upgrade === "websocket" && { upgrade: "websocket" }),
      method: matching(head.method, "method", TOKEN, 32),
      target: matching(head.target, "target", TARGET, 32 * 1024),
      headers: parseHeaders(head.headers),
      body: head.body === true,
    };
  } catch (error) {
    throw LighthouseError.from(error, "bad-request");
  }
}

/**
 * @param least The lowest status accepted: 101 where the request asked for another protocol.
 * @throws {LighthouseError} `bad-frame` with the path of the wrong value.
 */
export function parseResponseHead(bytes: Uint8Array, least: 101 | 200 = 200): Head<HttpResponse> {
  try {
    const head = asRecord(parseJson(new TextDecoder().decode(bytes)), "the response");
    const { status, statusText } = head;
    if (!Number.isInteger(status) || (status as number) < least || (status as number) > 599) {
      throw new TypeError(`Cannot parse status: expected ${least} to 599`);
    }
    return {
      status: status as number,
      statusText: typeof statusText === "string" && VALUE.test(statusText) ? statusText : "",
      headers: parseHeaders(head.headers),
      body: head.body === true,
    };
  } catch (error) {
    throw LighthouseError.from(error, "bad-frame");
  }
}

function parseHeaders(value: unknown): HeaderField[] {
  if (!Array.isArray(value) || value.length > MAX_FIELDS) {
    throw new TypeError(`Cannot parse headers: expected an array of at most ${MAX_FIELDS} fields`);
  }
  return value.map((field, index) => isField(field) ? field : refuseField(field, index));
}

function isField(field: unknown): field is HeaderField {
  if (!Array.isArray(field) || field.length !== 2) return false;
  const [name, value] = field;
  return typeof name === "string" && name.length <= MAX_NAME && TOKEN.test(name) &&
    typeof value === "string" && VALUE.test(value);
}

/** @throws {TypeError} Why a field is none. */
function refuseField(field: unknown, index: number): never {
  const path = `headers[${index}]`;
  if (!Array.isArray(field) || field.length !== 2 || typeof field[1] !== "string") {
    throw new TypeError(`Cannot parse ${path}: expected a name and a value`);
  }
  matching(field[0], `${path}[0]`, TOKEN, MAX_NAME);
  throw new TypeError(`Cannot parse ${path}[1]: it has characters that HTTP does not allow`);
}

function matching(value: unknown, path: string, pattern: RegExp, max: number): string {
  const text = asString(value, path, max);
  if (!pattern.test(text)) {
    throw new TypeError(`Cannot parse ${path}: it has characters that HTTP does not allow`);
  }
  return text;
}
