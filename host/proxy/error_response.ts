// The host's own error answers, for requests that no backend has answered.
import { STATUS_CODES } from "node:http";
import type { ErrorCode, HeaderField, HttpResponse } from "../../wire/mod.ts";

/**
 * An error answer with a JSON body: `{"error":{"code","message"}}`.
 *
 * @param code One of docs/errors.md.
 * @param message Cause and cure, for people.
 * @param headers Headers besides those of the body.
 */
export function errorResponse(
  status: number,
  code: ErrorCode,
  message: string,
  headers: HeaderField[] = [],
): HttpResponse {
  const body = new TextEncoder().encode(`${JSON.stringify({ error: { code, message } })}\n`);
  return {
    status,
    statusText: STATUS_CODES[status] ?? "",
    headers: [
      ...headers,
      ["content-type", "application/json"],
      ["content-length", String(body.length)],
    ],
    body: new Blob([body]).stream(),
  };
}
