// Reads the events that API Gateway's WebSocket APIs hand to Lambda.
// https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
import { asRecord, asString } from "../wire/parse.ts";

/** What happened at the gateway, as far as the relay cares. */
export type GatewayEvent =
  | {
    kind: "connect";
    /** The handshake's Origin; undefined where there is none, as with programs. */
    origin?: string;
  }
  | { kind: "disconnect" }
  | {
    kind: "message";
    /** The sender. */
    connectionId: string;
    /** The message's text; undefined where it was binary. */
    body?: string;
  };

/** Where a connection's gateway takes posts. */
export interface GatewayAddress {
  domainName: string;
  stage: string;
}

/**
 * Reads an event.
 *
 * @throws {TypeError} with the path of what was wrong: then it is none of API Gateway's.
 */
export function parseEvent(value: unknown): GatewayEvent {
  const event = asRecord(value, "event");
  const context = asRecord(event.requestContext, "event.requestContext");
  switch (asString(context.routeKey, "event.requestContext.routeKey", 128)) {
    case "$connect":
      return { kind: "connect", origin: headerOf(event.headers, "origin") };
    case "$disconnect":
      return { kind: "disconnect" };
    default: {
      const isText = typeof event.body === "string" && event.isBase64Encoded !== true;
      return {
        kind: "message",
        connectionId: asString(context.connectionId, "event.requestContext.connectionId", 128),
        body: isText ? event.body as string : undefined,
      };
    }
  }
}

/**
 * Reads the address that posts for this event's connections go to.
 *
 * @throws {TypeError} with the path of what was wrong.
 */
export function parseAddress(value: unknown): GatewayAddress {
  const context = asRecord(asRecord(value, "event").requestContext, "event.requestContext");
  return {
    domainName: asString(context.domainName, "event.requestContext.domainName", 255),
    stage: asString(context.stage, "event.requestContext.stage", 128),
  };
}

/** Header names keep the client's case, and HTTP/2 clients send lower case. */
function headerOf(headers: unknown, name: string): string | undefined {
  if (typeof headers !== "object" || headers === null) return undefined;
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === name && typeof value === "string") return value;
  }
}
