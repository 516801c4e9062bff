// Development part: what the sample backend's routes are made of.
import type { IncomingMessage, ServerResponse } from "node:http";

/** Answers one request. What it throws, or rejects with, becomes a 500. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/** An answer other than success, thrown from within a route. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, message: string) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

/** @throws {Refusal} 400 when the URL is malformed. */
export function urlOf(request: IncomingMessage): URL {
  const url = URL.parse(`http://127.0.0.1${request.url}`);
  if (!url) throw new Refusal(400, "bad_url", "Cannot read the request's URL: it is malformed");
  return url;
}

/** Answers with JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    "Content-Type": "application/json; charset=utf-8",
    "Content-Length": bytes.length,
  });
  response.end(bytes);
}

/** @throws {Refusal} 413 when there are more than `most` bytes. */
export async function readBody(request: IncomingMessage, most: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  // Left undestroyed, so that the refusal still reaches the sender.
  for await (const chunk of request.iterator({ destroyOnReturn: false })) {
    bytes += chunk.length;
    if (bytes > most) {
      throw new Refusal(413, "too_large", `Cannot take the body: send at most ${most} bytes`);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** A whole number from the query. @throws {Refusal} 400 when it is none, or out of bounds. */
export function numberOf(
  request: IncomingMessage,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const text = urlOf(request).searchParams.get(name);
  if (text === null) return otherwise;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new Refusal(
    400,
    "bad_query",
    `Cannot use ${name}=${text}: give a whole number from ${least} to ${most}`,
  );
}
