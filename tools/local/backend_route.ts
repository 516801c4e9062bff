// Development part: helpers of the sample backend's routes.
import type { RequestHandler } from "express";
import type { IncomingMessage, ServerResponse } from "node:http";
import { Refusal } from "./refusal.ts";

/** Answers one request. An error or rejection becomes a 500. */
export type Route = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>;

/**
 * Ends a route: answers 405 to each method without a handler.
 *
 * @param methods The methods with a handler, as in `Allow`: `"GET, HEAD"`.
 */
export function allowOnly(methods: string): RequestHandler {
  return (request, response) => {
    response.set("Allow", methods);
    const message = `Cannot ${request.method} ${request.path}: use one of ${methods}`;
    throw new Refusal(405, "method_not_allowed", message);
  };
}

/** Reads a whole number from the query. @throws {Refusal} 400, if it is not one, or out of bounds. */
export function numberOf(
  request: IncomingMessage,
  name: string,
  { least, most, otherwise }: { least: number; most: number; otherwise: number },
): number {
  const text = new URLSearchParams(request.url?.split("?", 2)[1]).get(name);
  if (text === null) return otherwise;
  const value = /^\d{1,15}$/.test(text) ? Number(text) : NaN;
  if (value >= least && value <= most) return value;
  throw new Refusal(
    400,
    "bad_query",
    `Cannot use ${name}=${text}: give a whole number from ${least} to ${most}`,
  );
}
