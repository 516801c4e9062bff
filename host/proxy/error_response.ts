// Answers of the host itself, where no backend has one.
import { STATUS_CODES } from "node:http";
import type { ErrorCode, HeaderField, HttpResponse } from "../../wire/mod.ts";

/**
 * An answer that says in JSON what went wrong: `{"error":{"code","message"}}`.
 *
 * @param code One of docs/errors.md.
 * @param message The cause, and the cure where there is one, for people.
 * @param headers Fields besides those of the body.
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
