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
      const { connectionId: sender, body } = event;
      try {
        await forward(sender, body, environment.laptopId, post);
      } catch (error) {
        const { code, message, to } = errorFor(error);
        // A sender that is gone needs no answer.
        await post(sender, JSON.stringify({ error: { code, message, to } }));
      }
      return { statusCode: 200 };
    }
  }
}

/** Programs send no Origin: this keeps out other sites' pages, and nothing else relies on it. */
function isAllowed(origin: string | undefined, allowed: readonly string[]): boolean {
  return origin === undefined || (origin !== "" && allowed.includes(origin));
}

async function forward(
  sender: string,
  body: string | undefined,
  laptopId: string,
  post: Post,
): Promise<void> {
  if (body === undefined) {
    throw new LighthouseError("bad-message", "Cannot forward the message: it is not text");
  }
  const { to, data } = parseSendSignal(body);
  if (to === ME) {
    check(await post(sender, JSON.stringify({ from: sender, data })), "peer-gone", sender);
    return;
  }
  if (to === undefined) {
    if (laptopId === NOBODY || laptopId === "") throw hostOffline();
    const delivery = await post(laptopId, JSON.stringify({ from: sender, data }));
    if (delivery === "gone") throw hostOffline();
    check(delivery, "host-offline", laptopId);
    return;
  }
  if (sender !== laptopId) {
    throw new LighthouseError(
      "not-allowed",
      'Cannot forward the message: only the host may use "to". Leave it out to reach the host',
    );
  }
  check(await post(to, JSON.stringify({ data })), "peer-gone", to);
}

/** An error to be told to the sender; `to` where it concerns a connection that it addressed. */
class DeliveryError extends LighthouseError {
  readonly to: string;

  constructor(code: ErrorCode, message: string, to: string) {
    super(code, message);
    this.to = to;
  }
}

function hostOffline(): LighthouseError {
  return new LighthouseError("host-offline", "The host is not connected to this relay");
}

function check(delivery: Delivery, gone: ErrorCode, to: string): void {
  switch (delivery) {
    case "delivered":
      return;
    case "gone":
      throw new DeliveryError(gone, "The connection that was addressed is closed", to);
    case "too-large":
      throw new LighthouseError(
        "too-large",
        "Cannot forward the message: the gateway refused its size",
      );
    case "failed":
      throw new LighthouseError(
        "relay-failed",
        "Cannot forward the message: the gateway refused the post",
      );
  }
}

function errorFor(error: unknown): { code: ErrorCode; message: string; to?: string } {
  const { code, message } = LighthouseError.from(error, "relay-failed");
  return { code, message, to: error instanceof DeliveryError ? error.to : undefined };
}
