// Posts to a gateway's connections: `POST @connections/{id}`, signed by aws4fetch.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
import { AwsClient } from "aws4fetch";
import type { Delivery, Post } from "./relay.ts";

/** Credentials of the relay's role. */
export interface Credentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Options of {@linkcode connectionsOf}. */
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
export function connectionsOf({ endpoint, region, credentials }: ConnectionsOptions): Post {
  const aws = credentials &&
    new AwsClient({ ...credentials, region, service: "execute-api", retries: RETRIES });
  const send = aws ? aws.fetch.bind(aws) : fetch;

  return async function post(connectionId, text) {
    try {
      const response = await send(`${endpoint}/@connections/${encodeURIComponent(connectionId)}`, {
        method: "POST",
        body: text,
        signal: AbortSignal.timeout(DEADLINE_MS),
      });
      await response.body?.cancel();
      if (deliveryOf(response.status) === "failed") {
        console.error(`Cannot post to a connection: ${endpoint} answered ${response.status}`);
      }
      return deliveryOf(response.status);
    } catch (error) {
      console.error(`Cannot post to a connection: ${error}`);
      return "failed";
    }
  };
}

/** Maps a status: 410 is a closed or unknown connectionId, 400 a malformed one such as `init`. */
function deliveryOf(status: number): Delivery {
  if (status >= 200 && status < 300) return "delivered";
  if (status === 410 || status === 400) return "gone";
  return status === 413 ? "too-large" : "failed";
}
