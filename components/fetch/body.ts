// The body of a request: its bytes, and how many there are. Many backends read only as many bytes as
// Content-Length says (RFC 3875 §4.1.2), so the size goes ahead of the bytes wherever it is known.
import { isReading } from "./client_headers.ts";

/** A body as it is sent this time. */
export interface RequestBody {
  bytes: ReadableStream<Uint8Array> | null;
  /** In bytes. Undefined if only the stream's end tells, and for null. */
  size?: number;
}

/** Where the bytes of a body come from: all but a stream can be read again. */
export type BodySource =
  | ReadableStream<Uint8Array>
  | Blob
  | Uint8Array<ArrayBuffer>
  | (() => Promise<Blob>)
  | null;

const encoder = new TextEncoder();

/**
 * Opens a body.
 *
 * @param source If it is a stream, it can be opened once.
 */
export async function openBody(source: BodySource): Promise<RequestBody> {
  if (source instanceof ReadableStream || source === null) return { bytes: source };
  const content = source instanceof Function ? await source() : source;
  const size = content instanceof Blob ? content.size : content.length;
  // A Response gives bytes at once. In Chromium, a Blob of them costs a millisecond.
  return { bytes: size > 0 ? new Response(content).body : null, size };
}

/**
 * The content of a body, if it is of a kind that is read here: the others are objects that a Request makes
 * texts of, and bodies that another window's script has made. Bytes are copied, since the page may change
 * them.
 */
export function contentOf(body: BodyInit): Blob | Uint8Array<ArrayBuffer> | undefined {
  if (body instanceof Blob) return body;
  if (body instanceof ArrayBuffer) return new Uint8Array(body.slice());
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice();
  }
  const isText = typeof body === "string" || body instanceof URLSearchParams;
  return isText ? encoder.encode(String(body)) : undefined;
}

/**
 * Takes over the body of a Request, which does not tell its size: as a Blob, which copies no files in
 * Chromium. A stream, which may have no end, stays one.
 */
export function takeBody(request: Request): BodySource {
  // Firefox does not have `body`.
  if (isReading(request.method) || request.body === null) return null;
  let taker: Request;
  try {
    // A Request that was made of a stream refuses this (https://fetch.spec.whatwg.org/#dom-request), and
    // stays as it is.
    taker = new Request(request, { method: "POST", mode: "no-cors" });
  } catch {
    return request.body;
  }
  let blob: Promise<Blob> | undefined;
  return () => blob ??= unlessAborted(taker.blob(), taker.signal);
}

/** Rejects with the signal's reason as soon as it is aborted. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason));
    work.then(resolve, reject);
  });
}
