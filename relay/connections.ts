// Posts to a gateway's connections and closes them: `POST` and `DELETE @connections/{id}`.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
import type { Delivery, Post } from "./relay.ts";
import type { Credentials } from "./signature.ts";
import { signedFetch } from "./signed_fetch.ts";

/** Options of {@linkcode connectionsOf} and {@linkcode closingOf}. */
export interface ConnectionsOptions {
  /** URL of the stage's management API, such as `https://abc123.execute-api.us-east-1.amazonaws.com/prod`. */
  endpoint: string;
  /** The gateway's AWS region. */
  region: string;
  /** Undefined sends unsigned posts, for an emulator; API Gateway answers them with 403. */
  credentials?: Credentials;
}

/** Limit for one post with its retries, in milliseconds: a Lambda has three seconds by default. */
const DEADLINE_MS = 2500;

/** Most retries of a post after a throttle or a server error. */
const RETRIES = 2;

/** Returns the function that posts to the connections of one gateway. */
export function connectionsOf(options: ConnectionsOptions): Post {
  return async function post(connectionId, text) {
    const status = await send(connectionId, options, { method: "POST", body: text });
    return deliveryOf(status);
  };
}

/** Returns the function that closes connections of one gateway. Never rejects. */
export function closingOf(options: ConnectionsOptions): (connectionId: string) => Promise<void> {
  return async function close(connectionId) {
    await send(connectionId, options, { method: "DELETE" });
  };
}

/** @returns The status; 0 without an answer. */
async function send(
  connectionId: string,
  { endpoint, region, credentials }: ConnectionsOptions,
  request: { method: "POST" | "DELETE"; body?: string },
): Promise<number> {
  let outcome: unknown;
  try {
    const url = `${endpoint}/@connections/${encodeURIComponent(connectionId)}`;
    const { status, body } = await signedFetch(url, {
      ...request,
      service: "execute-api",
      region,
      credentials,
      retries: RETRIES,
      deadline: DEADLINE_MS,
    });
    await body?.cancel();
    if (deliveryOf(status) !== "failed") return status;
    outcome = status;
  } catch (error) {
    outcome = error;
  }
  console.error(`Cannot ${request.method} a connection: ${outcome}`);
  return 0;
}

/** Maps a status: 410 is a closed or unknown connectionId, 400 a malformed one such as `init`. */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return "delivered";
  if (status === 410 || status === 400) return "gone";
  return status === 413 ? "too-large" : "failed";
}
