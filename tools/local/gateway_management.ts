// The `@connections` API of the development gateway, with which a Lambda posts to a connection. Users do
// not deploy it.
//
// It does not verify signatures. Otherwise it follows
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-how-to-call-websocket-api-connections.html
import type { IncomingMessage, ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { type Connection, MAX_MESSAGE } from "./gateway_connection.ts";
import { gatewayMessage, isConnectionId, splitUrl } from "./gateway_events.ts";

const ERROR_TYPES: Record<number, string> = {
  400: "BadRequestException",
  403: "ForbiddenException",
  410: "GoneException",
  413: "PayloadTooLargeException",
  429: "LimitExceededException",
};

/** Options of {@linkcode answerManagementRequest}. */
export interface ManagementOptions {
  /** Optional first segment of the path. */
  stage: string;
  /** Finds the open connection with an id. */
  find: (connectionId: string) => Connection | undefined;
  /**
   * Sends a message to an open connection.
   *
   * @returns The status to answer.
   */
  post: (connection: Connection, body: string) => Promise<number>;
}

/**
 * Answers `POST`, `GET` and `DELETE` of `/@connections/{id}` or `/{stage}/@connections/{id}`.
 *
 * 200 (204 for `DELETE`), 400 for a malformed id, 410 for one that is not open, 413 for a message over
 * 128 KiB, 403 for any other path or method.
 */
export async function answerManagementRequest(
  request: IncomingMessage,
  response: ServerResponse,
  { stage, find, post }: ManagementOptions,
): Promise<void> {
  const id = connectionIdOf(request.url!, stage);
  if (id === undefined) return answer(response, 403, JSON.stringify({ message: "Forbidden" }));
  if (!isConnectionId(id)) {
    return answer(response, 400, gatewayMessage(`Invalid connectionId: ${id}`, id));
  }
  const connection = find(id);
  // AWS sends no body with 410: https://github.com/georgeboot/laravel-echo-api-gateway/issues/9
  if (!connection) return answer(response, 410);

  switch (request.method) {
    case "POST": {
      // Without Content-Length, the size is unknown before the whole body has arrived.
      const length = Number(request.headers["content-length"] ?? Infinity);
      if (length > MAX_MESSAGE) {
        return answer(response, 413, gatewayMessage("Message too long", id));
      }
      return answer(response, await post(connection, await text(request)));
    }
    case "GET":
      return answer(response, 200, describe(connection));
    case "DELETE":
      connection.close(1000, "Connection Closed Normally");
      return answer(response, 204);
    default:
      return answer(response, 403, JSON.stringify({ message: "Forbidden" }));
  }
}

/** Returns the decoded id in the path; undefined for other paths. */
function connectionIdOf(target: string, stage: string): string | undefined {
  const [path] = splitUrl(target);
  const segments = path.split("/").slice(1);
  if (segments[0] === stage) segments.shift();
  if (segments.length !== 2) return undefined;
  try {
    const [collection, id] = segments.map(decodeURIComponent);
    return collection === "@connections" ? id : undefined;
  } catch {
    return undefined;
  }
}

/** https://docs.aws.amazon.com/cli/latest/reference/apigatewaymanagementapi/get-connection.html */
function describe({ source, lastActiveAt }: Connection): string {
  return JSON.stringify({
    connectedAt: new Date(source.connectedAt).toISOString(),
    identity: source.identity,
    lastActiveAt: new Date(lastActiveAt).toISOString(),
  });
}

function answer(response: ServerResponse, status: number, body = ""): void {
  const errorType = ERROR_TYPES[status];
  if (errorType) response.setHeader("x-amzn-ErrorType", errorType);
  response.writeHead(status, { "content-type": "application/json" }).end(body);
}
