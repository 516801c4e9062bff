// The relay's core: who may send what to whom. A pure function of the event, the environment and
// `post`; it keeps nothing between calls and runs wherever web standards do.
import { ME, parseSendSignal } from "../wire/envelope.ts";
import { type ErrorCode, LighthouseError } from "../wire/error.ts";
import type { GatewayEvent } from "./event.ts";

/** What the relay knows besides the event. */
export interface RelayEnvironment {
  /** The host's connectionId; `init` before it first registers. */
  laptopId: string;
  /** Origins whose pages may connect, such as `https://you.github.io`. */
  allowedOrigins: readonly string[];
}

/** How a post to a connection went. `gone` is a connection that is closed or never was. */
export type Delivery = "delivered" | "gone" | "too-large" | "failed";

/** Posts text to a connection. Never rejects. */
export type Post = (connectionId: string, text: string) => Promise<Delivery>;

/** What API Gateway is told: 403 refuses a connection; a message is always taken. */
export interface RelayResult {
  statusCode: 200 | 400 | 403;
}

/** `LAPTOP_ID` before the first registration. */
export const NOBODY = "init";

/**
 * Handles one event. A message that cannot be forwarded is answered to its sender with
 * `{"error":{"code":…,"message":…}}`; never with an exception, which API Gateway would turn into a
 * bare "Internal server error".
 *
 * - Without `to`, a message goes to the host.
 * - With `to: "me"`, it goes back to its sender, who learns its connectionId from `from`.
 * - Any other `to` is the host's alone to use.
 */
export async function relay(
  event: GatewayEvent,
  environment: RelayEnvironment,
  post: Post,
): Promise<RelayResult> {
  switch (event.kind) {
    case "connect":
      return { statusCode: isAllowed(event.origin, environment.allowedOrigins) ? 200 : 403 };
    case "disconnect":
      return { statusCode: 200 };
    case "message": {
      const failure = await forward(event, environment.laptopId, post);
      // A sender that is gone needs no answer.
      if (failure) await post(event.connectionId, JSON.stringify({ error: failure }));
      return { statusCode: 200 };
    }
  }
}

/** Programs send no Origin: this keeps out other sites' pages, and nothing else relies on it. */
function isAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  return origin === undefined || (origin !== "" && allowed.includes(origin));
}

/** What a sender is told. */
interface Failure {
  code: ErrorCode;
  message: string;
  /** The connection that the sender addressed, where it addressed one. */
  to?: string;
}

async function forward(
  { connectionId: sender, body }: GatewayEvent & { kind: "message" },
  laptopId: string,
  post: Post,
): Promise<Failure | undefined> {
  if (body === undefined) {
    return { code: "bad-message", message: "Cannot forward the message: it is not text" };
  }
  try {
    const { to, data } = parseSendSignal(body);
    if (to === ME) return failureOf(await post(sender, JSON.stringify({ from: sender, data })), to);
    if (to === undefined) {
      if (laptopId === NOBODY || laptopId === "") return failureOf("gone");
      return failureOf(await post(laptopId, JSON.stringify({ from: sender, data })));
    }
    if (sender !== laptopId) {
      const message = 'Cannot forward the message: only the host may use "to". ' +
        "Leave it out to reach the host";
      return { code: "not-allowed", message, to };
    }
    return failureOf(await post(to, JSON.stringify({ data })), to);
  } catch (error) {
    const { code, message } = LighthouseError.from(error, "bad-message");
    return { code, message };
  }
}

/** @param to The connection that was addressed; undefined where it is the host. */
function failureOf(delivery: Delivery, to?: string): Failure | undefined {
  switch (delivery) {
    case "delivered":
      return undefined;
    case "gone":
      return to === undefined
        ? { code: "host-offline", message: "The host is not connected to this relay" }
        : { code: "peer-gone", message: "The connection that was addressed is closed", to };
    case "too-large": {
      const message = "Cannot forward the message: the gateway refused its size";
      return { code: "too-large", message, to };
    }
    case "failed": {
      const message = "Cannot forward the message: the gateway refused the post";
      return { code: "relay-failed", message, to };
    }
  }
}
