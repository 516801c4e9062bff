// Makes a Response of what came through the tunnel.
import type { HttpResponse } from "../../wire/mod.ts";

/** Statuses that allow no body (https://fetch.spec.whatwg.org/#null-body-status). */
const BODYLESS = new Set([204, 205, 304]);

/** The Response of the page's `fetch`. */
export function toResponse({ status, statusText, headers: fields, body }: HttpResponse): Response {
  const headers = new Headers(fields);
  if (body && BODYLESS.has(status)) {
    body.cancel().catch(() => {});
    body = null;
  }
  return new Response(decoded(body, headers), { status, statusText, headers });
}

/** Undoes the content coding, which the browser does not for a Response made by a script. */
function decoded(
  body: ReadableStream<Uint8Array> | null,
  headers: Headers,
): ReadableStream<Uint8Array> | null {
  const coding = headers.get("content-encoding")?.trim().toLowerCase();
  if (!body || (coding !== "gzip" && coding !== "deflate")) return body;
  headers.delete("content-encoding");
  headers.delete("content-length");
  return body.pipeThrough(
    new DecompressionStream(coding) as ReadableWritablePair<Uint8Array, Uint8Array>,
  );
}
